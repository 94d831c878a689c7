"""The code that the lab shows is run, and gives the lab's own run."""

import pytest

from tests.lab.conftest import until
from transferlab.lab.data.data_choice import WorldData
from transferlab.lab.session import Session
from transferlab.lab.settings import MINE


@pytest.fixture
def session():
    session = Session("bundled", "objects", recipe=MINE, epochs=2, measurements_per_epoch=2)
    session.choose(data=WorldData("objects", per_class=5))
    yield session
    session.close()


def run_of(code):
    names = {}
    exec(compile(code, "transfer.py", "exec"), names)
    return names["run"]


@pytest.mark.parametrize(
    "settings",
    [
        {"recipe": "feature_extraction", "length": 0.1},
        {"recipe": "lp_ft", "length": 0.1, "seed": 3},
        {"recipe": "from_scratch", "length": 0.05, "seed": 2},
        {"line": "layer4", "stage_lrs": {"layer4": 2e-4, "fc": 2e-3}, "schedule": "constant", "bn": "train"},
        {"line": "layer3", "keep": "EWC", "epochs": 1},
    ],
    ids=lambda settings: settings.get("recipe", settings.get("line")),
)
def test_the_code_gives_the_same_curve(session, settings, capsys):
    session.choose(**settings)
    session.start(blocking=True)
    assert session.state == "finished", session.failure
    assert run_of(session.code()) == session.runs[-1].run


def test_what_was_done_by_hand_is_done_again_after_the_same_step(session, capsys):
    session.choose(epochs=6)
    session.step()
    until(lambda: session.state == "paused")
    session.set_lr("fc", 5e-4)
    session.freeze_to("layer4")
    session.step()
    until(lambda: session.state == "paused" and session.log.steps == 2)
    session.set_lr("layer4", 2e-5)
    session.resume()
    assert session.wait(60)
    run = session.runs[-1].run
    assert [command.step for command in run.commands] == [1, 1, 2]
    assert run_of(session.code()) == run


def test_other_settings_show_other_code(session):
    session.start(blocking=True)
    session.choose(seed=5)
    assert "seed=5" in session.code()
    assert "by_hand" not in session.code()
