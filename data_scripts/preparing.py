"""What every script for a data set does: download, check, and lay the pictures out as `tl.folder_splits` reads them.

    python data_scripts/flowers102.py DEST

DEST/train/<class>/…, DEST/val/… and DEST/test/… hold the pictures; DEST/dataset.json says where they come from, under
which licence and how many there are; DEST/SHA256SUMS lists each one. A script says what its set is and which file of
the archives goes where. DEST appears when it is whole. Left out: boxes, masks and what else a set may have.
"""

import argparse
import hashlib
import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Any

from data_sets import PARTS, Archive, DataSet, Place, about, in_no_order, is_safe
from PIL import Image
from tqdm import tqdm

from transferlab.data.decode import FORMATS, MAX_PIXELS
from transferlab.downloading import check_room, download, file_digest, partial_of
from transferlab.prepared_folder import CARD, SUMS

MOST_LEFT_OUT = 0.01  # the share of pictures that may be unreadable; more, and the set is not what it should be


Archives = dict[str, Path]
Plan = Callable[[Archives], dict[str, Place]]  # the key of a picture, such as its name in the archive → its place
Contents = Callable[[Archives, set[str]], Iterator[tuple[str, bytes]]]  # those keys with the pictures' bytes


def command(data: DataSet, plan: Plan, contents: Contents, arguments: Sequence[str] | None = None) -> int:
    """A script's command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=about(data), formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dest", type=Path, metavar="DEST", help="a folder that is made; read it with tl.folder_splits")
    parser.add_argument("--per-class", type=int, metavar="N", help="at most N pictures a class in each part")
    parser.add_argument("--keep-archive", action="store_true", help="leave what was downloaded in DEST-archives")
    options = parser.parse_args(arguments)
    try:
        print(prepare(data, options.dest.expanduser(), plan, contents, options.per_class, options.keep_archive))
    except KeyboardInterrupt:
        print("\nStopped; the same command goes on.")
        return 130
    except (ValueError, OSError) as error:
        print(f"{data.name}: {error}")
        return 1
    return 0


@dataclass
class Prepared:
    """What lies in a folder now: counts by part and class, and pictures that were left out, with the reason."""

    folder: Path
    counts: dict[str, dict[str, int]]
    left_out: dict[str, str] = field(default_factory=dict)
    was_there: bool = False
    archives: Path | None = None

    def __str__(self) -> str:
        parts = ", ".join(f"{sum(counts.values()):,} in {part}/" for part, counts in self.counts.items())
        state = "is there already" if self.was_there else "is ready"
        left = f"\nLeft out, unreadable: {', '.join(self.left_out)}" if self.left_out else ""
        kept = f"\nThe archives stay in {self.archives}." if self.archives else ""
        return f"{self.folder} {state}: {parts}, {len(self.counts['train'])} classes.{left}{kept}"


def prepare(
    data: DataSet, dest: Path, plan: Plan, contents: Contents, per_class: int | None = None, keep_archive: bool = False
) -> Prepared:
    """Make `dest`, unless it is there. Archives that lie in DEST-archives already are checked and used.

    Raises:
        ValueError: `dest` holds something else, or what was downloaded is not the set.
        OSError: no network, or no room; the same call goes on.
    """
    if per_class is not None and per_class < 1:
        raise ValueError(f"--per-class is a number of pictures, 1 or more; you gave {per_class}.")
    if dest.exists():
        return _what_is_there(data, dest, per_class)
    folder = dest.with_name(f"{dest.name}-archives")
    check_room(dest.parent, 2.5 * data.num_bytes)
    given = [one.file for one in data.archives if (folder / one.file).exists()]  # put there by hand, or kept
    archives = {one.file: _fetched(one, folder) for one in data.archives}
    places = few(plan(archives), per_class)
    unfinished = dest.with_name(f"{dest.name}.partial")
    if unfinished.is_dir() and not unfinished.is_symlink():
        shutil.rmtree(unfinished)  # of a run that was stopped
    unfinished.mkdir()
    try:
        prepared = _fill(unfinished, data, places, contents(archives, set(places)), archives, per_class)
        unfinished.rename(dest)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    if not keep_archive:
        for file in archives.keys() - set(given):
            archives[file].unlink()
        if not any(folder.iterdir()):
            folder.rmdir()
    return replace(prepared, folder=dest, archives=folder if folder.exists() else None)


def _fill(
    root: Path, data: DataSet, places: dict[str, Place], contents: Iterator[tuple[str, bytes]], archives: Archives,
    per_class: int | None,
) -> Prepared:  # fmt: skip
    prepared = Prepared(root, {})
    sums = _lay_out(root, places, contents, prepared)
    _check_parts(places, prepared)
    (root / SUMS).write_text("".join(f"{sums[name]}  {name}\n" for name in sorted(sums)), encoding="utf-8")
    _write_card(root, data, archives, prepared, per_class)
    return prepared


def few(places: dict[str, Place], per_class: int | None) -> dict[str, Place]:
    """At most so many of each class in each part: the same ones each time, and more of them with a larger number."""
    if per_class is None:
        return places
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for key in sorted(places, key=in_no_order):
        groups[places[key].part, places[key].class_name].append(key)
    chosen = {key for keys in groups.values() for key in keys[:per_class]}
    return {key: place for key, place in places.items() if key in chosen}


def _fetched(one: Archive, folder: Path) -> Path:
    path = folder / one.file
    algorithm, _, digits = one.checksum.partition(":")
    if path.exists():
        if file_digest(path, algorithm).startswith(digits):
            return path
        raise ValueError(f"'{path}' is not {one.url}: it has another {algorithm}. Delete it, and it is fetched.")
    try:
        return download(one.url, path, one.checksum, most_bytes=2 * one.num_bytes)
    except OSError as error:
        kept = f"{partial_of(path).stat().st_size / 1e6:,.1f} MB of it are kept. " if partial_of(path).exists() else ""
        raise OSError(
            f"{one.url} could not be downloaded ({getattr(error, 'reason', None) or error}). {kept}The same command "
            f"goes on; or put the file into {folder} by hand."
        ) from error


def _lay_out(
    root: Path, places: dict[str, Place], contents: Iterator[tuple[str, bytes]], prepared: Prepared
) -> dict[str, str]:
    """Write every readable picture; returns the sha256 of each."""
    sums: dict[str, str] = {}
    counted: Counter[tuple[str, str]] = Counter()
    for key, content in tqdm(contents, desc=root.stem, total=len(places), unit=" pictures", disable=None):
        place = places[key]
        name = f"{place.part}/{place.class_name}/{place.file}"
        if not is_safe(place):
            raise ValueError(f"'{name}' is no place for a picture.")
        if reason := unreadable(content):
            prepared.left_out[name] = reason
            continue
        assert name not in sums, name
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
        sums[name] = hashlib.sha256(content).hexdigest()
        counted[place.part, place.class_name] += 1
    for part, class_name in sorted(counted, key=lambda one: (PARTS.index(one[0]), one[1])):
        prepared.counts.setdefault(part, {})[class_name] = counted[part, class_name]
    return sums


def unreadable(content: bytes) -> str:
    """Why these bytes are no picture; empty where they are one, as far as its header tells.

    >>> unreadable(b"<html>")
    'cannot identify image file'
    """
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as image:
            return "" if image.width * image.height <= MAX_PIXELS else f"{image.width:,} × {image.height:,} pixels"
    except Exception as error:  # decoders raise anything on broken files
        return str(error).partition(" <")[0] or type(error).__name__


def _check_parts(places: dict[str, Place], prepared: Prepared) -> None:
    if len(prepared.left_out) > MOST_LEFT_OUT * len(places):
        name, reason = next(iter(prepared.left_out.items()))
        raise ValueError(f"{len(prepared.left_out):,} of {len(places):,} pictures are unreadable: {name} ({reason}), …")
    classes = {part: set(counts) for part, counts in prepared.counts.items()}
    if "train" not in classes or len(classes) < 2 or any(one != classes["train"] for one in classes.values()):
        raise ValueError(f"The parts hold different classes: { {part: len(one) for part, one in classes.items()} }.")


def _write_card(root: Path, data: DataSet, archives: Archives, prepared: Prepared, per_class: int | None) -> None:
    sources = [asdict(one) | {"sha256": file_digest(archives[one.file])} for one in data.archives]
    pictures = sum(path.stat().st_size for part in PARTS for path in (root / part).rglob("*") if path.is_file())
    card: dict[str, Any] = asdict(data) | {
        "archives": sources, "per_class": per_class, "num_bytes": pictures,
        "counts": prepared.counts, "left_out": prepared.left_out,
    }  # fmt: skip
    (root / CARD).write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    few_of = f" At most {per_class} pictures a class in each part were taken." if per_class else ""
    counts = "\n".join(
        f"    {part + '/':8}{sum(counts.values()):,} pictures" for part, counts in prepared.counts.items()
    )
    text = f"{about(data)}\n\nHere, in {len(prepared.counts['train'])} classes:\n{counts}\n{few_of}\n"
    (root / "README.txt").write_text(text, encoding="utf-8")


def _what_is_there(data: DataSet, dest: Path, per_class: int | None) -> Prepared:
    try:
        card = json.loads((dest / CARD).read_text(encoding="utf-8"))
        name, made_with, counts, left_out = (card[key] for key in ("name", "per_class", "counts", "left_out"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"'{dest}' is there and was not made by this script. Give another folder.") from error
    if (name, made_with) != (data.name, per_class):
        with_ = f"made with --per-class {made_with}" if made_with else "made whole, without --per-class"
        raise ValueError(f"'{dest}' holds {name}, {with_}. Give another folder, or delete this one.")
    return Prepared(dest, counts, left_out, was_there=True)
