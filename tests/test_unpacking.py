"""Archives of strangers: nothing is written here at all, so that what counts is what is given out, and what refused."""

import gzip
import io
import os
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.archive_files import tar_gz, zipped

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "data_scripts"))
from unpacking import names_in, read_archive

FILES = {"a/1.jpg": b"one", "a/2.jpg": b"two", "b/3.txt": b"three"}


@pytest.fixture(params=["tar.gz", "zip"])
def write(request, tmp_path):
    def made(files):
        path = tmp_path / f"archive.{request.param}"
        path.write_bytes(zipped(files) if request.param == "zip" else tar_gz(files))
        return path

    return made


def test_only_what_is_wanted_is_read(write):
    path = write(FILES)
    assert dict(read_archive(path, {"a/1.jpg", "b/3.txt"})) == {"a/1.jpg": b"one", "b/3.txt": b"three"}
    assert dict(read_archive(path, set())) == {}


def test_a_dot_before_the_name_is_nothing(write):
    assert dict(read_archive(write({"./a/1.jpg": b"one"}), {"a/1.jpg"})) == {"a/1.jpg": b"one"}


def test_what_is_not_there_is_said(write):
    with pytest.raises(ValueError, match=r"2 files are not in it, such as 'c', 'd'"):
        list(read_archive(write(FILES), {"a/1.jpg", "c", "d"}))


@pytest.mark.parametrize("name", ["../../out.txt", "/etc/out.txt", "a/../../out.txt", "C:\\out.txt"])
def test_no_name_leads_anywhere(write, name, tmp_path, monkeypatch):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "er")
    path = write({name: b"evil", "a": b"good"})
    before = sorted(tmp_path.rglob("*"))
    assert dict(read_archive(path, {"a"})) == {"a": b"good"}
    assert sorted(tmp_path.rglob("*")) == before
    assert not os.path.exists("/etc/out.txt")


def test_too_large_a_file_is_refused_before_it_is_read(write):
    path = write({"a": bytes(5_000_000)})  # a few kilobytes in the archive
    assert path.stat().st_size < 50_000
    with pytest.raises(ValueError, match=r"'a' has 5\.0 MB; at most 1\.0 are read"):
        list(read_archive(path, {"a"}, most_bytes=1_000_000))
    assert len(dict(read_archive(path, {"a"}))["a"]) == 5_000_000


def test_a_bomb_that_nobody_wants_does_not_go_off_either(tmp_path):
    path = tmp_path / "bomb.tar.gz"
    path.write_bytes(tar_gz({"bomb": bytes(20_000_000), "a": b"good"}))
    with pytest.raises(ValueError, match="unpacks to far more than its size"):
        list(read_archive(path, {"a"}, most_bytes=1_000_000))


def test_nor_one_in_a_header(tmp_path):
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 20_000_000
    (tmp_path / "bomb.tar.gz").write_bytes(gzip.compress(header.tobuf() + bytes(20_000_000)))
    with pytest.raises(ValueError, match="unpacks to far more than its size"):
        list(read_archive(tmp_path / "bomb.tar.gz", {"a"}, most_bytes=1_000_000))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE])
def test_links_and_devices_are_no_files(tmp_path, kind):
    link = tarfile.TarInfo("a")
    link.type, link.linkname = kind, "/etc/hosts"
    (tmp_path / "links.tar.gz").write_bytes(tar_gz({"a": link}))
    with pytest.raises(ValueError, match="'a' is a link or a device"):
        list(read_archive(tmp_path / "links.tar.gz", {"a"}))


def test_a_link_in_a_zip_is_none_either(tmp_path):
    with zipfile.ZipFile(tmp_path / "links.zip", "w") as archive:
        info = zipfile.ZipInfo("a")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/hosts")
    with pytest.raises(ValueError, match="'a' is a link"):
        list(read_archive(tmp_path / "links.zip", {"a"}))


def test_two_files_of_one_name_are_one_too_many(tmp_path):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for _ in range(2):
            archive.addfile(tarfile.TarInfo("a"))
    (tmp_path / "twice.tar.gz").write_bytes(file.getvalue())
    with pytest.raises(ValueError, match="'a' is there twice"):
        list(read_archive(tmp_path / "twice.tar.gz", {"a"}))


def test_cut_short_or_damaged_or_something_else(write):
    path = write({name: os.urandom(5000) for name in "abc"})
    whole = path.read_bytes()
    for broken in (whole[: len(whole) // 2], b"", b"<html>not found</html>", whole[:2000] + bytes(500) + whole[2500:]):
        path.write_bytes(broken)
        with pytest.raises(ValueError, match=r"archive\.(zip|tar\.gz)' is (damaged or no archive|not what it should)"):
            list(read_archive(path, {"a", "b", "c"}))


def test_gzips_own_checksum_is_read_where_the_rest_looks_right(tmp_path):
    whole = bytearray(tar_gz({"a": os.urandom(300_000)}))
    whole[-5] ^= 1  # the last eight bytes are the CRC and the length (RFC 1952)
    (tmp_path / "a.tar.gz").write_bytes(whole)
    with pytest.raises(ValueError, match="damaged or no archive"):
        list(read_archive(tmp_path / "a.tar.gz", {"a"}))
    with pytest.raises(ValueError, match="damaged or no archive"):
        list(read_archive(tmp_path / "a.tar.gz", set()))


def test_names_in_a_zip(tmp_path):
    (tmp_path / "a.zip").write_bytes(zipped({"x/": b""} | FILES))
    assert names_in(tmp_path / "a.zip") == list(FILES)
    (tmp_path / "a.zip").write_bytes(b"PK")
    with pytest.raises(ValueError, match="damaged or no archive"):
        names_in(tmp_path / "a.zip")


def test_a_zip_with_a_password_is_said(tmp_path):
    content = bytearray(zipped({"a": b"secret"}))
    content[6] |= 1  # the flag in the file's header, and in the table
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(ValueError, match=r"is damaged or no archive.*(encrypted|password)"):
        list(read_archive(tmp_path / "a.zip", {"a"}))
