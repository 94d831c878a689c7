"""Texts from a CSV or TSV table, a file of JSON lines, or a folder with one sub-folder a class.

    >>> data = read_texts("reviews.csv")
    >>> print(data.report)

What cannot be used is passed over with its row and the reason; nothing in a file can stop the reading, run anything or
lead out of the folder. Left out: Excel's and Parquet's formats, several labels for one text.
"""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from transferlab.data.folder_report import some
from transferlab.data.listing import Skipped, printable
from transferlab.errors import did_you_mean, unknown
from transferlab.text.decoding import read_text
from transferlab.text.folders import texts_in_folders
from transferlab.text.labelled_texts import LabelledTexts, TextReport

TEXT_NAMES = ("text", "sentence", "review", "message", "content", "body", "comment")
LABEL_NAMES = ("label", "class", "category", "target", "sentiment", "intent", "tag")
LONGEST_TEXT = 20_000_000  # letters: a long novel has three million
MOST_TEXTS = 2_000_000
MOST_CLASSES = 1_000  # more are no classes but, most likely, the texts themselves


class Row(NamedTuple):
    """One row of a table: where it stands, its fields by name, or why it cannot be used."""

    where: str
    fields: dict[str, object]
    wrong: str = ""


def read_texts(
    path: str | Path, text: str | None = None, label: str | None = None, class_names: Sequence[str] | None = None
) -> LabelledTexts:
    """Read labelled texts: `.csv`, `.tsv`, `.jsonl` (one JSON object a line), or a folder `path/<class>/*.txt`.

        >>> read_texts("reviews.csv", text="review", label="stars")
        LabelledTexts('reviews', 98 texts, 2 classes: good 50, poor 48)

    `text` and `label` name the columns; by default those that are usual ("text", "label", …). `class_names` fixes the
    order of the classes, which otherwise is sorted. What was skipped, and why, is in `.report`.

    Raises:
        ValueError: no such file or column, no text that can be used, or only one class.
    """
    root = Path(path).expanduser()
    if root.is_dir():
        if text or label:
            raise ValueError(f"'{root}' is a folder, whose sub-folders are the classes; leave text= and label= out.")
        found = texts_in_folders(root, LONGEST_TEXT)
        return _finished(root, found.texts, found.labels, found.names, list(found.skipped), found.notes, class_names)
    if not root.exists():
        beside = [one.name for one in root.parent.iterdir()] if root.parent.is_dir() else []
        raise ValueError(f"No file '{root}'.{did_you_mean(root.name, beside)}")
    kind = root.suffix.lower()
    if kind not in (".csv", ".tsv", ".jsonl", ".ndjson"):
        raise ValueError(f"'{root}' is read by its name's end: .csv, .tsv or .jsonl, or a folder of texts by class.")
    try:
        content, note = read_text(root)
    except ValueError as error:
        raise ValueError(f"'{root}' cannot be read: {error}.") from error
    rows = list(_json_lines(content) if "j" in kind else _table(content, "\t" if kind == ".tsv" else None, str(root)))
    fields = list(dict.fromkeys(key for row in rows for key in row.fields))
    text, label = _column(text, fields, TEXT_NAMES, "text", root), _column(label, fields, LABEL_NAMES, "label", root)
    if text == label:
        raise ValueError(f"The column '{text}' cannot be both the text and its label.")
    texts, labels, names, skipped = [], [], [], []
    for row in rows:
        given, answer = row.fields.get(text), row.fields.get(label)
        reason = row.wrong or _why_not(given, answer)
        if reason:
            skipped.append(Skipped(row.where, reason))
        else:
            texts.append(str(given).strip())
            labels.append(_as_label(answer))
            names.append(row.where)
    encodings = (f"{printable(root.name)} was {note}",) if note else ()
    return _finished(root, texts, labels, names, skipped, encodings, class_names)


