"""Fill a folder for a class that has no network: weights, data, checksums and licences, once, where there is one.

    transferlab fetch --profile classroom --dest /media/stick/transferlab
    transferlab fetch --check --dest /media/stick/transferlab

The folder holds no links and may be moved: on a stick, into an image, to a shared disk. Filled again, it keeps what is
there and right. Left out: the wheels of Python packages, which pip downloads (lessons/instructor/guide.md), and
preparing data sets, which data_scripts/ do; what they have put under data/ is listed in the manifest.
"""

import argparse
import json
import shutil
from functools import partial
from pathlib import Path

from transferlab.backbones import bundled_backbone, fetch
from transferlab.backbones.caches import HUB_FOLDER, TORCH_FOLDER, caches_in
from transferlab.backbones.fetching import fetch_into
from transferlab.backbones.names import library_of, resolve
from transferlab.downloading import check_room, file_digest
from transferlab.errors import unknown
from transferlab.files import write_atomically
from transferlab.language import bundled_language_model
from transferlab.prepared_folder import (
    CARD,
    MANIFEST,
    SUMS,
    FolderReport,
    Item,
    check,
    describe,
    difference,
    differences,
    items_of,
    not_listed,
    read_manifest,
    write_manifest,
)

BUNDLED = {  # what comes with the package: its folder there, its weights, how it is used
    "bundled": (bundled_backbone, bundled_backbone.WEIGHTS, "tl.load('bundled')"),
    "language model": (
        bundled_language_model, f"{bundled_language_model.NAME}.safetensors",
        "load_language_model() of transferlab.language",
    ),
}  # fmt: skip
LARGER = {"torchvision/resnet50": 103, "timm/efficientnet_b4": 78}  # MB; what the lessons' last sections ask for
PROFILES: dict[str, dict[str, int]] = {"binder": {}, "classroom": LARGER}  # beside what comes with the package
OUR_FOLDERS = {TORCH_FOLDER, HUB_FOLDER, "bundled", "data"}


def fetch_command(options: argparse.Namespace) -> int:
    """`transferlab fetch`: one backbone by its name, a profile into --dest, or --check of what is in --dest."""
    if options.name is not None:
        if options.profile or options.dest or options.check:
            raise ValueError("Give the name of a backbone, or --profile and --dest, or --check and --dest.")
        print(fetch(options.name))
        return 0
    if options.dest is None or options.check == bool(options.profile):
        raise ValueError("Give the name of a backbone, or --profile and --dest, or --check and --dest.")
    report = check(options.dest) if options.check else prepare(options.profile, options.dest)
    print(report)
    return int(bool(report.failed))


def prepare(profile: str, folder: str | Path) -> FolderReport:
    """Bring what the lessons need into `folder`, or only what is missing there.

        >>> print(prepare("classroom", "/media/stick/transferlab"))

    `binder` holds what comes with the package, `classroom` also ResNet-50 and EfficientNet-B4, and both list the data
    sets that lie under data/. What cannot be brought leaves the others as they are, and is in `failed` with the reason.

    Raises:
        ValueError: there is no such profile, or `folder` holds something else.
        OSError: the folder cannot be written, or its disk has no room for all of it.
    """
    if profile not in PROFILES:
        raise unknown("profile", profile, tuple(PROFILES), owner="Profiles are")
    folder = Path(folder).expanduser()
    known = _what_is_there(folder, profile)
    larger = {name: size for name, size in PROFILES[profile].items() if name not in known}
    check_room(folder, 1e6 * (sum(larger.values()) + (0 if known else 12)))
    wanted = dict.fromkeys(BUNDLED, _bundled) | dict.fromkeys(PROFILES[profile], _larger)
    wanted |= {f"data/{card.parent.name}": _data_set for card in sorted((folder / "data").glob(f"*/{CARD}"))}
    items: list[Item] = []
    failed: dict[str, str] = {}
    for name, bring in wanted.items():
        try:
            items.append(bring(name, folder, known.get(name)))
        except (OSError, ValueError) as error:
            failed[name] = str(error).removeprefix(f"{name} ")
        # After each, so that an interruption leaves a folder that says what is in it and forgets nothing that it knew.
        done = {item.name for item in items} | failed.keys()
        later = [known[name] for name in wanted if name in known and name not in done]
        there = {item.name for item in (*items, *later)}
        write_manifest(folder, profile, [*items, *later], [name for name in wanted if name not in there])
    return FolderReport(folder, profile, tuple(items), failed, not_listed(folder, wanted))


