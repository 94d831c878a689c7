import pytest

from transferlab.audit import table_files
from transferlab.audit.table_files import read_table


@pytest.fixture
def written(tmp_path):
    def write(content):
        path = tmp_path / "table.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


EXPECTED = {"file": ["é.jpg", "b.jpg"], "age": ["old, very", "young"]}


@pytest.mark.parametrize(
    ("encoding", "separator"), [("utf-8", ","), ("utf-8-sig", ";"), ("utf-16", "\t"), ("cp1252", ",")]
)
def test_what_spreadsheets_write(written, encoding, separator):
    text = 'file,age\r\né.jpg,"old, very"\r\n\r\nb.jpg,young\r\n'
    if separator != ",":
        text = text.replace('"old, very"', "old| very").replace(",", separator).replace("|", ",")
    columns, notes = read_table(written(text.encode(encoding)))
    assert columns == EXPECTED
    assert len(notes) == (encoding == "cp1252")


def test_control_codes_are_shown_and_not_sent_to_the_terminal(written):
    columns, _ = read_table(written("file,age\na.jpg,\x1b[31mred\n"))
    assert columns["age"] == ["\\x1b[31mred"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "no rows below a header"),
        ("file,age\n", "no rows below a header"),
        ("file,age\na.jpg\n", r"line 2, has 1 cells and the header 2 \(separated by ','\)"),
        ("file,age,age\na,b,c\n", "two columns of one name: 'age'"),
        ('file,age\na.jpg,"old\n', "line 2, is no CSV"),
        (b"file,age\0\na,b\n", "no text file"),
        (b"\xff\xfe\x00", r"no text|no rows"),
        ("file,age\na.jpg," + "x" * 200_000 + "\n", "field larger than field limit"),
        (",".join(f"c{i}" for i in range(600)) + "\n" + ",".join("x" * 600) + "\n", "600 columns; at most 500"),
    ],
)
def test_hostile_tables_are_refused_in_sentences(written, content, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_table(written(content))


def test_a_large_file_is_not_read(written, monkeypatch):
    monkeypatch.setattr(table_files, "MOST_BYTES", 10)
    with pytest.raises(ValueError, match="Save only the columns that are needed"):
        read_table(written("file,age\na.jpg,old\n"))


def test_no_file_and_a_folder(tmp_path):
    with pytest.raises(ValueError, match="A table of attributes is a CSV"):
        read_table(tmp_path / "missing.csv")
    with pytest.raises(ValueError, match="cannot be read"):
        read_table(tmp_path)
