"""A folder of pictures, one sub-folder for each class, as an `ImageSet`.

The layout is torchvision's `ImageFolder`; what differs is that every file is read once, at the size it is used at, and
that nothing in the folder can stop the reading: what is no picture is passed over and reported. Small folders lie in
memory, big ones in a file that is kept and found again as long as the folder stays as it was. Left out: labels in a
table, masks.
"""

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any
from unicodedata import normalize

import torch

from transferlab.callable_module import make_callable
from transferlab.data.decode import check_size
from transferlab.data.folder_report import FolderReport, across, plural, same_pixels, some
from transferlab.data.images import ImageSet, Splits
from transferlab.data.listing import (
    Found,
    Listing,
    Skipped,
    existing_folder,
    is_image,
    list_classes,
    printable,
    subfolders,
)
from transferlab.data.reading import read_all

TRAIN_NAMES = ("train", "training")
HELD_OUT_NAMES = ("val", "valid", "validation", "test", "testing")  # the first that exists is measured on


def folder(
    path: str | Path,
    size: int = 64,
    *,
    memory_budget: int | None = None,
    cache: str | Path | None = None,
    progress: bool | None = None,
) -> ImageSet:
    """Read `path/<class>/*.jpg`, at any depth, as uint8 images `(N, 3, size, size)`.

        >>> data = folder("flowers", size=64)
        >>> print(data.report)

    How a picture becomes a square is said at `decode`. Files that cannot be read are skipped and listed in `.report`,
    a `FolderReport`. Above `memory_budget` bytes (by default a quarter of what this process may still use) the images
    go to a file in `cache` (by default the user's cache folder) and the tensor reads from it; such a file is found
    again while no file of the folder was changed. `progress` shows a bar; by default from 1,000 files.

    Raises:
        ValueError: there is no such folder, it holds no class folders or only one, or a class has no readable image.
        OSError: the cache cannot be written, or its disk is full.
    """
    check_size(size)
    root = existing_folder(path)
    if (parts := _split_folders(root)) and parts[1]:
        raise ValueError(
            f"{root} is divided already, into {parts[0].name}/ and {parts[1].name}/. "
            f"Type folder_splits({str(path)!r}) for both, or folder({str(parts[0])!r}) for one of them."
        )
    listing = list_classes(root)
    _check_classes(root, listing)
    reading = read_all(root, listing.found, size, memory_budget, cache, progress)
    kept = [found for i, found in enumerate(listing.found) if i not in reading.reasons]
    unread = [Skipped(listing.found[i].name, reason) for i, reason in reading.reasons.items()]
    _check_every_class(root, listing, kept, unread)
    labels = torch.tensor([found.label for found in kept])
    counted = Counter(labels.tolist())
    files = tuple(found.name for found in kept)
    report = FolderReport(
        path=printable(str(path)),
        counts={name: counted[i] for i, name in enumerate(listing.class_names)},
        skipped=tuple(sorted([*listing.skipped, *unread], key=lambda entry: entry.file)),
        duplicates=same_pixels(files, reading.fingerprints),
        single_image_classes=tuple(name for i, name in enumerate(listing.class_names) if counted[i] == 1),
        storage="memory" if reading.file is None else "memmap",
        file=reading.file,
        files=files,
        fingerprints=tuple(reading.fingerprints),
    )
    names = tuple(listing.class_names)
    return ImageSet(reading.images, labels, names, name=printable(root.resolve().name), files=files, report=report)


