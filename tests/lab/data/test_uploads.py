"""Uploads as they come: pictures, what is none, and what would do harm."""

import io
import struct
import zlib

import pytest
from PIL import Image

import transferlab as tl
from tests.folder_files import picture
from tests.lab.data.test_archives import zipped
from tests.sound.sound_files import sine, wav
from transferlab.data.listing import Skipped
from transferlab.lab.data import archives, uploads
from transferlab.lab.data.archives import Allowance
from transferlab.lab.data.uploads import Collection, UploadReport


def png(seed, kind="PNG"):
    buffer = io.BytesIO()
    picture(seed).save(buffer, kind)
    return buffer.getvalue()


def huge_png():
    """A PNG that says it is 30,000 × 30,000, in a few bytes."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.fixture
def mine(tmp_path):
    return Collection("mine", tmp_path / "data")


def on_disk(collection):
    return sorted(path.relative_to(collection.path).as_posix() for path in collection.path.rglob("*") if path.is_file())


def test_pictures_lie_in_the_folder_of_their_class(mine):
    report = mine.add([("1.png", png(1)), ("2.png", png(2))], "ants")
    mine.add([("bees/3.png", png(3)), ("holiday/bees/4.png", png(4))], "ants")
    assert on_disk(mine) == ["ants/1.png", "ants/2.png", "bees/3.png", "bees/4.png"]
    assert (mine.path / "ants/1.png").read_bytes() == png(1)
    assert report == UploadReport({"ants": 2})
    assert str(report) == "2 pictures added to 'ants'."
    assert mine.counts() == {"ants": 2, "bees": 2}


def test_the_folders_reader_reads_them(mine):
    for name in ("ants", "bees"):
        mine.add([(f"{i}.png", png(i + 10 * (name == "bees"))) for i in range(5)], name)
    data = tl.folder_splits(mine.path, 8)
    assert data.train.counts() == {"ants": 4, "bees": 4}
    assert data.notes == ()


def test_a_zip_counts_as_the_files_in_it(mine):
    archive = zipped([("set/ants/1.png", png(1)), ("set/bees/2.png", png(2)), ("set/notes.txt", b"hello")])
    report = mine.add([("set.zip", archive)], "beetles")
    assert on_disk(mine) == ["ants/1.png", "bees/2.png"]  # its folders say what they are
    assert [one.file for one in report.left_out] == ["set/notes.txt"]
    mine.add([("loose.zip", zipped([("5.png", png(5)), ("6.png", png(6))]))], "beetles")
    mine.add([("one.zip", zipped([("photos/7.png", png(7)), ("photos/8.png", png(8))]))], "beetles")
    assert mine.counts() == {"ants": 1, "bees": 1, "beetles": 4}
    mine.add([("own.zip", zipped([("wasps/9.png", png(9))]))])
    assert mine.counts()["wasps"] == 1


def test_a_zip_is_one_whatever_it_is_called(mine):
    mine.add([("photo.jpg", zipped([("ants/1.png", png(1))]))])
    assert on_disk(mine) == ["ants/1.png"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"hello", "not a picture"),
        (b"", "empty file"),
        (b"<!doctype html><p>", "a web page"),
        (huge_png(), "at most"),
        (png(1)[:60], "cut short"),
        (png(1, "JPEG")[:200], "cut short"),
        (b"%PDF-1.4", "a PDF"),
        (png(1).replace(b"IDAT", b"IDOT"), "damaged"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_picture_is_left_out_with_its_reason_and_the_rest_is_kept(mine, content, words):
    report = mine.add([("a.png", png(10)), ("bad.png", content), ("z.png", png(11))], "ants")
    assert on_disk(mine) == ["ants/a.png", "ants/z.png"]
    (left_out,) = report.left_out
    assert left_out.file == "bad.png"
    assert words in left_out.reason
    assert str(report) == f"2 pictures added to 'ants'; left out: bad.png, {left_out.reason}."


def test_an_immense_picture_is_refused_before_it_is_unpacked(mine, monkeypatch):
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("it was unpacked"))
    report = mine.add([("huge.png", huge_png())], "ants")
    assert "pixels" in report.left_out[0].reason
    assert not mine.path.exists()


def test_copies_are_found_here_and_among_what_is_there(mine):
    mine.add([("1.png", png(1)), ("again.png", png(1)), ("2.png", png(2))], "ants")
    later = Collection("mine", mine.path.parent)
    report = later.add([("x.png", png(2)), ("3.png", png(3))], "bees")
    assert on_disk(mine) == ["ants/1.png", "ants/2.png", "bees/3.png"]
    assert report.left_out == [Skipped("x.png", "a copy of ants/2.png")]


def test_names_that_come_twice_get_a_number(mine):
    mine.add([("image.jpg", png(1, "JPEG")), ("image.jpg", png(2, "JPEG")), ("image.jpg", png(3, "JPEG"))], "ants")
    assert on_disk(mine) == ["ants/image-2.jpg", "ants/image-3.jpg", "ants/image.jpg"]


def test_a_picture_under_another_name_gets_an_extension_that_is_read(mine):
    mine.add([("photo", png(1)), ("blob.bin", png(2, "JPEG")), ("x.PNG", png(3)), ("y", png(4, "PPM"))], "ants")
    assert on_disk(mine) == ["ants/blob.bin.jpg", "ants/photo.png", "ants/x.PNG", "ants/y.ppm"]


@pytest.mark.parametrize("name", ["../../evil.png", "/tmp/evil.png", "ants/../../../evil.png", "C:\\x\\evil.png"])
def test_no_name_leads_out_of_the_folder(mine, tmp_path, name):
    mine.add([(name, png(1))], "../../ants")
    everything = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(everything) <= 1
    assert all(mine.path in path.parents and path.parent.parent == mine.path for path in everything)


def test_without_a_class_a_loose_picture_is_left_out(mine):
    report = mine.add([("1.png", png(1))])
    assert "type the class" in report.left_out[0].reason
    assert str(report).startswith("No picture added; left out: 1.png")


def test_hidden_files_are_passed_over(mine):
    assert mine.add([("ants/.DS_Store", b"x"), ("ants/._1.jpg", b"x")]) == UploadReport()


def test_a_bomb_leaves_what_came_before_it(mine):
    archive = zipped([("ants/1.png", png(1)), ("ants/2.png", b"\0" * 400_000), ("ants/3.png", png(3))])
    report = mine.add([("b.zip", archive)], allowance=Allowance(bytes=200_000))
    assert on_disk(mine) == ["ants/1.png"]
    assert "zip bomb" in report.left_out[0].reason


def test_no_more_files_than_may_be_are_taken(mine):
    allowance = Allowance(files=3)
    report = mine.add([(f"{i}.png", png(i)) for i in range(5)], "ants", allowance)
    assert report.added == {"ants": 3}
    assert [one.reason for one in report.left_out] == [
        "more files than are taken at once; upload the rest by itself"
    ] * 2


def test_a_file_that_is_too_large_is_refused(mine, monkeypatch):
    monkeypatch.setattr(uploads, "MOST_FILE_BYTES", 100)
    report = mine.add([("1.png", png(1))], "ants")
    assert "at most" in report.left_out[0].reason
    assert archives.MOST_FILE_BYTES > 1_000_000


def test_ten_thousand_refusals_do_not_fill_the_memory():
    report = UploadReport()
    for i in range(10_000):
        report.refuse(f"{i}.txt", "not a picture")
    joined = UploadReport()
    joined.join(report)
    joined.join(report)
    assert joined.num_left_out == 20_000
    assert len(joined.left_out) == uploads.MOST_TOLD
    assert str(joined) == "No picture added; 20,000 files left out."


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "data").write_text("a file stands here")
    with pytest.raises(OSError, match="Could not write"):
        Collection("mine", tmp_path / "data").add([("1.png", png(1))], "ants")


def test_a_name_that_no_folder_can_have_is_refused(tmp_path):
    with pytest.raises(ValueError, match="cannot be the name"):
        Collection("..", tmp_path)


def bell(tmp_path, hertz=440, name="bell"):
    return wav(tmp_path / f"{name}.wav", 0.5 * sine(0.2, hertz)).read_bytes()


def test_sounds_are_kept_as_a_collection_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    collection = Collection("bells")
    one, other = bell(tmp_path), bell(tmp_path, 880)
    report = collection.add([("church/1.wav", one), ("bicycle/2", other), ("church/copy.wav", one)])
    assert str(report) == "2 sounds added to 'church', 'bicycle'; left out: church/copy.wav, a copy of church/1.wav."
    assert (collection.holds, collection.counts()) == ("sound", {"bicycle": 1, "church": 1})
    assert (collection.path / "bicycle" / "2.wav").read_bytes() == other
    mixed = collection.add([("church/photo.png", png(1))])
    assert mixed.left_out[0].reason == "a picture, and 'bells' holds sounds: keep pictures under another name"
    assert Collection("mine").holds == ""


def test_a_broken_sound_is_refused_with_its_reason(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report = Collection("bells").add([("church/1.wav", bell(tmp_path)[:30]), ("church/2.wav", b"RIFF....WAVEfmt ")])
    assert report.num_left_out == 2
    assert not (tmp_path / "transferlab-data").exists()
