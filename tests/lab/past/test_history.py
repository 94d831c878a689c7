from pathlib import Path

from transferlab.lab.past import history as module
from transferlab.lab.past.history import KEPT_WHOLE


def files_of(run):
    return [snapshot.kept for snapshot in run.snapshots if isinstance(snapshot.kept, Path)]


def test_of_older_runs_the_last_state_stays(make_session):
    session = make_session(epochs=1)
    session.previews.watch("view", lambda model: __import__("transferlab.lab.previews").lab.previews.Frame())
    for seed in range(KEPT_WHOLE + 1):
        session.choose(seed=seed)
        session.start(blocking=True)
    older, *newer = session.runs
    assert [one.number for one in session.runs] == [1, 2, 3]
    assert len(older.snapshots) == 1
    assert older.snapshots[0].epoch == 1
    assert older.frames == {}
    for one in newer:
        assert [snapshot.epoch for snapshot in one.snapshots] == [0, 1]
        assert set(one.frames) == {"view"}
    assert all(isinstance(snapshot.kept, dict) for one in newer for snapshot in one.snapshots)
    (file,) = files_of(older)
    assert file.is_file()
    last = older.snapshots[0].tensors
    assert last["fc.weight"].shape == (2, 64)


def test_states_of_large_models_are_files_at_once(make_session, monkeypatch):
    monkeypatch.setattr(module, "SMALL", 0)
    session = make_session(epochs=1)
    session.start(blocking=True)
    assert len(files_of(session.runs[0])) == 2


def test_a_run_that_is_forgotten_leaves_nothing(make_session, monkeypatch):
    monkeypatch.setattr(module, "SMALL", 0)
    session = make_session(epochs=1)
    session.start(blocking=True)
    files = files_of(session.runs[0])
    assert len(files) == 2
    assert all(file.is_file() for file in files)
    session.history.forget(1)
    assert session.runs == ()
    assert not any(file.exists() for file in files)
    assert session.history.next_number == 1


def test_closing_the_lab_deletes_its_folder(make_session, monkeypatch):
    monkeypatch.setattr(module, "SMALL", 0)
    session = make_session(epochs=1)
    session.start(blocking=True)
    folder = files_of(session.runs[0])[0].parent.parent
    session.close()
    assert not folder.exists()
