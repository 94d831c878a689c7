import csv
import json
import os

import pytest

from transferlab.text import read_texts
from transferlab.text.decoding import read_text

CSV = "text,label\nIs it open?,question\nOpen it.,request\nIt is shut again.,complaint\n"


def written(tmp_path, name, content):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_table_with_a_header(tmp_path):
    data = read_texts(written(tmp_path, "mail.csv", CSV))
    assert data.texts == ("Is it open?", "Open it.", "It is shut again.")
    assert data.labels == ("question", "request", "complaint")
    assert data.class_names == ("complaint", "question", "request")
    assert data.name == "mail"
    assert data.report.notes() == ()
    assert "3 texts of 3 classes" in str(data.report)


@pytest.mark.parametrize(
    ("encoding", "note"),
    [("utf-8", ""), ("utf-8-sig", ""), ("utf-16", "UTF-16"), ("latin-1", "Latin-1, since it is not UTF-8")],
)
def test_encodings(tmp_path, encoding, note):
    path = written(tmp_path, "a.csv", "text;label\nMüde Füße;x\nÖl;y\n".encode(encoding))
    data = read_texts(path)
    assert data.texts == ("Müde Füße", "Öl")
    assert (note in " ".join(data.report.notes())) if note else data.report.notes() == ()


def test_what_cannot_be_used_is_passed_over_with_its_row(tmp_path):
    rows = ["text,label", "a,x", ",x", "b,", "c,x,z", "d", '"two\nlines",y', "a,x", "a,y"]
    data = read_texts(written(tmp_path, "a.csv", "\n".join(rows)))
    assert data.texts == ("a", "two\nlines", "a", "a")
    assert [(one.file, one.reason) for one in data.report.skipped] == [
        ("row 3", "empty text"), ("row 4", "no label"), ("row 5", "3 fields; the header has 2"),
        ("row 6", "1 fields; the header has 2"),
    ]  # fmt: skip
    assert data.report.duplicates == (("row 2", "row 9", "row 10"),)
    assert data.report.conflicts == (("row 2", "row 9", "row 10"),)
    assert "the same text with two labels" in str(data.report)


def test_json_lines(tmp_path):
    lines = [json.dumps({"review": "good", "stars": 5}), "", "not json", "[1]", json.dumps({"review": 7, "stars": 1}),
             json.dumps({"review": "bad", "stars": 1.0}), json.dumps({"review": "odd", "stars": [1]}),
             "[" * 100_000]  # fmt: skip
    data = read_texts(written(tmp_path, "a.jsonl", "\n".join(lines)), label="stars")
    assert dict(zip(data.texts, data.labels, strict=True)) == {"good": "5", "bad": "1"}
    reasons = [one.reason for one in data.report.skipped]
    assert reasons == ["no JSON", "no JSON object but list", "the text is no text but int",
                       "the label is no word or number but list", "no JSON"]  # fmt: skip
    assert data.report.skipped[0].file == "row 3"


def test_a_folder_with_a_class_each(tmp_path):
    files = {
        "good/1.txt": "fine", "good/2.md": "nice", "bad/1.txt": "Füße".encode("latin-1"), "bad/deep/2.txt": "awful",
        "bad/3.txt": "  ", "bad/4.pdf": "x", "bad/5.txt": b"\x00\x01\x02", ".hidden/1.txt": "x", "loose.txt": "x",
    }  # fmt: skip
    for name, content in files.items():
        written(tmp_path / "mail", name, content)
    (tmp_path / "secret.txt").write_text("a password")
    os.symlink(tmp_path / "secret.txt", tmp_path / "mail" / "good" / "link.txt")
    os.symlink(tmp_path, tmp_path / "mail" / "good" / "up")
    data = read_texts(tmp_path / "mail")
    assert sorted(data.texts) == ["Füße", "awful", "fine", "nice"]
    reasons = {one.file: one.reason for one in data.report.skipped}
    assert reasons == {
        "loose.txt": "not inside a class folder", "bad/3.txt": "empty text", "bad/4.pdf": "not a text (.pdf)",
        "bad/5.txt": "no text: it holds bytes that no letter has", "good/link.txt": "a link out of the folder",
    }  # fmt: skip
    assert "Latin-1" in str(data.report)


@pytest.mark.parametrize(
    ("content", "options", "sentence"),
    [
        (
            "words,kind\na,x\n",
            {},
            "Which column of 'a.csv' holds the text. Type text='…'. Its columns are: words, kind",
        ),
        (CSV, {"label": "lable"}, "No column 'lable'.*Did you mean 'label'"),
        (CSV, {"text": "label"}, "cannot be both"),
        ("text,label\na,x\nb,x\n", {}, "Only one class, 'x'"),
        ("text,label\n,x\n", {}, "No text in .* can be used"),
        ("text,text\na,b\n", {}, "a different name for every column"),
        ("", {}, "Which column"),
        ("text,label\n" + "".join(f"t{i},l{i}\n" for i in range(1100)), {}, "1,100 different labels"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(tmp_path, content, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_texts(written(tmp_path, "a.csv", content), **options)


def test_what_is_no_table_is_said(tmp_path):
    written(tmp_path, "mail.csv", CSV)
    (tmp_path / "none").mkdir()
    with pytest.raises(ValueError, match=r"Did you mean 'mail\.csv'"):
        read_texts(tmp_path / "mial.csv")
    with pytest.raises(ValueError, match="read by its name's end"):
        read_texts(written(tmp_path, "a.xlsx", b"PK"))
    with pytest.raises(ValueError, match="No class folders"):
        read_texts(tmp_path / "none")
    with pytest.raises(ValueError, match="no text: it holds bytes"):
        read_texts(written(tmp_path, "b.csv", b"text,label\na\0b,x\n"))


def test_classes_in_an_order_of_ones_own(tmp_path):
    data = read_texts(written(tmp_path, "a.csv", CSV), class_names=["request", "question"])
    assert data.class_names == ("request", "question")
    assert data.report.skipped[0].reason == "another class ('complaint')"


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    with pytest.raises(ValueError, match="at most"):
        read_text(written(tmp_path, "a.txt", "x" * 100), largest=99)


def test_signs_that_a_terminal_would_obey_are_gone(tmp_path):
    assert read_text(written(tmp_path, "a.txt", "a\x1b[31mb\tc\n"))[0] == "a [31mb\tc\n"


def test_the_limit_that_csv_keeps_for_all_is_given_back(tmp_path):
    limit = csv.field_size_limit()
    path = tmp_path / "long.csv"
    path.write_text("text,label\n" + "word " * 40_000 + ",a\nshort,b\n")
    assert len(read_texts(path)) == 2
    assert csv.field_size_limit() == limit
