"""A real server over a Unix socket, in good manners and bad."""

import hashlib
import shutil
from urllib.error import HTTPError, URLError
from urllib.request import Request

import pytest

from tests.file_server import Manners, served
from transferlab import downloading
from transferlab.downloading import check_room, download, file_digest, partial_of, web_opener

CONTENT = bytes(range(256)) * 40  # 10,240 bytes
SHA256 = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
URL = "https://example.org/a/file.bin?version=2"


@pytest.fixture
def web(monkeypatch):
    with served(monkeypatch) as web:
        web.files["example.org/a/file.bin?version=2"] = CONTENT
        monkeypatch.setattr(downloading, "PIECE", 1000)  # several pieces a file
        yield web


def test_a_file_arrives_whole_and_alone(web, tmp_path):
    path = tmp_path / "new" / "file.bin"
    assert download(URL, path, SHA256) == path
    assert path.read_bytes() == CONTENT
    assert [one.name for one in path.parent.iterdir()] == ["file.bin"]
    assert web.asked == [("example.org/a/file.bin?version=2", "")]


@pytest.mark.parametrize("checksum", ["", "md5:" + hashlib.md5(CONTENT).hexdigest(), SHA256[:15]])
def test_checksums_are_of_either_kind_whole_or_cut(web, tmp_path, checksum):
    assert download(URL, tmp_path / "file", checksum).read_bytes() == CONTENT


def test_digests_are_those_of_everybody_else(tmp_path):
    (tmp_path / "empty").touch()
    assert file_digest(tmp_path / "empty", "md5") == "d41d8cd98f00b204e9800998ecf8427e"  # RFC 1321
    (tmp_path / "abc").write_bytes(b"abc")
    assert file_digest(tmp_path / "abc").startswith("ba7816bf8f01cfea")  # FIPS 180-2


