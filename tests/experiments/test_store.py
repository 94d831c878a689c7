import json

import pytest

from tests.experiments import tiny
from transferlab.experiments.results import Row
from transferlab.experiments.store import RowStore

ROW = Row(
    "frozen", "feature_extraction", "bundled", "objects", 5, 0, 0.75, 40, 200, 8, measured={"gap": 0.1, "no": None}
)


def test_a_row_comes_back_as_it_was_with_its_run(tmp_path):
    trained = tiny.table(tiny.ALL, seeds=range(1), budgets=2).rows[0]
    assert trained.run is not None
    store = RowStore(tmp_path / "made" / "here")
    for name, row in (("first", ROW), ("second", trained)):
        store.put(name, row)
        found = store.get(name)
        assert found == row
        assert found.run == row.run
        assert found.seconds == row.seconds
    assert store.get("third") is None


def test_a_row_that_failed_is_not_kept(tmp_path):
    store = RowStore(tmp_path)
    store.put("name", Row("frozen", "feature_extraction", "bundled", "objects", 5, 0, error="no memory"))
    assert store.get("name") is None
    assert not list(tmp_path.iterdir())


WHOLE = json.dumps(ROW.to_dict())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        WHOLE[: len(WHOLE) // 2].encode(),
        b"\xff\xfe\x00",
        b"null",
        b"[]",
        b"3",
        b'{"run": null}',
        b'{"another": "table"}',
        json.dumps({**ROW.to_dict(), "colour": "red"}).encode(),
        json.dumps({**ROW.to_dict(), "run": {"kind": "Table"}}).encode(),
        json.dumps({**ROW.to_dict(), "run": 5}).encode(),
    ],
)
def test_a_damaged_or_foreign_file_is_no_row(tmp_path, content):
    (tmp_path / "name.json").write_bytes(content)
    store = RowStore(tmp_path)
    assert store.get("name") is None
    store.put("name", ROW)
    assert store.get("name") == ROW


def test_a_folder_in_the_place_of_a_row_is_no_row(tmp_path):
    (tmp_path / "name.json").mkdir()
    assert RowStore(tmp_path).get("name") is None


def test_what_cannot_be_written_is_said_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError, match=r"Could not write .*name\.json"):
        RowStore(tmp_path / "file").put("name", ROW)


def test_without_a_folder_it_is_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.setattr("transferlab.experiments.store.cache_folder", lambda: tmp_path)
    RowStore().put("name", ROW)
    assert (tmp_path / "experiments" / "name.json").is_file()
