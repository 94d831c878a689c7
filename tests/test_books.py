import sys
from pathlib import Path

import pytest

from tests.file_server import served

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "data_scripts"))
import books

HEADER = "\ufeffThe Project Gutenberg eBook of Emma\r\n\r\n*** START OF THE PROJECT GUTENBERG EBOOK EMMA ***\r\n"
FOOTER = "\r\n*** END OF THE PROJECT GUTENBERG EBOOK EMMA ***\r\nlicence"


def test_a_book_loses_what_was_put_around_it():
    assert books.body(HEADER + "\r\nEmma Woodhouse,\r\nhandsome\r\n" + FOOTER) == "Emma Woodhouse,\nhandsome"
    assert books.body("Emma\n\nEnd of the Project Gutenberg EBook of Emma") == "Emma"
    assert books.body("Emma") == "Emma"


def test_marks_are_made_plain():
    assert books.plain("“No—” she said, ‘é’.") == "\"No--\" she said, 'é'."


def test_a_missing_or_broken_book_is_said(tmp_path):
    with pytest.raises(SystemExit, match=r"Type python data_scripts/books\.py"):
        books.read_book(tmp_path, "emma")
    (tmp_path / "emma.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(SystemExit, match="not a text in UTF-8"):
        books.read_book(tmp_path, "emma")


@pytest.fixture
def web(monkeypatch):
    with served(monkeypatch) as web:
        for number in books.NOVELS.values():
            web.files[f"www.gutenberg.org/cache/epub/{number}/pg{number}.txt"] = (HEADER + "a page" + FOOTER).encode()
        web.files[books.PLAYS_ADDRESS.removeprefix("https://")] = b"First Citizen:"
        yield web


def test_only_what_is_missing_is_fetched_and_whole(tmp_path, web):
    (tmp_path / "emma.txt").write_text("mine")
    fetched = books.download(tmp_path)
    assert len(fetched) == len(web.asked) == len(books.NOVELS)  # eight other novels, and the plays
    assert books.read_book(tmp_path, "dracula") == "a page"
    assert books.read_book(tmp_path, "shakespeare") == "First Citizen:"
    assert (tmp_path / "emma.txt").read_text() == "mine"
    assert {path.suffix for path in tmp_path.iterdir()} == {".txt"}


@pytest.mark.parametrize("content", [b"x" * 1000, b"\xff\xfe"])
def test_an_answer_that_is_no_book_is_refused(tmp_path, monkeypatch, web, content):
    monkeypatch.setattr(books, "MOST_BYTES", 900)
    web.files["www.gutenberg.org/cache/epub/98/pg98.txt"] = content
    with pytest.raises(SystemExit, match=r"pg98\.txt gave no book of ours"):
        books.download(tmp_path)
    assert not list(tmp_path.iterdir())