def test_what_broke_off_goes_on_where_it_was(web, tmp_path):
    path = tmp_path / "file"
    web.manners.breaks_after = 4096
    with pytest.raises(OSError, match=r"broke off after 0\.0 of 0\.0 MB"):
        download(URL, path, SHA256)
    assert not path.exists()
    assert partial_of(path).read_bytes() == CONTENT[:4096]
    web.manners.breaks_after = 5000  # the second try breaks off, too
    with pytest.raises(OSError, match="broke off"):
        download(URL, path, SHA256)
    web.manners.breaks_after = None
    assert download(URL, path, SHA256).read_bytes() == CONTENT
    assert [wanted for _, wanted in web.asked] == ["", "bytes=4096-", "bytes=9096-"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_server_that_ignores_the_range_is_begun_with_again(web, tmp_path):
    partial_of(tmp_path / "file").write_bytes(CONTENT[:4096])
    web.manners.honours_range = False
    assert download(URL, tmp_path / "file", SHA256).read_bytes() == CONTENT
    assert [wanted for _, wanted in web.asked] == ["bytes=4096-"]


def test_a_piece_that_was_not_asked_for_is_not_glued_on(web, tmp_path):
    partial_of(tmp_path / "file").write_bytes(CONTENT[:4096])
    web.manners.shifts_range = 256  # the bytes there are the same ones, so that only the header tells
    assert download(URL, tmp_path / "file", SHA256).read_bytes() == CONTENT
    assert [wanted for _, wanted in web.asked] == ["bytes=4096-", ""]


def test_what_has_arrived_to_the_last_byte_is_only_checked(web, tmp_path):
    partial_of(tmp_path / "file").write_bytes(CONTENT)
    assert download(URL, tmp_path / "file", SHA256).read_bytes() == CONTENT
    assert len(web.asked) == 1


def test_more_than_the_whole_is_begun_with_again(web, tmp_path):
    partial_of(tmp_path / "file").write_bytes(CONTENT + b"more")
    assert download(URL, tmp_path / "file", SHA256).read_bytes() == CONTENT
    assert [wanted for _, wanted in web.asked] == ["bytes=10244-", ""]


def test_half_of_another_version_is_found_out_and_thrown_away(web, tmp_path):
    partial_of(tmp_path / "file").write_bytes(b"x" * 4096)
    with pytest.raises(ValueError, match=rf"{SHA256[7:19]}… was announced.*Try again"):
        download(URL, tmp_path / "file", SHA256)
    assert list(tmp_path.iterdir()) == []
    assert download(URL, tmp_path / "file", SHA256).read_bytes() == CONTENT


def test_without_a_checksum_nothing_is_glued(web, tmp_path):
    web.manners.breaks_after = 4096
    with pytest.raises(OSError, match="broke off"):
        download(URL, tmp_path / "file")
    assert list(tmp_path.iterdir()) == []
    partial_of(tmp_path / "file").write_bytes(b"x" * 4096)
    web.manners.breaks_after = None
    assert download(URL, tmp_path / "file").read_bytes() == CONTENT
    assert [wanted for _, wanted in web.asked] == ["", ""]


@pytest.mark.parametrize(
    ("manners", "error", "message"),
    [
        (Manners(announces=20_000), OSError, "broke off"),  # more than there is
        (Manners(announces=5_000), ValueError, "was not kept"),  # less: the client stops there
        (Manners(announces=10**15), ValueError, "answers with more than 1.0 MB"),
    ],
)
def test_a_server_that_lies_about_the_length(web, tmp_path, manners, error, message):
    web.manners = manners
    with pytest.raises(error, match=message):
        download(URL, tmp_path / "file", SHA256, most_bytes=1_000_000)
    assert not (tmp_path / "file").exists()


def test_a_server_that_does_not_tell_the_length(web, tmp_path):
    web.manners.announces = 0
    assert download(URL, tmp_path / "file", SHA256).read_bytes() == CONTENT
    with pytest.raises(ValueError, match="answers with more than"):
        download(URL, tmp_path / "other", SHA256, most_bytes=10_000)
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_a_file_that_is_not_there_leaves_nothing(web, tmp_path):
    with pytest.raises(HTTPError, match="404"):
        download("https://example.org/nothing", tmp_path / "file", SHA256)
    assert list(tmp_path.iterdir()) == []


def test_only_the_web_is_opened(web, tmp_path):
    for url in ("file:///etc/hosts", "ftp://example.org/a", "/etc/hosts"):
        with pytest.raises(ValueError, match=r"Only http and https .* you gave"):
            download(url, tmp_path / "file")
        with pytest.raises((URLError, ValueError), match="unknown url type"):
            web_opener().open(url)
    assert web.asked == []


@pytest.mark.parametrize("to", ["file:///etc/hosts", "ftp://example.org/a", "http://example.org/a/file.bin"])
def test_no_server_leads_out_of_it(web, tmp_path, to):
    web.manners.leads_to = to
    with pytest.raises((URLError, HTTPError)):
        download(URL, tmp_path / "file", SHA256)
    assert list(tmp_path.iterdir()) == []
    assert len(web.asked) == 1  # and the other address was not asked


def test_an_encrypted_connection_may_lead_to_another():
    redirects = downloading._Redirects()
    asked = Request(URL, headers={"Range": "bytes=5-"})
    led = redirects.redirect_request(asked, None, 302, "Found", {}, "https://cdn.example.org/x")
    assert led.full_url == "https://cdn.example.org/x"
    assert led.headers["Range"] == "bytes=5-"
    plain = Request("http://example.org/")
    assert redirects.redirect_request(plain, None, 301, "Moved", {}, URL).full_url == URL


def test_a_disk_without_room_is_said_before(web, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 9 * 10**8, 10**8))
    check_room(tmp_path / "not" / "yet", 50e6)
    with pytest.raises(OSError, match=r"51 MB are needed in .*, and 50 MB are free"):
        check_room(tmp_path, 51e6)
    web.manners.announces = 51_000_000
    with pytest.raises(OSError, match="51 MB are needed"):
        download(URL, tmp_path / "file", SHA256)
    assert list(tmp_path.iterdir()) == []
