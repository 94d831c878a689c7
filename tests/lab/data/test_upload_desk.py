import pytest

from tests.lab.data.test_uploads import png
from transferlab.lab.data import archives
from transferlab.lab.data.upload_desk import UploadDesk


def test_an_upload_from_the_first_piece_to_the_count(tmp_path):
    desk = UploadDesk("mine", tmp_path)
    content = png(1)
    assert desk.incoming.take("1.png", len(content), 0, content[:50]) is None
    whole = desk.incoming.take("1.png", len(content), 50, content[50:])
    desk.keep("1.png", whole, "ants")
    desk.keep("2.txt", b"hello", "ants")
    assert desk.counts == {}
    desk.finish()
    assert desk.counts == {"ants": 1}
    assert desk.report.added == {"ants": 1}
    assert desk.report.num_left_out == 1
    desk.begin()
    assert desk.report.num_left_out == 0


def test_another_collection_has_its_own_pictures(tmp_path):
    desk = UploadDesk("mine", tmp_path)
    desk.keep("1.png", png(1), "ants")
    desk.open("other")
    assert desk.counts == {}
    desk.open("mine")
    assert desk.counts == {"ants": 1}
    with pytest.raises(ValueError, match="cannot be the name"):
        desk.open("")
    assert desk.collection.name == "mine"


def test_what_may_be_unpacked_counts_for_the_whole_upload(tmp_path, monkeypatch):
    monkeypatch.setattr(archives.Allowance, "__init__", lambda self: self.__dict__.update(files=3, bytes=10**6))
    desk = UploadDesk("mine", tmp_path)
    for i in range(5):
        desk.keep(f"{i}.png", png(i), "ants")
    assert desk.report.added == {"ants": 3}
    assert desk.report.num_left_out == 2
    desk.begin()
    desk.keep("9.png", png(9), "ants")
    assert desk.report.added == {"ants": 1}
