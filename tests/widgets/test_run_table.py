import pytest

from tests.lab.conftest import until
from transferlab.lab.past.prediction import Prediction, predictions_of
from transferlab.lab.past.run_files import PART
from transferlab.widgets.run_table import MOST_COMPARED, RunTable


@pytest.fixture
def session(make_session, monkeypatch):
    monkeypatch.setattr("transferlab.lab.past.history.SMALL", 0)  # states in files, as of a large model
    session = make_session(epochs=1)
    for seed in (0, 1):
        session.choose(seed=seed)
        session.start(blocking=True)
    return session


@pytest.fixture
def table(session, page, tmp_path):
    table = page(RunTable(session, tmp_path / "runs"))
    table.hello()
    return table


def numbers(table):
    return [row["number"] for row in table.state["rows"]]


def test_every_run_is_a_row(table, session):
    assert numbers(table) == [1, 2]
    assert [row["seed"] for row in table.state["rows"]] == [0, 1]
    assert [row["held_out"] for row in table.state["rows"]] == [one.run.accuracy for one in session.runs]
    session.start(blocking=True)
    assert numbers(table) == [1, 2, 3]  # unasked


def test_picked_runs_are_compared(table, session):
    table.press("compare", numbers=[1, 2])
    assert [one.number for one in session.compared] == [1, 2]
    assert [row["compared"] for row in table.state["rows"]] == [True, True]
    table.press("compare", numbers=list(range(MOST_COMPARED + 1)))
    assert "At most 5 curves" in table.sentences[-1]
    assert [row["compared"] for row in table.state["rows"]] == [True, True]
    table.press("compare", numbers=[])
    assert session.compared == ()


def test_one_is_shown_in_the_panels_again(table, session):
    table.press("show", number=1)
    assert session.shown is session.runs[0]
    assert [row["shown"] for row in table.state["rows"]] == [True, False]
    table.press("show", number=None)
    assert session.shown is None


def test_a_note_stays_with_its_run(table, session):
    table.press("note", number=1, text="the reference")
    session.start(blocking=True)
    session.start(blocking=True)  # run 1 was thinned meanwhile
    assert [row["note"] for row in table.state["rows"]] == ["the reference", "", "", ""]


def test_deleting_can_be_undone_until_the_next(table, session):
    table.press("compare", numbers=[1, 2])
    table.press("show", number=1)
    files = [one.kept for one in session.runs[0].snapshots]
    table.press("delete", number=1)
    assert (numbers(table), table.state["deleted"]) == ([2], 1)
    assert [one.number for one in session.compared] == [2]
    assert session.shown is None
    assert all(file.exists() for file in files)
    table.press("undo")
    assert (numbers(table), table.state["deleted"]) == ([1, 2], None)
    table.press("delete", number=1)
    table.press("delete", number=2)
    assert numbers(table) == []
    assert [one.number for one in session.runs] == [2]
    assert not any(file.exists() for file in files)
    table.press("undo")
    assert numbers(table) == [2]


def test_what_is_not_there_is_said(table):
    for name in ("show", "note", "delete", "replay", "save"):
        table.press(name, number=9)
        assert table.sentences[-1] == "There is no run 9. The runs are: 1, 2."
    table.press("compare", numbers=[1, 9])
    assert "There is no run 9" in table.sentences[-1]
    table.press("more", name="../../secret", part=0)
    assert "no file '../../secret' to download" in table.sentences[-1]
    assert table.panel.failures == []


def test_files_go_to_the_folder(table, tmp_path):
    table.press("save", number=1, what="record", where="folder")
    assert [one.name for one in (tmp_path / "runs").iterdir()] == ["run-1.json"]
    assert "run-1.json" in table.sentences[-1]
    table.press("save", number=1, what="everything", where="folder")
    assert "No kind of file 'everything'" in table.sentences[-1]


def download(table, name):
    """What a page would get."""
    (content, _) = table.messages("file")[-1]
    assert content["name"] == name
    parts = []
    for part in range(content["parts"]):
        table.press("more", name=name, part=part)
        parts.append(table.messages("part")[-1][1][0])
    return b"".join(parts)


def test_a_recording_goes_through_the_page_and_back(table, session, tmp_path, monkeypatch):
    monkeypatch.setattr("transferlab.widgets.run_table.PART", 1000)  # several parts
    table.press("note", number=2, text="to take along")
    predictions_of(session).keep(session.runs[1], Prediction(0.25))
    table.press("save", number=2, what="recording", where="page")
    content = download(table, "run-2.transferlab")
    assert len(content) > 1000
    assert not (tmp_path / "runs").exists()
    table.press("more", name="run-2.transferlab", part=0)
    assert "to download any more" in table.sentences[-1]  # it is gone once it was fetched

    table.press("upload", buffers=[memoryview(content)], name="run-2.transferlab", part=0, parts=1)
    added = session.runs[-1]
    assert added.run == session.runs[1].run
    assert table.messages("added")[-1][0] == {"number": 3}
    row = table.state["rows"][-1]
    assert (row["note"], row["guess"], row["recorded"]) == ("to take along", 0.25, "run-2.transferlab")
    assert table.panel.failures == []


def test_parts_come_in_order_or_not_at_all(table, session):
    table.press("upload", buffers=[bytes(PART)], name="a.transferlab", part=0, parts=3)
    assert table.messages("got")[-1][0] == {"part": 1}
    table.press("upload", buffers=[b"x"], name="a.transferlab", part=2, parts=3)
    assert "a part is missing" in table.sentences[-1]
    table.press("upload", buffers=[b"x"], name="a.transferlab", part=1, parts=3)  # that upload is over
    assert "a part is missing" in table.sentences[-1]
    table.press("upload", buffers=[b"no recording"], name="a.transferlab", part=0, parts=1)
    assert "is no recording" in table.sentences[-1]
    assert len(session.runs) == 2


def test_a_path_is_opened_or_said_to_be_none(table, session, tmp_path):
    table.press("save", number=1, what="recording", where="folder")
    table.press("open", path=str(tmp_path / "runs" / "run-1.transferlab"))
    assert numbers(table) == [1, 2, 3]
    table.press("open", path="")
    assert "Type where the recording lies" in table.sentences[-1]
    table.press("open", path="nowhere.transferlab")
    assert "does not exist" in table.sentences[-1]


def test_while_a_run_is_on_models_are_written_between_two_batches(table, session, slow_steps):
    session.choose(epochs=50)
    session.start()
    until(lambda: session.state == "running")
    steps = session.log.steps
    table.press("save", number=1, what="safetensors", where="folder")
    until(lambda: table.sentences)
    assert "the same predictions" in table.sentences[-1]
    until(lambda: session.log.steps > steps + 2)  # it goes on
    session.end()


def test_replay_and_deleting_what_is_played(table, session):
    table.press("replay", number=1)
    assert session.state == "replaying"
    table.press("delete", number=1)
    assert "is being played" in table.sentences[-1]
    session.stop()
    assert numbers(table) == [1, 2]


def test_the_runs_in_words(table, session, make_session, page):
    words = table.panel.in_words()
    assert words.count("\n") == 2
    assert f"held-out {session.runs[0].run.accuracy:.1%}" in words
    assert page(RunTable(make_session())).panel.in_words() == "Runs:\nnone yet"


def test_closing_leaves_no_file(session, tmp_path):
    table = RunTable(session, tmp_path)
    passing = table._passing
    assert passing.is_dir()
    table.close()
    assert not passing.exists()
    assert not any("RunTable" in repr(one) for one in session._listeners)