def folder_splits(
    path: str | Path,
    size: int = 64,
    held_out: float = 0.2,
    seed: int = 0,
    *,
    memory_budget: int | None = None,
    cache: str | Path | None = None,
    progress: bool | None = None,
) -> Splits:
    """A folder as training and held-out images: as it is divided on the disk, or else by `ImageSet.split`.

        >>> data = folder_splits("hymenoptera_data")
        >>> print("\\n".join(data.notes))

    Where `path` holds train/ and one of val/, valid/, validation/, test/, those are the two parts, and `held_out` and
    `seed` are not used. The notes say what was skipped, which classes have one image, and which pictures lie in both
    parts. Other arguments and errors as for `folder`; also ValueError where the two parts have different classes.
    """
    root = existing_folder(path)
    name = printable(root.resolve().name)  # of both parts: it says more than "train"
    options: dict[str, Any] = {"memory_budget": memory_budget, "cache": cache, "progress": progress}
    train_path, held_path = _split_folders(root) or (None, None)
    if train_path is None or held_path is None:
        whole = replace(folder(train_path or root, size, **options), name=name)
        splits = whole.split(held_out, seed)
        known = dict(zip(whole.files, whole.report.fingerprints, strict=True))
        notes = [note for note in whole.report.notes() if not note.startswith("one image only")]
        copies = across(splits.train.files, splits.held_out.files, known, known)
        return replace(splits, notes=(*notes, *splits.notes, *copies))
    train, held = folder(train_path, size, **options), folder(held_path, size, **options)
    _check_same_classes(train_path, train, held_path, held)
    notes = [f"{part.name}/: {note}" for part in (train, held) for note in part.report.notes()]
    others = [name for name in subfolders(root) if name not in (train_path.name, held_path.name)]
    if others:
        notes.append(f"not read: {', '.join(f'{printable(name)}/' for name in others)}")
    copies = across(
        train.files, held.files,
        dict(zip(train.files, train.report.fingerprints, strict=True)),
        dict(zip(held.files, held.report.fingerprints, strict=True)),
    )  # fmt: skip
    return Splits(replace(train, name=name), replace(held, name=name), (*notes, *copies))


def _split_folders(root: Path) -> tuple[Path, Path | None] | None:
    """train/ and the held-out folder where `root` is divided on the disk: they hold class folders and no images."""

    def divided(names: tuple[str, ...]) -> Path | None:
        for name in names:
            for given in inside:
                if (
                    given.lower() == name
                    and subfolders(root / given)
                    and not any(map(is_image, os.listdir(root / given)))
                ):
                    return root / given
        return None

    inside = subfolders(root)
    train, held = divided(TRAIN_NAMES), divided(HELD_OUT_NAMES)
    return (train, held) if train and (held or len(inside) == 1) else None


def _check_classes(root: Path, listing: Listing) -> None:
    names = listing.class_names
    if not names:
        loose = sum(is_image(entry.file) for entry in listing.skipped)
        there = f" {plural(loose, 'image lies', 'images lie')} directly in it." if loose else " It is empty."
        above = f"\nIf '{root.name}' is itself one of the classes, give the folder above it." if loose else ""
        raise ValueError(
            f"No class folders in '{root}'.{there} Give each class a folder of its own:\n"
            f"    insects/ants/1.jpg\n    insects/ants/2.jpg\n    insects/bees/3.jpg{above}"
        )
    if len(set(names)) < len(names):
        twice = [name for name, count in Counter(names).items() if count > 1]
        raise ValueError(
            f"Folders of '{root}' differ only in how an accent is stored: {some(twice)}. Rename one of each."
        )
    if len(names) == 1:
        deeper = subfolders(root / subfolders(root)[0])
        hint = f" Did you mean '{root / subfolders(root)[0]}', with {some(deeper)} in it?" if len(deeper) > 1 else ""
        raise ValueError(f"Only one class, '{names[0]}', in '{root}': a task needs at least two.{hint}")


def _check_every_class(root: Path, listing: Listing, kept: list[Found], unread: list[Skipped]) -> None:
    present = {found.label for found in kept}
    empty = [name for i, name in enumerate(listing.class_names) if i not in present]
    if not empty:
        return
    told = []
    for name in empty[:10]:
        why = Counter(
            s.reason for s in [*listing.skipped, *unread] if normalize("NFC", f"{s.file}/").startswith(f"{name}/")
        )
        reasons = ", ".join(f"{reason} ({count})" for reason, count in why.most_common(3))
        told.append(f"'{name}'" + (f" [{reasons}]" if reasons else " [empty]"))
    more = f" and {len(empty) - 10} more" if len(empty) > 10 else ""
    raise ValueError(
        f"No readable image in {plural(len(empty), 'class folder', number=False)} {', '.join(told)}{more} of '{root}'. "
        "Add images, or take the folder away."
    )


def _check_same_classes(train_path: Path, train: ImageSet, held_path: Path, held: ImageSet) -> None:
    missing = [name for name in train.class_names if name not in held.class_names]
    extra = [name for name in held.class_names if name not in train.class_names]
    if missing or extra:
        said = [f"only in {train_path.name}/: {some(missing)}"] if missing else []
        said += [f"only in {held_path.name}/: {some(extra)}"] if extra else []
        raise ValueError(
            f"{train_path.name}/ and {held_path.name}/ must hold the same classes; {'; '.join(said)}. "
            f"Rename the folders, or read one part alone with folder({str(train_path)!r})."
        )


make_callable(__name__, folder)  # tl.folder(…), whatever was imported before
