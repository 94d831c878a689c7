"""The examples of a data set by the page: which stand on it, what they are called, and what there is to see of them.

    page = open_page(splits, edits.outcome(splits), "train", label=None, number=0)
    page.tiles[0].key, page.tiles[0].label
    facts, buffers = shown(data.train, page)

Classes take turns, so that the first page shows some of each. Left out: drawing (`contact_sheet.py`), and hearing
(`sound_player.py`).
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from transferlab.data.images import Splits
from transferlab.data.labelled import LabelledSet
from transferlab.data.texts import TextSet
from transferlab.errors import unknown
from transferlab.lab.data.contact_sheet import COLUMNS, contact_sheet
from transferlab.lab.data.edits import PARTS, Key, Outcome, picture_key
from transferlab.sound.pictures import spectrograms

PER_PAGE = 40  # 5 × 8 as well as 8 × 5 and 10 × 4
TEXTS_PER_PAGE = 12  # a line or two each
LONGEST = 240  # letters of a text on a page


@dataclass(frozen=True)
class Tile:
    """A picture on a page: what edits call it, its class, and the class that it came with."""

    key: Key
    label: str
    was: str


@dataclass(frozen=True, eq=False)
class Page:
    """What stands on a page, and where it lies in the unedited part."""

    tiles: tuple[Tile, ...]
    rows: Tensor  # int64 (N,)
    number: int  # from 0
    pages: int
    count: int  # pictures on all pages


def open_page(
    splits: Splits, outcome: Outcome, part: str, label: str | None = None, number: int = 0, per_page: int | None = None
) -> Page:
    """A page of a part, of one class or of all; beyond the last page it is the last.

        >>> open_page(splits, Edits().outcome(splits), "held_out", "pear").count
        25

    Raises:
        ValueError: no such part or class.
    """
    if part not in PARTS:
        raise unknown("part", part, PARTS)
    images: LabelledSet = getattr(splits, part)
    per_page = per_page or (TEXTS_PER_PAGE if images.noun == "text" else PER_PAGE)
    if label is not None and label not in images.class_names:
        raise unknown("class", label, images.class_names, owner="The classes are")
    labels = outcome.labels[part]
    order = taking_turns(labels)
    if label is not None:
        order = order[labels[order] == images.class_names.index(label)]
    pages = max(1, -(-len(order) // per_page))
    number = min(max(0, number), pages - 1)
    chosen = order[number * per_page : (number + 1) * per_page]
    rows = outcome.rows[part][chosen]
    was = images.labels.cpu()[rows].tolist()
    names = images.class_names
    tiles = tuple(
        Tile(picture_key(images, row), names[now], names[before])
        for row, now, before in zip(rows.tolist(), labels[chosen].tolist(), was, strict=True)
    )
    return Page(tiles, rows, number, pages, len(order))


def shown(examples: LabelledSet, page: Page) -> tuple[dict[str, Any], list[bytes]]:
    """What a page shows of its rows, in JSON's types and as PNG: texts as they are, pictures as one sprite sheet.

        >>> facts, buffers = shown(data.train, page)

    Of sounds the sheet has their spectrograms; of texts that are not at hand, the numbers of their tokens.
    """
    if not page.tiles:
        return {}, []
    if isinstance(examples, TextSet):
        return {"texts": [_text(examples, row) for row in page.rows.tolist()]}, []
    here = examples.subset(page.rows)
    images = here.rows if here.noun == "image" else spectrograms(here).images  # type: ignore[call-overload]
    return {"columns": COLUMNS}, [contact_sheet(images)]


def _text(texts: TextSet, row: int) -> str:
    whole = texts.texts[row] if texts.texts else " ".join(map(str, texts.tokens[row].tolist()))
    return whole if len(whole) <= LONGEST else f"{whole[: LONGEST - 1]}…"


def taking_turns(labels: Tensor) -> Tensor:
    """An order in which each class shows one picture before any shows its second: int64 positions.

    >>> taking_turns(torch.tensor([0, 0, 0, 1, 1]))
    tensor([0, 3, 1, 4, 2])
    """
    turn = torch.zeros_like(labels)
    for label in labels.unique():
        mine = labels == label
        turn[mine] = torch.arange(int(mine.sum()))
    by_label = labels.argsort(stable=True)
    return by_label[turn[by_label].argsort(stable=True)]
