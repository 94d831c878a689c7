import pytest

from tests.lab.conftest import until
from transferlab.widgets import lab as module
from transferlab.widgets.lab import Lab


@pytest.fixture
def make_lab(two_colours, tmp_path, monkeypatch):
    from tests.lab.conftest import small_network

    monkeypatch.chdir(tmp_path)
    made = []

    def make(**settings):
        made.append(Lab(small_network(), two_colours, **{"recipe": "mine", "epochs": 2, "batch_size": 8, **settings}))
        return made[-1]

    yield make
    for lab in made:
        lab.close()


def test_every_panel_is_there_and_says_what_it_shows(make_lab):
    lab = make_lab()
    titles = [panel.title for panel in lab.panels]
    assert len(set(titles)) == len(titles) >= 13  # each can be found by its name
    for panel in lab.panels:
        assert panel.state() is not None
        assert panel.in_words()


def test_start_works_at_once(make_lab):
    lab = make_lab()
    lab.live_run.do_start({}, [])
    assert lab.session.wait(60)
    assert lab.session.state == "finished"
    assert f"{lab.session.runs[0].run.accuracy:.1%}" in lab._repr_mimebundle_()["text/plain"]
    assert lab.session.listener_failures == []


def test_a_stage_that_is_clicked_on_is_looked_into(make_lab):
    lab = make_lab()
    lab.freeze_map.do_stage({"stage": "layer2"}, [])
    assert lab.tabs.shown == "Filters"
    assert lab.filters.chosen["stage"] == "layer2"
    lab.freeze_map.do_stage({"stage": "conv1"}, [])
    assert lab.filters.chosen["stage"] is None  # the filters themselves


def test_the_same_cell_run_again_takes_the_old_lab_away(make_lab, monkeypatch, slow_steps):
    monkeypatch.setattr(module, "_cell", lambda: "cell 1")
    first = make_lab(epochs=100)
    first.session.start()
    until(lambda: first.session.state == "running")
    second = make_lab()
    assert first.session.state == "stopped"
    assert first.live_run.comm is None  # the widget is closed
    assert second.session.state == "ready"


def test_another_cell_s_lab_ends_its_run_and_stays(make_lab, monkeypatch, slow_steps):
    monkeypatch.setattr(module, "_cell", lambda: "cell 1")
    first = make_lab(epochs=100)
    first.session.start()
    until(lambda: first.session.state == "running")
    monkeypatch.setattr(module, "_cell", lambda: "cell 2")
    make_lab()
    assert first.session.state == "stopped"
    first.session.start()
    assert first.session.is_training


def test_closing_the_lab_leaves_nothing(make_lab):
    import threading

    lab = make_lab()
    lab.session.start()
    lab.close()
    assert lab.session.state == "stopped" or lab.session.state == "finished"
    assert not [one for one in threading.enumerate() if one.name.startswith("transferlab")]


def test_a_lab_of_what_is_not_there_is_a_sentence():
    with pytest.raises(ValueError, match="Did you mean 'objects'"):
        Lab(data="objets")
    with pytest.raises(ValueError, match="Did you mean 'epochs'"):
        Lab(epoch=3)
