"""Tiny ImageNet: 110,000 photographs of 64 × 64 pixels in 200 classes (Le & Yang 2015), as folders of pictures.

    python data_scripts/tiny_imagenet.py tiny                  # 248 MB
    python data_scripts/tiny_imagenet.py tiny_small --per-class 20

The official parts: 500 pictures a class in train/ and 50 in val/. Left out: the test pictures, which were published
without labels. `read_photos` reads the official layout for pretrain_backbone.py.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from data_sets import Archive, DataSet, Place, folder_name
from PIL import Image
from preparing import Archives, command
from tqdm import tqdm
from unpacking import names_in, read_archive

if TYPE_CHECKING:
    from torch import Tensor

DATA = DataSet(
    name="tiny_imagenet",
    title="Tiny ImageNet",
    page="https://cs231n.stanford.edu/tiny-imagenet-200.zip",
    licence="not stated; the photographs are ImageNet's, whose terms allow non-commercial research and education",
    paper="Le & Yang, Tiny ImageNet visual recognition challenge (2015); Deng et al., ImageNet (2009)",
    split="official: train and val",
    archives=(
        Archive(
            "https://cs231n.stanford.edu/tiny-imagenet-200.zip",
            248_100_043,
            "md5:90528d7ca1a48142e341f4ef8d21d0de",
            "not published; what public code that reads the set agrees on",
        ),
    ),
)
ROOT = "tiny-imagenet-200"
TRAIN = re.compile(rf"{ROOT}/train/(n\d+)/images/(\1_\d+\.JPEG)")
TABLES = {f"{ROOT}/{name}" for name in ("wnids.txt", "words.txt", "val/val_annotations.txt")}


def plan(archives: Archives) -> dict[str, Place]:
    """Every labelled picture, with the first word for its class: `goldfish, Carassius auratus` is goldfish."""
    (path,) = archives.values()
    tables = {name.rpartition("/")[2]: text.decode("utf-8") for name, text in read_archive(path, TABLES)}
    names = class_names(tables["wnids.txt"].split(), tables["words.txt"])
    places = {}
    for name in names_in(path):
        if (found := TRAIN.fullmatch(name)) and found[1] in names:
            places[name] = Place("train", names[found[1]], found[2])
    for line in tables["val_annotations.txt"].splitlines():
        file, wnid = line.split("\t")[:2] if "\t" in line else ("", "")
        if not re.fullmatch(r"val_\d+\.JPEG", file) or wnid not in names:
            raise ValueError(f"val_annotations.txt has a line that names no picture and class: '{line[:60]}'.")
        places[f"{ROOT}/val/images/{file}"] = Place("val", names[wnid], file)
    return places


def contents(archives: Archives, keys: set[str]) -> Iterator[tuple[str, bytes]]:
    (path,) = archives.values()
    yield from read_archive(path, keys)


def class_names(wnids: list[str], words: str) -> dict[str, str]:
    """WordNet's numbers with a name that is a folder's and that no other class has.

    >>> class_names(["n1", "n2"], "n1\\tcrane, a bird\\nn2\\tcrane, a machine\\n")
    {'n1': 'crane (n1)', 'n2': 'crane (n2)'}
    """
    table = dict(line.split("\t", 1) for line in words.splitlines() if "\t" in line)
    if missing := [wnid for wnid in wnids if wnid not in table]:
        raise ValueError(f"words.txt has no words for {missing[0]}.")
    first = {wnid: folder_name(table[wnid].split(",")[0]) for wnid in wnids}
    counted = Counter(name.lower() for name in first.values())  # some systems take Crane and crane for one folder
    return {wnid: name if counted[name.lower()] == 1 else f"{name} ({wnid})" for wnid, name in first.items()}


def read_image(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).transpose(2, 0, 1)  # (3, 64, 64)


def read_photos(root: Path, cache: Path) -> "tuple[dict[str, Tensor], list[str]]":
    """The official layout as uint8 tensors, kept in `cache` because decoding 110,000 files takes a minute."""
    import torch

    wnids = (root / "wnids.txt").read_text().split()
    words = dict(line.split("\t", 1) for line in (root / "words.txt").read_text().splitlines())
    names = [words[wnid].split(",")[0] for wnid in wnids]
    if not cache.exists():
        index = {wnid: i for i, wnid in enumerate(wnids)}
        train = [(path, index[wnid]) for wnid in wnids for path in sorted((root / "train" / wnid / "images").iterdir())]
        rows = [line.split("\t") for line in (root / "val" / "val_annotations.txt").read_text().splitlines()]
        val = [(root / "val" / "images" / row[0], index[row[1]]) for row in rows]
        arrays = {}
        with ProcessPoolExecutor() as pool:
            for split, files in (("train", train), ("val", val)):
                paths = [path for path, _ in files]
                decoded = tqdm(pool.map(read_image, paths, chunksize=500), split, total=len(paths), unit=" images")
                arrays[f"{split}_images"] = np.stack(list(decoded))
                arrays[f"{split}_labels"] = np.array([label for _, label in files])
        partial = cache.with_suffix(".partial.npz")
        np.savez(partial, **arrays)
        os.replace(partial, cache)
    with np.load(cache) as arrays:
        return {name: torch.from_numpy(arrays[name]) for name in arrays.files}, names


if __name__ == "__main__":
    raise SystemExit(command(DATA, plan, contents))
