"""torchvision's classification data sets by name, as the same `ImageSet` that a folder gives.

torchvision spells the parts of its sets in four ways (`train=True`, `split="train"`, `split="trainval"`, none at all),
keeps labels under five names and class names under three; the table below is where that is settled. Left out: sets
with several labels an image or none (CelebA, COCO, LFW …), EMNIST (stored turned on its side), and those of a hundred
thousand large photos and more (ImageNet, Places365, INaturalist, SUN397), which `folder` reads from their own layout.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from transferlab.data import decode, store
from transferlab.data.images import ImageSet, Splits
from transferlab.data.memory import memory_budget
from transferlab.errors import unknown

MANY = 1000  # images from which a progress bar appears
DIGITS = tuple("0123456789")


@dataclass(frozen=True)
class Known:
    """How one set of torchvision's wants to be asked."""

    train: dict[str, Any]  # the arguments that choose its training part
    test: dict[str, Any] | None  # and its test part; None where it is published undivided
    class_names: tuple[str, ...] = ()  # where torchvision has none
    also: dict[str, Any] = field(default_factory=dict)
    threads: bool = True  # whether several images may be read at once


def _flag(class_names: tuple[str, ...] = ()) -> Known:
    return Known({"train": True}, {"train": False}, class_names)


def _split(train: str = "train", test: str = "test", class_names: tuple[str, ...] = (), **more: Any) -> Known:
    return Known({"split": train}, {"split": test}, class_names, **more)


SETS: dict[str, Known] = {
    "CIFAR10": _flag(),
    "CIFAR100": _flag(),
    "Caltech101": Known({}, None),
    "Caltech256": Known({}, None),
    "Country211": _split(),
    "DTD": _split(),
    "EuroSAT": Known({}, None),
    "FGVCAircraft": _split("trainval"),
    "FashionMNIST": _flag(),
    "Flowers102": _split(),
    "Food101": _split(),
    "GTSRB": _split(class_names=tuple(f"sign {i}" for i in range(43))),
    "Imagenette": _split(test="val", also={"size": "320px"}),
    "KMNIST": _flag(),
    "MNIST": _flag(),
    "OxfordIIITPet": _split("trainval"),
    "PCAM": _split(class_names=("no tumour", "tumour"), threads=False),  # HDF5 files take one reader
    "QMNIST": _flag(),
    "RenderedSST2": _split(),
    "STL10": _split(),
    "SVHN": _split(class_names=DIGITS),
    "USPS": _flag(DIGITS),
}


def torchvision_set(
    name: str,
    root: str | Path | None = None,
    train: bool = True,
    size: int = 64,
    download: bool = False,
    limit: int | None = None,
    progress: bool | None = None,
) -> ImageSet:
    """One part of a data set of torchvision's as uint8 images `(N, 3, size, size)`.

        >>> torchvision_set("CIFAR10", root="data", train=False, size=32, limit=1000)
        ImageSet('CIFAR10', 1,000 images of 32×32, 10 classes: 100 to 100 images each)

    `root` is the folder that torchvision would be given, by default `torchvision` in the cache folder; nothing is
    fetched unless `download` is true. `limit` takes that many images, as evenly from the classes as they allow and the
    same ones each time. Sets that are published undivided (EuroSAT, Caltech101, Caltech256) come whole: divide them
    with `.split()`, or ask `torchvision_splits`. Pictures become squares as `decode` says.

    Raises ValueError for an unknown name, a set that is not on the disk or damaged there, a test part that does not
    exist, and one too large for the memory; OSError where a download fails.
    """
    name = _named(name)
    known = SETS[name]
    decode.check_size(size)
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise ValueError(f"limit is a number of images of at least 1, or None for all; you gave {limit!r}.")
    part = known.train if train else known.test
    if part is None:
        raise ValueError(
            f"{name} has no test part of its own. Type torchvision_splits({name!r}) to have one set aside."
        )
    place = Path(root).expanduser() if root else store.cache_folder() / "torchvision"
    dataset = _opened(name, place, part, known, download)
    chosen = _chosen(dataset, limit)
    needed, budget = len(chosen) * 3 * size * size, memory_budget()
    if needed > budget:
        raise ValueError(
            f"{name} at size {size} takes {needed / 1e6:,.0f} MB; {budget / 1e6:,.0f} MB are free for it. "
            f"Type limit={max(1, budget // (3 * size * size)):_} or less, or a smaller size=."
        )
    images, labels = (
        torch.empty(len(chosen), 3, size, size, dtype=torch.uint8),
        torch.zeros(len(chosen), dtype=torch.int64),
    )
    show = len(chosen) >= MANY if progress is None else progress
    bar = tqdm(_read(dataset, chosen, size, known.threads), name, total=len(chosen), unit=" images", disable=not show)
    for i, (image, label) in enumerate(bar):
        images[i], labels[i] = torch.from_numpy(image), label
    return ImageSet(images, labels, _class_names(dataset, known), name=name)


