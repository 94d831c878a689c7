"""Read Tiny ImageNet in its official layout: train/<wnid>/images, val/val_annotations.txt, wnids.txt, words.txt."""

import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm


def read_image(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).transpose(2, 0, 1)  # (3, 64, 64)


def read_photos(root: Path, cache: Path) -> tuple[dict[str, Tensor], list[str]]:
    """The official layout as uint8 tensors, kept in `cache` because decoding 110,000 files takes a minute."""
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
