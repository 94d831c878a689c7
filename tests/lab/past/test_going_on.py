from dataclasses import replace

import pytest
import torch

from tests.lab.conftest import small_network
from transferlab.lab.log import Mark
from transferlab.lab.past.going_on import add_recording, go_on, last_line_and_rates
from transferlab.lab.past.recording import save_recording
from transferlab.records import Command


@pytest.fixture
def session(make_session):
    session = make_session(line="layer4", stage_lrs={"fc": 2e-3, "layer4": 1e-4})
    session.start(blocking=True)
    return session


def test_the_new_run_begins_where_the_old_one_ended(session):
    (old,) = session.runs
    go_on(session, old, epochs=1)
    assert session.wait(60)
    new = session.runs[-1]
    assert new.run.epochs[0].held_out_accuracy == old.run.accuracy
    assert new.run.epochs[0].held_out_loss == pytest.approx(old.run.epochs[-1].held_out_loss, rel=1e-5)
    for name, value in new.snapshots[0].tensors.items():
        assert torch.equal(value, old.snapshots[-1].tensors[name]), name
    assert (new.settings.recipe, new.settings.line, new.settings.epochs) == ("mine", "layer4", 1)
    assert new.settings.stage_lrs == {"layer4": 1e-4, "fc": 2e-3}
    assert new.log.marks[0].kind == "live"


def test_the_run_after_it_begins_anew(session):
    go_on(session, session.runs[0], epochs=1)
    session.wait(60)
    session.start(blocking=True)
    assert session.begin_from is None
    start = session.workshop.pretrained(session.settings).state_dict()
    again = session.runs[-1].snapshots[0].tensors
    assert all(torch.equal(again[name], value) for name, value in start.items() if not name.startswith("fc."))


def test_a_recording_of_a_network_of_ones_own_goes_on_where_that_network_is(session, make_session, tmp_path):
    finished = session.runs[0]
    path = save_recording(finished, tmp_path / "run.transferlab", small_network())
    other = make_session(line="fc")  # the same network, loaded again
    added = add_recording(other, path)
    assert (added.number, added.source) == (1, path)
    go_on(other, added, epochs=1)
    assert other.wait(60)
    rounded = finished.snapshots[-1].tensors["fc.weight"].half().float()
    assert torch.equal(other.runs[-1].snapshots[0].tensors["fc.weight"], rounded)
    assert other.settings.line == "layer4"


def test_without_its_network_it_can_only_be_watched(session, make_session, two_colours, tmp_path):
    path = save_recording(session.runs[0], tmp_path / "run.transferlab", small_network())
    elsewhere = make_session("bundled")
    added = add_recording(elsewhere, path)
    with pytest.raises(ValueError, match="a network of one's own: SmallResNet"):
        go_on(elsewhere, added)
    changed = small_network()
    with torch.no_grad():
        changed.conv1.weight.add_(0.1)
    other = make_session(changed)
    with pytest.raises(ValueError, match="other weights"):
        go_on(other, add_recording(other, path))
    assert other.begin_from is None
    assert other.state == "ready"


def test_other_images_are_refused_by_their_classes(session, make_session, tmp_path):
    path = save_recording(session.runs[0], tmp_path / "run.transferlab", small_network())
    other = make_session(data="objects")
    with pytest.raises(ValueError, match=r"not in the recording.* It learned red, blue; the images chosen now are of"):
        go_on(other, add_recording(other, path))


def test_while_a_run_is_on_nothing_goes_on(session, slow_steps):
    old = session.runs[0]
    session.choose(epochs=50)
    session.start()
    with pytest.raises(ValueError, match="A run is on"):
        go_on(session, old)
    session.end()


def test_a_run_whose_state_is_gone(session):
    with pytest.raises(ValueError, match="no state of the model was kept"):
        go_on(session, replace(session.runs[0], snapshots=()))


def test_what_was_done_by_hand_in_the_last_phase_counts(session):
    one = session.runs[0]
    commands = (Command(1, "set_lr", "fc", 5e-3), Command(6, "freeze_to", "fc"), Command(7, "set_lr", "fc", 1e-2))
    changed = replace(one, run=replace(one.run, commands=commands))
    assert last_line_and_rates(changed) == ("fc", {"fc": 1e-2})
    one.log.marks.append(Mark(2.0, "phase", "mine"))  # as if the last phase had begun after 8 steps
    assert last_line_and_rates(changed) == ("layer4", {"layer4": 1e-4, "fc": 2e-3})