def torchvision_splits(
    name: str,
    root: str | Path | None = None,
    size: int = 64,
    download: bool = False,
    limit: int | None = None,
    held_out: float = 0.2,
    seed: int = 0,
    progress: bool | None = None,
) -> Splits:
    """A data set of torchvision's as training and held-out images: its own parts, or a stratified split.

        >>> data = torchvision_splits("CIFAR10", root="data", limit=2000)

    `limit` holds for each part. `held_out` and `seed` count only for sets that are published undivided. Other
    arguments and errors as for `torchvision_set`.
    """
    name = _named(name)
    options: dict[str, Any] = {"root": root, "size": size, "download": download, "limit": limit, "progress": progress}
    train = torchvision_set(name, train=True, **options)
    if SETS[name].test is None:
        return train.split(held_out, seed)
    return Splits(train, torchvision_set(name, train=False, **options))


def _named(name: str) -> str:
    """The set's own spelling: 'cifar-10' is CIFAR10."""
    plain = {known.lower(): known for known in SETS}
    found = plain.get(str(name).lower().replace("-", "").replace("_", "").replace(" ", ""))
    if found:
        return found
    from torchvision import datasets

    if name in datasets.__all__:
        raise ValueError(
            f"torchvision's {name} is not among the classification sets that can be read by name: {', '.join(SETS)}. "
            "Lay its images out in one folder for each class and type folder(path)."
        )
    raise unknown("torchvision data set", name, list(SETS), owner="The sets are")


def _opened(name: str, root: Path, part: dict[str, Any], known: Known, download: bool) -> Any:
    from torchvision import datasets

    try:
        if not download and not root.is_dir():  # some sets would make the folder
            raise FileNotFoundError(root)
        return getattr(datasets, name)(root=str(root), download=download, **part, **known.also)
    except Exception as error:  # each set fails in a way of its own: RuntimeError, EOFError, BadZipFile, KeyError …
        for cause in (error, error.__cause__, error.__context__):
            if isinstance(cause, ModuleNotFoundError):
                raise _needs(name, cause) from error
        if download:
            reason = " ".join(str(error).split())[:300]
            raise OSError(
                f"{name} could not be downloaded to '{root}' ({reason}). Check the network and the disk."
            ) from error
        raise ValueError(
            f"{name} is not in '{root}', or not whole. Where there is a network, type once "
            f"torchvision_set({name!r}, root={str(root)!r}, download=True), or give root= the folder that holds it."
        ) from error


def _needs(name: str, error: ModuleNotFoundError) -> ValueError:
    package = str(error.name).split(".")[0]
    return ValueError(f"{name} is stored in a format that needs {package}. Type pip install {package}.")


def _labels(dataset: Any) -> Tensor | None:
    """All labels without reading an image, where the set has them."""
    for attribute in ("targets", "labels", "_labels", "y"):
        if isinstance(values := getattr(dataset, attribute, None), Sequence | Tensor) or hasattr(values, "shape"):
            labels = torch.as_tensor(values).long()
            return labels[:, 0] if labels.ndim == 2 else labels  # QMNIST keeps who wrote the digit beside the digit
    if samples := getattr(dataset, "_samples", None) or getattr(dataset, "samples", None):
        return torch.tensor([label for _, label in samples])
    return None


def _chosen(dataset: Any, limit: int | None) -> list[int]:
    """Positions of at most `limit` images, in order, dealt out to the classes in turn."""
    if limit is None or limit >= len(dataset):
        return list(range(len(dataset)))
    order = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(0))
    if (labels := _labels(dataset)) is not None:
        turn = torch.zeros(len(dataset), dtype=torch.int64)  # which of its class's images each one is, in that order
        for label in labels.unique():
            rows = order[labels[order] == label]
            turn[rows] = torch.arange(len(rows))
        order = order[turn[order].argsort(stable=True)]
    return sorted(order[:limit].tolist())


def _read(dataset: Any, chosen: list[int], size: int, threads: bool) -> Iterator[tuple[Any, int]]:
    def one(i: int) -> tuple[Any, int]:
        name = type(dataset).__name__
        try:
            image, label = dataset[i]
            return decode.pixels(image, size), int(label)
        except ModuleNotFoundError as error:  # Caltech101 looks for it here
            raise _needs(name, error) from error
        except Exception as error:
            raise ValueError(
                f"Image {i} of {name} cannot be read ({error}). Delete '{dataset.root}' and fetch it again."
            ) from error

    if not threads:
        yield from map(one, chosen)
        return
    with ThreadPoolExecutor(decode.reading_threads()) as pool:
        for start in range(0, len(chosen), store.ROWS_AT_ONCE):
            yield from pool.map(one, chosen[start : start + store.ROWS_AT_ONCE])


def _class_names(dataset: Any, known: Known) -> tuple[str, ...]:
    names = known.class_names or getattr(dataset, "classes", None) or getattr(dataset, "categories", None)
    if not names:  # Flowers102 before torchvision 0.21
        labels = _labels(dataset)
        assert labels is not None, f"{type(dataset).__name__} has neither names nor labels"
        names = [f"class {i}" for i in range(int(labels.max()) + 1)]
    # Imagenette gives each class several names, of which the first is the common one.
    return tuple((name if isinstance(name, str) else name[0]).replace("_", " ") for name in names)
