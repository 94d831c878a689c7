"""Which group each image belongs to: from the set itself, or from a table that the user brings.

    attributes = read_attributes("faces.csv", data.held_out)              # a column of file names, others of values
    attributes = read_attributes({"light": ["day", "night", …]}, data.held_out)

A table is a dict of columns, a pandas DataFrame or the path of a CSV. Where it has a column of file names its rows find
their images by it, in any order; else they are in the order of the images. Left out: numbers as groups (an age of 31,
of 32 …), which somebody must first cut into ranges.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from transferlab.audit.matching import file_column, rows_by_file
from transferlab.audit.table_files import read_table
from transferlab.data.checks import listed
from transferlab.data.images import ImageSet
from transferlab.data.listing import printable
from transferlab.errors import unknown

MOST_VALUES = 50  # more are numbers or names, not groups
LONGEST = 200  # letters; a longer value is a description, not the name of a group
GROUP = "group"  # what the set's own groups are called


@dataclass(frozen=True, eq=False)
class Attribute:
    """One column: `codes`, int64 `(N,)`, are positions in `values`, -1 for an image without a value."""

    name: str
    codes: Tensor
    values: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Attributes:
    """The columns of a table, a value for each image, and what there is to say about how they were read."""

    columns: tuple[Attribute, ...]
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def __getitem__(self, name: str) -> Attribute:
        for column in self.columns:
            if column.name == name:
                return column
        raise unknown("attribute", name, self.names, owner="The attributes are")

    def crossed(self) -> Attribute:
        """All columns at once: "night × old" is a group. An image that lacks one value has none here.

            >>> read_attributes("faces.csv", images, columns=["light", "age"]).crossed().values
            ('day × old', 'day × young', 'night × old', 'night × young')

        Raises:
            ValueError: a single column, or more combinations than can be groups.
        """
        if len(self.columns) < 2:
            raise ValueError(f"Intersections need two attributes or more; there is {listed(self.names)} alone.")
        rows = list(zip(*(column.codes.tolist() for column in self.columns), strict=True))
        known = sorted({row for row in rows if min(row) >= 0})
        _check_number(" × ".join(self.names), len(known), [])
        positions = {row: i for i, row in enumerate(known)}
        codes = torch.tensor([positions.get(row, -1) for row in rows])
        values = tuple(
            " × ".join(column.values[i] for column, i in zip(self.columns, row, strict=True)) for row in known
        )
        return Attribute(" × ".join(self.names), codes, values)


Table = Any  # a dict of columns, the path of a CSV, or a DataFrame, whose library need not be there


def read_attributes(
    attributes: Table | None, images: ImageSet, columns: Sequence[str] | None = None, *, missing: str = "refuse"
) -> Attributes:
    """Bring a table into the order of the images.

        >>> read_attributes("faces.csv", data.held_out, columns=["age"])["age"].values
        ('old', 'young')

    None takes the set's own groups. `columns` are those that matter, None all that can be groups. An image without a
    row or a value is an error; with `missing="leave out"` it belongs to no group, and a note counts such images. Rows
    of images that are not in this set are passed over with a note, since one table often serves several sets.

    Raises:
        ValueError: no groups, no such column, columns of another length, file names that are unknown or there twice,
            values that are missing, or an attribute that has one value only or too many.
    """
    if missing not in ("refuse", "leave out"):
        raise unknown("way", missing, ("refuse", "leave out"), owner="missing is")
    if isinstance(attributes, Attributes):
        return attributes if columns is None else Attributes(tuple(attributes[name] for name in columns))
    if attributes is None:
        return Attributes((_own_groups(images),))
    table, notes = _columns(attributes)
    files = file_column(table)
    if files is None and isinstance(attributes, str | Path):
        raise ValueError(
            f"{Path(attributes).name} has no column of file names; its columns are {listed(list(table))}. Name one of "
            "them 'file', with the names that images.files holds."
        )
    if files is not None:
        rows, more = rows_by_file(table[files], images, missing == "leave out")
        table = {name: [None if i is None else cells[i] for i in rows] for name, cells in table.items()}
        notes += more
    candidates = [name for name in table if name != files]
    if isinstance(columns, str):
        raise ValueError(f"columns is a list of names, such as ['{columns}']; you gave the text {columns!r}.")
    for name in columns or ():
        if name not in candidates:
            raise unknown("column", name, candidates, owner="The table's columns are")
    if not candidates:
        raise ValueError("The table has no column besides the file names. Add one whose values are the groups.")
    found = []
    for name in columns or candidates:
        try:
            found.append(_attribute(name, table[name], images, missing == "leave out"))
        except ValueError as error:
            if columns is not None or len(candidates) == 1:
                raise
            notes += (f"passed over: {error}",)
    if not found:
        raise ValueError(f"No column of the table can be audited. {' '.join(notes)}")
    return Attributes(tuple(found), notes)


def with_groups(images: ImageSet, attributes: Table | None, column: str | None = None) -> ImageSet:
    """The same images with an attribute as their groups, as the remedies read them.

        >>> with_groups(data.train, "faces.csv", "light").group_names
        ('day', 'night')

    Raises:
        ValueError: as `read_attributes`, or several columns and no choice among them.
    """
    found = read_attributes(attributes, images, None if column is None else [column])
    if len(found.columns) > 1:
        raise ValueError(f"Which attribute? The table holds {listed(found.names)}. Type column='{found.names[0]}'.")
    if (found.columns[0].codes < 0).any():
        raise ValueError(f"Some images have no value for '{found.names[0]}'; take images.subset(…) of those that do.")
    return replace(images, groups=found.columns[0].codes, group_names=found.columns[0].values)


def _own_groups(images: ImageSet) -> Attribute:
    if images.groups is None:
        raise ValueError(
            "These images have no groups. Give a table: attributes={'light': ['day', 'night', …]}, a DataFrame, or "
            "the path of a CSV with a column of file names. Drawn worlds have groups with worlds.target(shortcut=0.9)."
        )
    return Attribute(GROUP, images.groups.cpu(), images.group_names)


def _columns(table: Table) -> tuple[dict[str, list], tuple[str, ...]]:
    """Any kind of table as lists by name."""
    if isinstance(table, str | Path):
        return read_table(table)
    if hasattr(table, "to_dict") and hasattr(table, "columns"):  # a DataFrame; pandas need not be imported to see it
        names = [str(name) for name in table.columns]
        if len(set(names)) < len(names):
            raise ValueError("The DataFrame has two columns of one name. Rename one: table.columns = […].")
        return {name: table.iloc[:, i].tolist() for i, name in enumerate(names)}, ()
    if not isinstance(table, Mapping) or not table:
        raise ValueError(
            "attributes is a table: {'light': ['day', 'night', …]}, a DataFrame, or the path of a CSV; you gave "
            f"{'an empty dict' if isinstance(table, Mapping) else f'a {type(table).__name__}'}."
        )
    columns = {}
    for name, cells in table.items():
        if hasattr(cells, "tolist"):  # a tensor, an array, a Series
            cells = cells.tolist()
        if isinstance(cells, str) or not isinstance(cells, Sequence):
            raise ValueError(f"'{name}' must hold one value for each image, in a list; you gave {cells!r}.")
        columns[str(name)] = list(cells)
    return columns, ()


def _attribute(name: str, cells: Sequence[Any], images: ImageSet, leave_out: bool) -> Attribute:
    if len(cells) != len(images):
        raise ValueError(
            f"'{name}' has {len(cells)} values for {len(images)} images. Give one for each, in the order of the "
            "images, or add a column 'file' with their names."
        )
    texts = [_text(cell) for cell in cells]
    lacking = [i for i, text in enumerate(texts) if not text]
    if lacking and not leave_out:
        which = listed([images.files[i] for i in lacking], 5) if images.files else str(lacking[:5])[1:-1]
        raise ValueError(
            f"'{name}' has no value for {len(lacking)} of {len(images)} images ({which}). Fill them in, or type "
            "missing='leave out' to audit the others."
        )
    values = sorted({text for text in texts if text})
    if any(len(value) > LONGEST for value in values):
        raise ValueError(f"'{name}' holds values of more than {LONGEST} letters, which name no group. Shorten them.")
    _check_number(name, len(values), values)
    positions = {value: i for i, value in enumerate(values)}
    return Attribute(name, torch.tensor([positions.get(text, -1) for text in texts]), tuple(values))


def _check_number(name: str, count: int, values: Sequence[str]) -> None:
    if count < 2:
        only = f"one value, '{values[0]}'" if values else "no more than one value"
        raise ValueError(f"'{name}' has {only}, for all these images: there is nothing to compare.")
    if count > MOST_VALUES:
        raise ValueError(
            f"'{name}' has {count:,} different values; groups are at most {MOST_VALUES}. Put numbers into ranges "
            "first, such as 'under 30' and '30 and over'."
        )


def _text(cell: Any) -> str:
    """A value as text; empty where there is none (None, NaN, NaT, NA, blank)."""
    if cell is None or (isinstance(cell, float) and cell != cell) or str(cell) in ("<NA>", "NaT"):
        return ""
    return printable(str(cell).strip())
