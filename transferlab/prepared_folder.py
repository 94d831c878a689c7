"""A folder that was prepared for a class: its manifest, read, written, and held against what is there.

    print(check("/media/stick/transferlab"))

`manifest.json` lists every file with its sha256, `LICENCES.md` says the same to people. A data set is listed by its own
`SHA256SUMS`, in the format of sha256sum, so that a hundred thousand pictures do not swell the manifest. Left out:
filling the folder, which `profiles.py` does.
"""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from transferlab import __version__
from transferlab.backbones.caches import HUB_FOLDER, TORCH_FOLDER
from transferlab.downloading import file_digest
from transferlab.files import write_atomically

ENVIRONMENT = {"TORCH_HOME": TORCH_FOLDER, "HF_HUB_CACHE": HUB_FOLDER, "HF_HUB_OFFLINE": "1"}
MANIFEST, LICENCES, SUMS, CARD = "manifest.json", "LICENCES.md", "SHA256SUMS", "dataset.json"


@dataclass(frozen=True)
class Item:
    """One thing in the folder. `files` maps a path within the folder to its size in bytes and its sha256.

    `num_bytes` counts the pictures of a data set, too, which `files` does not list.
    """

    name: str
    source: str
    licence: str
    checked: str
    use: str
    num_bytes: int
    files: dict[str, tuple[int, str]]


@dataclass(frozen=True)
class FolderReport:
    """What is in a prepared folder, what is not as it should be, with the reason, and what else lies there."""

    folder: Path
    profile: str
    items: tuple[Item, ...]
    failed: dict[str, str]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"✓ {item.name}: {item.num_bytes / 1e6:,.1f} MB" for item in self.items]
        lines += [f"✗ {name}: {reason}" for name, reason in self.failed.items()] + [f"! {note}" for note in self.notes]
        if self.failed:
            again = f"Type transferlab fetch --profile {self.profile} --dest {self.folder} while there is a network"
            lines.append(f"{len(self.failed)} missing or changed. {again}: it brings only what is missing.")
            if any(name.startswith("data/") for name in self.failed):
                lines.append("A data set is made again by its script of data_scripts/; delete its folder first.")
            return "\n".join(lines)
        return "\n".join([*lines, "Set these where the notebooks run:", *exports(self.folder.absolute())])


def check(folder: str | Path, pictures: bool = True) -> FolderReport:
    """Read every file of a prepared folder and hold it against the manifest; nothing is changed, no network needed.

        >>> print(check("/media/stick/transferlab"))

    Without `pictures`, those of the data sets are left out: there may be a hundred thousand.

    Raises:
        ValueError: there is no manifest, or it is broken.
    """
    folder = Path(folder).expanduser()
    manifest = read_manifest(folder)
    items, failed = [], dict.fromkeys(manifest["missing"], "was not brought")
    for item in items_of(manifest):
        if wrong := list(differences(folder, item, pictures)):
            failed[item.name] = "; ".join(wrong[:5]) + (f"; and {len(wrong) - 5} more" if len(wrong) > 5 else "")
        else:
            items.append(item)
    return FolderReport(
        folder, manifest["profile"], tuple(items), failed, not_listed(folder, [*failed, *_names(items)])
    )


def read_manifest(folder: Path) -> dict[str, Any]:
    """What a prepared folder says of itself.

    Raises:
        ValueError: there is no manifest, or it is broken.
    """
    path = folder / MANIFEST
    again = f"Type transferlab fetch --profile classroom --dest {folder} while there is a network."
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(manifest["profile"], str) or not isinstance(manifest["missing"], list):
            raise TypeError
        if not all(_is_inside(path) for item in items_of(manifest) for path in item.files):
            raise ValueError
    except OSError as error:
        raise ValueError(f"There is no '{path}' ({error.strerror}). {again}") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"'{path}' is broken, or no manifest of transferlab. Delete it. {again}") from error
    return manifest


def items_of(manifest: dict[str, Any]) -> list[Item]:
    """The items that a manifest lists."""
    return [
        Item(**entry | {"files": {one["path"]: (one["bytes"], one["sha256"]) for one in entry["files"]}})
        for entry in manifest["items"]
    ]