def _finished(
    root: Path, texts: list[str], labels: list[str], names: list[str], skipped: list[Skipped],
    encodings: Sequence[str], class_names: Sequence[str] | None,
) -> LabelledTexts:  # fmt: skip
    report = TextReport(printable(str(root)), {}, tuple(skipped), tuple(encodings))
    if class_names is not None:
        kept = [i for i, one in enumerate(labels) if one in class_names]
        others = {i: labels[i] for i in range(len(labels)) if labels[i] not in class_names}
        report = replace(
            report,
            skipped=(
                *skipped,
                *(Skipped(names[i], f"another class ('{printable(one)}')") for i, one in others.items()),
            ),
        )
        texts, labels, names = ([values[i] for i in kept] for values in (texts, labels, names))
    if not texts:
        raise ValueError(f"No text in '{root}' can be used.\n{report}")
    classes = tuple(class_names) if class_names is not None else tuple(sorted(set(labels)))
    if len(classes) < 2:
        raise ValueError(f"Only one class, '{printable(classes[0])}', in '{root}': a task needs at least two.")
    if len(classes) > MOST_CLASSES:
        raise ValueError(
            f"'{root}' has {len(classes):,} different labels for {len(texts):,} texts, such as {some(classes[:3])}. "
            "Name the column that holds the classes: label='…'."
        )
    places: dict[str, list[int]] = {}
    for i, one in enumerate(texts):
        places.setdefault(one, []).append(i)
    groups = [group for group in places.values() if len(group) > 1]
    report = replace(
        report,
        counts={name: labels.count(name) for name in classes},
        duplicates=tuple(tuple(names[i] for i in group) for group in groups),
        conflicts=tuple(tuple(names[i] for i in group) for group in groups if len({labels[i] for i in group}) > 1),
    )
    return LabelledTexts(tuple(texts), tuple(labels), classes, printable(root.stem), report, tuple(names))


def _why_not(given: object, answer: object) -> str:
    if given is None or (isinstance(given, str) and not given.strip()):
        return "empty text"
    if not isinstance(given, str):
        return f"the text is no text but {type(given).__name__}"
    if len(given) > LONGEST_TEXT:
        return f"longer than {LONGEST_TEXT:,} letters"
    if answer is None or (isinstance(answer, str) and not answer.strip()):
        return "no label"
    if not isinstance(answer, str | int | float):
        return f"the label is no word or number but {type(answer).__name__}"
    return ""


def _as_label(answer: object) -> str:
    """One spelling for 1, 1.0 and "1"."""
    if isinstance(answer, float) and answer.is_integer():
        answer = int(answer)
    return printable(str(answer).strip())


def _column(asked: str | None, fields: list[str], usual: tuple[str, ...], what: str, root: Path) -> str:
    if asked is not None:
        if asked not in fields:
            raise unknown("column", asked, [printable(one) for one in fields], owner=f"'{root.name}' has")
        return asked
    lowered = {one.strip().lower(): one for one in fields}
    for name in usual:
        if name in lowered:
            return lowered[name]
    shown = ", ".join(printable(one) for one in fields[:20]) or "none"
    raise ValueError(f"Which column of '{root.name}' holds the {what}? Type {what}='…'. Its columns are: {shown}.")


def _next_row(reader: Iterator[list[str]]) -> list[str] | None:
    """The next row, with a limit on a field's length that csv keeps for the whole process, and gets back."""
    limit = csv.field_size_limit(LONGEST_TEXT)
    try:
        return next(reader, None)
    finally:
        csv.field_size_limit(limit)


def _table(content: str, separator: str | None, path: str) -> Iterator[Row]:
    """The rows of a table with a header; quoted fields may hold separators and line breaks."""
    head = content.partition("\n")[0]
    separator = separator or max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=separator)
    header: list[str] = []
    line = 1
    while True:
        line = reader.line_num + 1
        try:
            values = _next_row(reader)
        except csv.Error as error:  # of a field without an end, or longer than a text may be
            yield Row(f"row {line}", {}, f"broken table row ({error})")
            continue
        if values is None:
            return
        if not any(values):
            continue
        if not header:
            header = [one.strip() for one in values]
            if len(set(header)) < len(header) or not all(header):
                raise ValueError(f"'{path}' needs a first row with a different name for every column; it has {header}.")
            continue
        fields: dict[str, object] = dict(zip(header, values, strict=False))
        wrong = "" if len(values) == len(header) else f"{len(values)} fields; the header has {len(header)}"
        if line > MOST_TEXTS:
            raise ValueError(f"'{path}' has more than {MOST_TEXTS:,} rows. Take a part of it.")
        yield Row(f"row {line}", fields, wrong)


def _json_lines(content: str) -> Iterator[Row]:
    for number, line in enumerate(content.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError):
            yield Row(f"row {number}", {}, "no JSON")
            continue
        if isinstance(values, dict):
            yield Row(f"row {number}", values)
        else:
            yield Row(f"row {number}", {}, f"no JSON object but {type(values).__name__}")
