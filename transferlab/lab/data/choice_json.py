"""A choice of data as JSON and back, for runs that are saved with what they learned from.

    text = json.dumps(to_json(choice))
    choice = from_json(json.loads(text))

Left out: images that were made in the notebook, of which nothing but their name could be told.
"""

from dataclasses import asdict, fields
from typing import Any

from transferlab.errors import unknown
from transferlab.lab.data.data_choice import EditedData, FolderData, TorchvisionData, WorldData
from transferlab.lab.data.edits import Edits
from transferlab.lab.data.sound_choice import SoundFolderData, SoundWorldData
from transferlab.lab.settings import DataChoice

KINDS: dict[str, Any] = {
    "world": WorldData, "folder": FolderData, "torchvision": TorchvisionData, "sounds": SoundWorldData,
    "sound folder": SoundFolderData,
}  # fmt: skip


def to_json(choice: DataChoice) -> dict[str, Any]:
    """A choice in JSON's types.

        >>> to_json(WorldData("tissue"))
        {'kind': 'world', 'name': 'tissue', 'per_class': 20, …}

    Raises:
        ValueError: images that somebody gave to the lab, which cannot be made again.
    """
    if isinstance(choice, EditedData):
        edits = {"relabelled": [list(one) for one in choice.edits.relabelled]}
        return {**to_json(choice.base), "edits": {**edits, "dropped": [list(one) for one in choice.edits.dropped]}}
    for kind, made in KINDS.items():
        if isinstance(choice, made):
            return {"kind": kind, **asdict(choice)}  # type: ignore[call-overload]
    raise ValueError(
        "Images that were made in the notebook cannot be written down. Save them as a folder with one sub-folder for "
        "each class, and give the lab its path."
    )


def from_json(written: Any) -> DataChoice:
    """The choice that was written by `to_json`.

        >>> from_json({"kind": "world", "name": "tissue"})
        WorldData(name='tissue', per_class=20, …)

    Raises:
        ValueError: something else, in a sentence that says what.
    """
    if not isinstance(written, dict):
        raise ValueError(f"A choice of data is written as an object with a 'kind'; you gave {written!r:.200}.")
    values = dict(written)
    kind, edits = values.pop("kind", None), values.pop("edits", None)
    if kind not in list(KINDS):  # whatever it is, a list included
        raise unknown("kind of data", kind, list(KINDS), owner="The kinds are")
    names = [one.name for one in fields(KINDS[kind])]
    for name in values:
        if name not in names:
            raise unknown("field", name, names, owner=f"'{kind}' has")
    try:
        choice = KINDS[kind](**values)
    except TypeError:
        raise ValueError(f"This choice of a {kind} lacks what it needs: {', '.join(names[:1])}.") from None
    if edits is None:
        return choice
    if not isinstance(edits, dict) or set(edits) - {"relabelled", "dropped"}:
        raise ValueError(f"Edits are written as 'relabelled' and 'dropped'; you gave {edits!r:.200}.")
    return EditedData(choice, Edits(**edits))