def write_manifest(folder: Path, profile: str, items: list[Item], missing: Iterable[str]) -> None:
    """Write `manifest.json` and `LICENCES.md`."""
    manifest = {
        "made_by": f"transferlab {__version__}",
        "profile": profile,
        "environment": ENVIRONMENT,  # folders are relative to this one
        "items": [asdict(item) | {"files": _listed(item)} for item in items],
        "missing": list(missing),
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    write_atomically(folder / LICENCES, lambda partial: partial.write_text(_licences(items), encoding="utf-8"))
    write_atomically(folder / MANIFEST, lambda partial: partial.write_text(text, encoding="utf-8"))


def describe(name: str, folder: Path, paths: Iterable[Path], **said: Any) -> Item:
    """An item from the files as they lie there now."""
    files = {path.relative_to(folder).as_posix(): (path.stat().st_size, file_digest(path)) for path in paths}
    return Item(**{"num_bytes": sum(size for size, _ in files.values())} | said, name=name, files=files)


def differences(folder: Path, item: Item, pictures: bool = True) -> Iterator[str]:
    """Every file of an item that is not as listed, the pictures of a data set included."""
    for path, (size, digest) in item.files.items():
        yield from difference(folder, path, digest, size)
        if pictures and path.endswith(f"/{SUMS}") and (folder / path).is_file():
            for line in (folder / path).read_text(encoding="utf-8").splitlines():
                digest, _, picture = line.partition("  ")
                yield from difference(folder, path.removesuffix(SUMS) + picture, digest)


def difference(folder: Path, path: str, digest: str, size: int | None = None) -> Iterator[str]:
    """What is wrong with one file, if anything is."""
    if not _is_inside(path) or not (folder / path).is_file():
        yield f"{path} is missing"
    elif size not in (None, (folder / path).stat().st_size) or file_digest(folder / path) != digest:
        yield f"{path} was changed"


def not_listed(folder: Path, names: Iterable[str]) -> tuple[str, ...]:
    """Folders of data that the manifest does not know."""
    data, names = folder / "data", set(names)
    found = sorted(one.name for one in data.iterdir() if one.is_dir()) if data.is_dir() else []
    return tuple(f"data/{one} is not in the manifest" for one in found if f"data/{one}" not in names)


def folder_in_use() -> Path | None:
    """The prepared folder that `TORCH_HOME` or `HF_HUB_CACHE` point into, or None."""
    for name in ("TORCH_HOME", "HF_HUB_CACHE"):
        folder = Path(os.environ.get(name) or "/").expanduser().parent
        if (folder / MANIFEST).is_file() and os.environ.get(name):
            return folder
    return None


def exports(folder: Path) -> list[str]:
    """The lines for a shell that let every program find what is in the folder.

    >>> exports(Path("/media/stick"))[0]
    'export TORCH_HOME=/media/stick/torch'
    """
    return [
        f"export {name}={value if value.isdecimal() else f'{folder.as_posix()}/{value}'}"
        for name, value in ENVIRONMENT.items()
    ]


def _licences(items: list[Item]) -> str:
    lines = ["# What is in this folder, and under which licences", ""]
    for item in items:
        lines += [
            f"## {item.name}", "",
            f"- Licence: {item.licence}",
            f"- Source: {item.source}",
            f"- {item.num_bytes / 1e6:,.1f} MB: {', '.join(f'`{path}`' for path in item.files)}{_and_more(item)}",
            f"- Checked: {item.checked}",
            f"- Use: {item.use}", "",
        ]  # fmt: skip
    lines += ["## Where the notebooks run", "", "```", *exports(Path("FOLDER")), "```", ""]
    return "\n".join([*lines, "`transferlab fetch --check --dest FOLDER` reads every file again.", ""])


def _listed(item: Item) -> list[dict[str, Any]]:
    return [{"path": path, "bytes": size, "sha256": digest} for path, (size, digest) in item.files.items()]


def _and_more(item: Item) -> str:
    return " and what it lists" if any(path.endswith(f"/{SUMS}") for path in item.files) else ""


def _names(items: Iterable[Item]) -> list[str]:
    return [item.name for item in items]


def _is_inside(path: str) -> bool:
    return bool(path) and not Path(path).is_absolute() and ".." not in Path(path).parts
