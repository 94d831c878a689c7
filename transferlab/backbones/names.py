"""From what a user types to one backbone: `bundled`, `torchvision/…`, `timm/…`, or a bare name that only one has.

A tag behind a dot chooses among several sets of weights, as timm writes it: `timm/resnet50.a1_in1k`,
`torchvision/resnet50.imagenet1k_v1`. Networks for texts and sounds are `hf/…`, with their task as the tag. A library is
imported only when a name asks for it.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from transferlab.errors import did_you_mean

LIBRARIES = ("torchvision", "timm")
BUNDLED = ("bundled", "resnet18_half")
HUB, MINILM = "hf", "minilm"  # networks for texts and sounds, and the one that is named without its library
TEXT_TASKS = ("sequence_classification", "token_classification", "causal_lm", "sentence_embedding")
SOUND_TASK = "audio_classification"
SUFFIXES = (".safetensors", ".pt", ".pth", ".bin")


@dataclass(frozen=True)
class BackboneName:
    """One backbone; `str` gives the spelling that `load` takes.

    >>> str(BackboneName("timm", "resnet50", "a1_in1k"))
    'timm/resnet50.a1_in1k'
    """

    library: str
    architecture: str
    tag: str = ""

    def __str__(self) -> str:
        if self.library == "transferlab":
            return BUNDLED[0]
        return f"{self.library}/{self.architecture}" + (f".{self.tag}" if self.tag else "")


def is_file_name(name: object) -> bool:
    """Whether this means a file of weights rather than the name of a backbone or the folder of a hub's model.

    >>> is_file_name("mine.safetensors"), is_file_name("timm/resnet50.a1_in1k")
    (True, False)
    """
    if isinstance(name, Path) and (name / "config.json").is_file():
        return False
    return isinstance(name, Path) or (isinstance(name, str) and name.lower().endswith(SUFFIXES))


def resolve(name: str) -> BackboneName:
    """The one backbone that is meant by `name`; capitals do not matter.

        >>> resolve("torchvision/resnet50")
        BackboneName(library='torchvision', architecture='resnet50', tag='')

    Raises:
        ValueError: no backbone has this name (with the nearest one), or two libraries have it (with both spellings).
    """
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"A backbone is named by text such as 'bundled' or 'torchvision/resnet50'; you gave {name!r}.")
    wanted = name.strip().lower()
    if wanted == MINILM or wanted.startswith(f"{HUB}/"):
        return _of_the_hub(name.strip())
    if wanted in BUNDLED:
        return BackboneName("transferlab", BUNDLED[1])
    library, slash, rest = wanted.partition("/")
    if slash and library in LIBRARIES:
        found = [_find(library, rest)]
    elif slash:
        found = []
    else:
        found = [_find(library, wanted) for library in LIBRARIES]
    matches = [match for match in found if match is not None]
    if not matches:
        raise _unknown(name.strip())
    if len(matches) > 1:
        spellings = " or ".join(f"'{match}'" for match in matches)
        raise ValueError(f"Two libraries have a '{wanted}', with different weights. Type {spellings}.")
    return matches[0]


def available(pattern: str | None = None) -> list[str]:
    """The names of all backbones, or of those that match: `*` stands for anything, bare text may be anywhere.

        >>> available("efficientnet_b4")
        ['timm/efficientnet_b4', 'timm/gc_efficientnet_b4', …, 'torchvision/efficientnet_b4']
        >>> available("timm/resnet50.*")      # with a dot: every set of weights
        ['timm/resnet50.a1_in1k', 'timm/resnet50.a1h_in1k', …]

    Raises:
        ValueError: nothing matches.
    """
    names = _all_names()
    if pattern is None:
        return names
    wanted = pattern.strip().lower()
    if "." in wanted:
        pairs = ((library, one) for library in LIBRARIES for one in architectures(library))
        names = [f"{library}/{one}.{tag}" for library, one in pairs for tag in tags(library, one)]
    glob = wanted if any(sign in wanted for sign in "*?[") else f"*{wanted}*"
    matches = [name for name in names if fnmatchcase(name, glob) or fnmatchcase(name.partition("/")[2], glob)]
    if not matches:
        raise _unknown(pattern)
    return sorted(matches)


def library_of(backbone: BackboneName) -> ModuleType:
    """The module that builds this library's models.

    >>> library_of(resolve("bundled")).__name__
    'transferlab.backbones.bundled_backbone'
    """
    files = {
        "transferlab": "bundled_backbone", "torchvision": "torchvision_models", "timm": "timm_models",
        HUB: "hugging_face_sound" if backbone.tag == SOUND_TASK else "hugging_face",
    }  # fmt: skip
    return import_module(f"transferlab.backbones.{files[backbone.library]}")


@cache
def architectures(library: str) -> frozenset[str]:
    """The classifiers of a library, without tags.

    >>> "resnet50" in architectures("torchvision")
    True
    """
    if library == "timm":
        import timm

        return frozenset(timm.list_models())
    from torchvision import models

    return frozenset(models.list_models(module=models))


def tags(library: str, architecture: str) -> tuple[str, ...]:
    """The sets of weights of an architecture, the library's own choice first; empty where it has none.

    >>> tags("torchvision", "resnet50")
    ('imagenet1k_v2', 'imagenet1k_v1')
    """
    return library_of(BackboneName(library, architecture)).tags_of(architecture)


def _of_the_hub(name: str) -> BackboneName:
    """`hf/owner/Name.task`, as it is written: the hub's names and a disk's folders know capitals."""
    rest = name[len(HUB) + 1 :] if name.lower().startswith(f"{HUB}/") else name
    stem, _, last = rest.rpartition(".")
    rest, task = (stem, last) if last in (*TEXT_TASKS, SOUND_TASK) else (rest, "")
    if not rest:
        raise ValueError("'hf/' is followed by a name on the hub or a folder: 'hf/bert-base-uncased', 'hf/./mine'.")
    return BackboneName(HUB, MINILM if rest.lower() == MINILM else rest, task)


def _find(library: str, name: str) -> BackboneName | None:
    architecture, _, tag = name.partition(".")
    if architecture not in architectures(library):
        return None
    if tag and tag not in tags(library, architecture):
        return None
    return BackboneName(library, architecture, tag)


def _all_names() -> list[str]:
    return ["bundled", *sorted(f"{library}/{name}" for library in LIBRARIES for name in architectures(library))]


def _unknown(given: str) -> ValueError:
    wanted = given.lower()
    library, slash, rest = wanted.rpartition("/")
    architecture, dot, _ = rest.partition(".")
    owners = [one for one in LIBRARIES if (not slash or library == one) and architecture in architectures(one)]
    if dot and owners:
        existing = [f"{one}/{architecture}.{tag}" for one in owners for tag in tags(one, architecture)]
        listing = f"{architecture} has these: {', '.join(existing)}." if existing else f"{architecture} has no weights."
        return ValueError(f"No weights '{given}'. {listing}{did_you_mean(given, existing)}")
    if Path(given).exists():
        hint = f" A file of weights ends with {', '.join(SUFFIXES)}."
    else:
        # Bare names are compared with bare names: a prefix that all share would outweigh what differs.
        pool = [name for name in _all_names() if not slash or name.startswith(f"{library}/")]
        if not slash or library in LIBRARIES:
            near = did_you_mean(wanted.rpartition("/")[2], sorted({name.rpartition("/")[2] for name in pool}))
            full = [name for name in pool if near and near.endswith(f"'{name.rpartition('/')[2]}'?")]
            hint = f" Did you mean {' or '.join(repr(name) for name in full)}?" if full else ""
        else:
            hint = did_you_mean(wanted, _all_names())
    counts = " and ".join(f"{len(architectures(one)):,} as '{one}/…'" for one in LIBRARIES)
    return ValueError(
        f"No backbone '{given}'. There is 'bundled', and {counts} ('minilm' and 'hf/…' for texts, 'hf/…' for sounds); "
        f"available('*resnet*') lists those with resnet in their name.{hint}"
    )
