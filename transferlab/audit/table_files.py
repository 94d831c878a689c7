"""A user's CSV as columns of text: any usual encoding and separator, bounded in size, refused in sentences.

    columns, notes = read_table("faces.csv")        # {"file": ["1.jpg", …], "age": ["old", …]}

What a spreadsheet writes is read: UTF-8 with or without its mark, UTF-16 with its mark, else Western European; commas,
semicolons or tabs. Left out: guessing types; everything stays text.
"""

import codecs
import csv
import io
from collections import Counter
from pathlib import Path

from transferlab.data.checks import listed
from transferlab.data.listing import printable

MOST_BYTES = 64 * 2**20  # a row for each of a million images
MOST_COLUMNS = 500
SEPARATORS = (",", ";", "\t")


def read_table(path: str | Path) -> tuple[dict[str, list[str]], tuple[str, ...]]:
    """The columns of a CSV by their names, and notes on how it was read.

        >>> columns, notes = read_table("faces.csv")

    Raises:
        ValueError: no such file, too large, no text, no rows, rows of another length than the header, or two columns
            of one name.
    """
    path = Path(path)
    text, notes = _text(path)
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((reader.line_num, [cell.strip() for cell in row]))
    except csv.Error as error:
        raise ValueError(f"{path.name}, line {reader.line_num}, is no CSV: {error}.") from None
    if len(rows) < 2:
        raise ValueError(f"{path.name} holds no rows below a header. Its first line names the columns: file,age,light.")
    header = [printable(name) for name in rows[0][1]]
    if len(header) > MOST_COLUMNS:
        raise ValueError(f"{path.name} has {len(header):,} columns; at most {MOST_COLUMNS} are read. Save fewer.")
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice:
        raise ValueError(f"{path.name} has two columns of one name: {listed(twice)}. Rename one in the first line.")
    for line, row in rows[1:]:
        if len(row) != len(header):
            raise ValueError(
                f"{path.name}, line {line}, has {len(row)} cells and the header {len(header)} (separated by "
                f"{separator!r}). Put cells that hold the separator in double quotes."
            )
    return {name: [printable(row[i]) for _, row in rows[1:]] for i, name in enumerate(header)}, notes


def _text(path: Path) -> tuple[str, tuple[str, ...]]:
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise ValueError(
                f"{path.name} has {size / 2**20:.0f} MiB; a table of attributes has at most {MOST_BYTES // 2**20}. "
                "Save only the columns that are needed."
            )
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise ValueError(f"No file {path}. A table of attributes is a CSV with a column of file names.") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror or error}).") from None
    encoding = "utf-16" if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    notes: tuple[str, ...] = ()
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
        notes = (f"{path.name} is not UTF-8 and was read as Western European (cp1252); check names with accents.",)
    if "\0" in text:
        raise ValueError(f"{path.name} is no text file. Save the table as CSV (UTF-8) and give that.")
    return text, notes