def _what_is_there(folder: Path, profile: str) -> dict[str, Item]:
    if folder.is_file():
        raise ValueError(f"'{folder}' is a file; --dest takes a folder, which is made where it is not there.")
    if not (folder / MANIFEST).exists():
        others = {one.name for one in folder.iterdir()} - OUR_FOLDERS if folder.is_dir() else set()
        if any(not name.startswith(".") for name in others):
            raise ValueError(
                f"'{folder}' holds other things. Give a folder of its own: --dest {folder / 'transferlab'}"
            )
        return {}
    manifest = read_manifest(folder)
    if PROFILES.get(manifest["profile"], {}).keys() - PROFILES[profile]:
        there = manifest["profile"]
        raise ValueError(
            f"'{folder}' has the profile '{there}', and with it all of '{profile}'. "
            f"Type --profile {there}, or give another folder."
        )
    return {item.name: item for item in items_of(manifest)}


def _bundled(name: str, folder: Path, known: Item | None) -> Item:
    """The package's own files; the card beside the weights names their sha256."""
    module, weights, use = BUNDLED[name]
    card = json.loads((module.FOLDER / weights.replace(".safetensors", ".json")).read_text(encoding="utf-8"))
    if file_digest(module.FOLDER / weights) != card["sha256"]:
        raise ValueError(f"'{module.FOLDER / weights}' is not what its card says. Install transferlab again.")
    paths = []
    for origin in sorted(one for one in module.FOLDER.iterdir() if one.suffix in (".safetensors", ".json")):
        paths.append(folder / "bundled" / origin.name)
        if not paths[-1].is_file() or file_digest(paths[-1]) != file_digest(origin):
            write_atomically(paths[-1], partial(shutil.copyfile, origin))
    checked = "the sha256 of the weights, which their card names"
    use = f"{use}; the package has these files itself"
    return describe(name, folder, paths, source=card["source"], licence=card["licence"], checked=checked, use=use)


def _larger(name: str, folder: Path, known: Item | None) -> Item:
    """A network of another library, where that library looks for it when the environment is set."""
    for file, (size, digest) in known.files.items() if known else ():
        if list(difference(folder, file, digest, size)):
            (folder / file).unlink(missing_ok=True)
    backbone = resolve(name)
    path = fetch_into(backbone, caches_in(folder)).path
    library, paths = library_of(backbone), [path]
    source, checked = library.download_url(backbone), "the first 8 digits of the sha256, which the file's name carries"
    if path.is_relative_to(folder / HUB_FOLDER):
        root = path.parents[2]  # models--timm--…/snapshots/<commit>/model.safetensors
        paths.append(root / "refs" / "main")
        source = f"https://huggingface.co/{root.name.removeprefix('models--').replace('--', '/', 1)}"
        checked = "the sha256 of the weights, which the hub announced"
    licence = library.card(backbone, True).licence
    return describe(name, folder, paths, source=source, licence=licence, checked=checked, use=f"tl.load('{name}')")


def _data_set(name: str, folder: Path, known: Item | None) -> Item:
    """What a script of data_scripts/ has prepared."""
    card = folder / name / CARD
    said = json.loads(card.read_text(encoding="utf-8"))
    try:
        about = {"source": said["page"], "licence": said["licence"], "num_bytes": int(said["num_bytes"])}
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"'{card}' does not say source, licence and size. Prepare the data set again.") from error
    checked = f"the archive, as {name}/{CARD} says; each picture has its line in {name}/{SUMS}"
    item = describe(
        name, folder, [card, card.parent / SUMS], **about, checked=checked, use=f"tl.folder_splits('{name}')"
    )
    if wrong := list(differences(folder, item)):
        raise ValueError("; ".join(wrong[:5]) + (f"; and {len(wrong) - 5} more" if len(wrong) > 5 else ""))
    return item
