"""Zips as strangers make them."""

import io
import stat
import struct
import warnings
import zipfile

import pytest

from transferlab.lab.data import archives
from transferlab.lab.data.archives import Allowance, file_names, is_zip, unpacked


def zipped(files, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that come twice
        for name, content in files:
            archive.writestr(name, content)
    return buffer.getvalue()


def taken(archive, allowance=None):
    refused = []
    found = list(unpacked(archive, allowance or Allowance(), lambda name, reason: refused.append((name, reason))))
    return found, dict(refused)


def with_mode(name, mode, content=b"x"):
    entry = zipfile.ZipInfo(name)
    entry.external_attr = mode << 16
    return entry, content


def test_what_is_good_is_given():
    archive = zipped([("ants/1.jpg", b"one"), ("ants/", b""), ("2.jpg", b""), ("ants/1.jpg", b"again")])
    assert taken(archive) == ([("ants/1.jpg", b"one"), ("2.jpg", b""), ("ants/1.jpg", b"again")], {})
    assert file_names(archive) == ["ants/1.jpg", "2.jpg", "ants/1.jpg"]
    assert is_zip(archive)
    assert not is_zip(b"\xff\xd8\xff")


def test_what_systems_leave_behind_is_passed_over():
    archive = zipped([("__MACOSX/ants/._1.jpg", b"x"), ("ants/.DS_Store", b"x"), (".git/1.jpg", b"x"), ("a.jpg", b"y")])
    assert taken(archive) == ([("a.jpg", b"y")], {})


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (("../evil.jpg", b"x"), "out of its folder"),
        (("ants/../../evil.jpg", b"x"), "out of its folder"),
        (("ants\\..\\..\\evil.jpg", b"x"), "out of its folder"),
        (("/etc/evil.jpg", b"x"), "from the root of a disk"),
        (("\\evil.jpg", b"x"), "from the root of a disk"),
        (("C:\\evil.jpg", b"x"), "from the root of a disk"),
        (with_mode("link.jpg", stat.S_IFLNK | 0o777, b"/etc/passwd"), "a link"),
        (with_mode("pipe.jpg", stat.S_IFIFO | 0o644), "a pipe or device"),
        (("more.zip", b"x"), "a zip within a zip"),
    ],
)
def test_what_would_do_harm_is_refused_and_the_rest_is_given(entry, words):
    found, refused = taken(zipped([("a.jpg", b"first"), entry, ("z.jpg", b"last")]))
    assert found == [("a.jpg", b"first"), ("z.jpg", b"last")]
    (reason,) = refused.values()
    assert words in reason


def test_ways_of_packing_that_unpack_without_a_bound_are_refused():
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        found, refused = taken(zipped([("a.jpg", b"x" * 100)], method))
        assert found == []
        assert "Deflate" in refused["a.jpg"]


def test_a_locked_zip_says_so():
    archive = bytearray(zipped([("a.jpg", b"x")]))
    archive[archive.index(b"PK\x01\x02") + 8] |= 1  # the flag of an encrypted entry, in the table of contents
    assert taken(bytes(archive))[1] == {"a.jpg": "locked with a password"}


def test_a_bomb_is_stopped_while_it_unpacks(monkeypatch):
    monkeypatch.setattr(archives, "MOST_FILE_BYTES", 3_000_000)
    archive = zipped([("bomb.jpg", b"\0" * 20_000_000), ("good.jpg", b"good")])
    assert len(archive) < 30_000
    allowance = Allowance()
    found, refused = taken(archive, allowance)
    assert found == [("good.jpg", b"good")]
    assert "unpacks to more than 3 MB" in refused["bomb.jpg"]
    assert archives.MOST_BYTES - allowance.bytes < 5_000_000  # it was not unpacked to its end


def test_what_an_entry_says_of_its_size_is_not_believed(monkeypatch):
    monkeypatch.setattr(archives, "MOST_FILE_BYTES", 3_000_000)
    archive = bytearray(zipped([("bomb.jpg", b"\0" * 20_000_000)]))
    at = archive.index(b"PK\x01\x02")
    archive[at + 24 : at + 28] = struct.pack("<I", 10)
    found, refused = taken(bytes(archive))
    assert all(len(content) <= 10 for _, content in found)
    assert found or "bomb.jpg" in refused


def test_many_files_together_are_a_bomb_too():
    archive = zipped([(f"{i}.jpg", b"\0" * 1_000_000) for i in range(9)])
    allowance = Allowance(bytes=4_500_000)
    found = []
    with pytest.raises(ValueError, match="zip bomb, or too much at once"):
        found.extend(unpacked(archive, allowance, print))
    allowance = Allowance(bytes=4_500_000)
    kept = []  # what came before is there
    with pytest.raises(ValueError, match="zip bomb"):
        kept.extend(name for name, _ in unpacked(archive, allowance, print))
    assert kept == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]


def test_of_ten_thousand_files_some_are_taken_and_the_rest_is_told():
    archive = zipped([(f"{i}.jpg", b"x") for i in range(10_000)], zipfile.ZIP_STORED)
    found, refused = taken(archive)
    assert len(found) == archives.MOST_FILES
    assert refused == {"the rest of the archive": "5,000 more files; at most 5,000 are taken at once"}


def test_a_table_of_contents_without_end_is_not_read(monkeypatch):
    monkeypatch.setattr(archives, "MOST_ENTRIES", 5)
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("it was read"))
    with pytest.raises(ValueError, match="holds 9 entries; at most 5"):
        list(unpacked(b"PK\x03\x04" + b"PK\x01\x02" * 9, Allowance(), print))


def test_damage_costs_only_what_is_damaged():
    archive = bytearray(zipped([("a.jpg", b"a" * 50), ("b.jpg", b"b" * 50)], zipfile.ZIP_STORED))
    archive[archive.index(b"a" * 50) + 3] = 0  # the checksum no longer fits
    found, refused = taken(bytes(archive))
    assert found == [("b.jpg", b"b" * 50)]
    assert "damaged within the zip" in refused["a.jpg"]


@pytest.mark.parametrize("cut", [5, 60, -1, -10])
def test_what_is_no_whole_zip_is_a_sentence(cut):
    archive = zipped([("a.jpg", b"a" * 500), ("b.jpg", b"b" * 50)])
    with pytest.raises(ValueError, match="not a whole zip"):
        list(unpacked(archive[:cut], Allowance(), print))


def test_no_byte_anywhere_can_do_more_than_be_refused():
    """Each byte of a zip is changed in turn: what comes is a file, a refusal or a sentence, never another error."""
    archive = zipped([("ants/a.jpg", b"a" * 40), ("b.jpg", b"bcd")])
    for at in range(len(archive)):
        for value in (0, 0x7F, 0xFF):
            broken = bytearray(archive)
            broken[at] = value
            reason = ""
            try:
                taken(bytes(broken))
            except ValueError as error:
                reason = str(error)
            assert reason == "" or "zip" in reason
