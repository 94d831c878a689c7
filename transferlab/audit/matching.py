"""Rows of a table and the images they are about, matched by the names of the files.

    rows, notes = rows_by_file(["a/1.jpg", "b/2.jpg"], images)

Names are compared as they stand in `images.files`, whichever way slashes and accents are written; where the table has
bare names without folders, and they are unambiguous, these do. Left out: guessing at extensions.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from transferlab.data.checks import listed
from transferlab.data.images import ImageSet
from transferlab.data.listing import printable
from transferlab.errors import did_you_mean

FILE_COLUMNS = ("file", "files", "filename", "file_name", "path", "image", "image_id", "img")


def file_column(table: Mapping[str, Sequence[Any]]) -> str | None:
    """The column that holds file names, by its own name; None where there is none.

    >>> file_column({"File": ["a.jpg"], "age": ["old"]})
    'File'
    """
    lowered = {name.lower().replace(" ", "_"): name for name in reversed(list(table))}
    return next((lowered[name] for name in FILE_COLUMNS if name in lowered), None)


def rows_by_file(
    names: Sequence[Any], images: ImageSet, leave_out: bool = False
) -> tuple[list[int | None], tuple[str, ...]]:
    """For each image the row of the table that is about it, and notes; None where there is none and that is allowed.

        >>> rows_by_file(["b/2.jpg", "a/1.jpg"], images)
        ([1, 0], ())

    Raises:
        ValueError: the images have no file names, a name is there twice, no name is known, or an image has no row.
    """
    if not images.files:
        raise ValueError(
            "The table names files, but these images have no file names (they were not read from a folder). Leave "
            "that column out and give the values in the order of the images."
        )
    cleaned = [_cleaned(str(name)) for name in names]
    row_of: dict[str, int] = {}
    for row, name in enumerate(cleaned):
        if name in row_of:
            raise ValueError(
                f"'{names[row]}' is there twice in the table, in rows {row_of[name] + 1} and {row + 1} below the "
                "header. Keep one of them."
            )
        row_of[name] = row
    wanted = [_cleaned(name) for name in images.files]
    if not any("/" in name for name in cleaned):
        bare = [name.rsplit("/", 1)[-1] for name in wanted]
        if len(set(bare)) < len(set(wanted)):
            twice = next(name for name in bare if len({full for full in wanted if full.endswith(f"/{name}")}) > 1)
            raise ValueError(
                f"The table has names without folders, and '{twice}' lies in more than one. Write them as in "
                f"images.files: '{images.files[0]}'."
            )
        wanted = bare
    rows = [row_of.get(name) for name in wanted]
    lacking = [images.files[i] for i, row in enumerate(rows) if row is None]
    known = set(wanted)
    others = [name for name in cleaned if name not in known]
    if len(lacking) == len(rows):
        raise ValueError(
            f"No file of the table is among these images. The table names {listed(others, 3)}; the images are "
            f"{listed(images.files, 3)}."
        )
    if lacking and not leave_out:
        raise ValueError(
            f"{len(lacking)} of {len(images)} images have no row in the table: {listed(lacking, 5)}."
            f"{did_you_mean(_cleaned(lacking[0]), others)} Add them, or type missing='leave out' to audit the others."
        )
    if not others:
        return rows, ()
    return rows, (f"{len(others)} rows of the table are about images that are not in this set: {listed(others, 3)}.",)


def _cleaned(name: str) -> str:
    name = unicodedata.normalize("NFC", printable(name.strip())).replace("\\", "/")
    return name.removeprefix("./")
