"""What a data set is: where it comes from, under which licence, and where each of its pictures goes.

A script for a set says this much; `preparing.py` does the work. Left out: the sets themselves.
"""

import hashlib
import re
from dataclasses import dataclass

PARTS = ("train", "val", "test")


@dataclass(frozen=True)
class Archive:
    """One file to download: its size, its checksum, and who says so."""

    url: str
    num_bytes: int
    checksum: str
    checksum_from: str = "as torchvision checks it"
    is_exact: bool = True  # whether `num_bytes` is known to the last byte

    @property
    def file(self) -> str:
        return self.url.rpartition("/")[2]


@dataclass(frozen=True)
class DataSet:
    """What a set is. `licence` is as its page states it, `split` says where its parts come from."""

    name: str
    title: str
    page: str
    licence: str
    paper: str
    split: str
    archives: tuple[Archive, ...]

    @property
    def num_bytes(self) -> int:
        return sum(one.num_bytes for one in self.archives)


@dataclass(frozen=True)
class Place:
    """Where a picture goes: `<part>/<class_name>/<file>`."""

    part: str
    class_name: str
    file: str


def about(data: DataSet) -> str:
    """What people should know before they download it."""
    lines = [f"{data.title}, as folders of pictures.", ""]
    for one in data.archives:
        size = f"{'' if one.is_exact else 'about '}{one.num_bytes:,} bytes"
        lines += [one.url, f"    {size}; {one.checksum} ({one.checksum_from})"]
    return "\n".join(
        [
            *lines,
            f"Page:    {data.page}",
            f"Licence: {data.licence}",
            f"Paper:   {data.paper}",
            f"Parts:   {data.split}",
        ]
    )


def in_no_order(key: str) -> str:
    """To sort by: an order that has nothing to do with what is sorted, and is the same on every machine.

    >>> sorted(["a", "b", "c"], key=in_no_order)
    ['c', 'b', 'a']
    """
    return hashlib.sha256(key.encode()).hexdigest()


def folder_name(class_name: str) -> str:
    """A class name as the name of a folder on every system, a stick's included.

    >>> folder_name("pink-yellow dahlia?")
    'pink-yellow dahlia'
    """
    return " ".join(re.sub(r'[<>:"/\\|?*\x00-\x1f]', " ", class_name).split()).strip(". ")


def is_safe(place: Place) -> bool:
    """Whether a picture would lie in one of the parts, in a class folder, under a plain name.

    >>> is_safe(Place("train", "daisy", "../../daisy.jpg"))
    False
    """
    folder_is = place.class_name and folder_name(place.class_name) == place.class_name
    file_is = re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", place.file)
    return bool(place.part in PARTS and folder_is and file_is)
