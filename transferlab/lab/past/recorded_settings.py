"""The settings of a run in JSON's types, and back from a file of unknown origin.

    plain = settings_to_plain(finished.settings, finished.run)
    settings_from_plain(plain)

Drawn worlds and prepared sets are made again from their record. Images from a folder, or that somebody gave to the lab,
are not in a recording: their choice comes back as `RecordedData`, which says so when it is asked for images. Names are
checked, since "Show me the code" writes them into a script that a reader may run. Left out: a backbone of one's own,
which comes back as the name of its class.
"""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from transferlab.data.images import Splits
from transferlab.lab.data.data_choice import TorchvisionData, WorldData
from transferlab.lab.data.sound_choice import SoundWorldData
from transferlab.lab.past.checked_values import check_values
from transferlab.lab.settings import DataChoice, Settings
from transferlab.records import Run

# A folder's path is of another machine.
MADE_AGAIN = {one.__name__: one for one in (WorldData, TorchvisionData, SoundWorldData)}
NAME = re.compile(r"[\w./: -]{1,120}")
LARGEST = 10_000  # any number of a data choice but its seed; more images of a class were never drawn here
OWN = "a network of one's own: "


@dataclass(frozen=True)
class RecordedData:
    """Images that a recording speaks of and does not hold; `made_by` is the code that they were made with."""

    name: str
    made_by: str

    def make(self) -> Splits:
        raise ValueError(
            f"The images of this recorded run ('{self.name}') are not in the recording. Choose the same images as data "
            "first; watching needs none."
        )

    def code(self) -> str:
        # As a comment: it comes from a file, and a reader may run what stands here.
        return "\n".join(["# data: the images of the recording, which were made so:", *self._commented])

    @property
    def _commented(self) -> list[str]:
        return [f"#   {line}" for line in self.made_by.splitlines()]


def settings_to_plain(settings: Settings, run: Run) -> dict[str, Any]:
    """Everything but the images and a network of one's own.

    >>> settings_to_plain(finished.settings, finished.run)["recipe"]
    'fine_tuning'
    """
    values = {one.name: getattr(settings, one.name) for one in dataclasses.fields(settings)}
    choice = values.pop("data")
    backbone = values["backbone"]
    values["backbone"] = backbone if isinstance(backbone, str) else f"{OWN}{type(backbone).__name__}"
    values["stage_lrs"] = dict(settings.stage_lrs)
    data: dict[str, Any] = {"kind": type(choice).__name__, "name": run.data, "code": choice.code() if choice else ""}
    if type(choice).__name__ in MADE_AGAIN and dataclasses.is_dataclass(choice):
        data["values"] = dataclasses.asdict(choice)  # type: ignore[arg-type]
    elif isinstance(choice, RecordedData):
        data["code"] = choice.made_by
    return {**values, "data": data}


def settings_from_plain(plain: Any) -> Settings:
    """What `settings_to_plain` gave.

        >>> settings_from_plain(plain).data.make()

    Raises:
        ValueError: a setting is missing, unknown, or cannot be that.
    """
    if not isinstance(plain, Mapping) or not isinstance(plain.get("data"), Mapping):
        raise ValueError("its settings are missing")
    values = {name: value for name, value in plain.items() if name != "data"}
    try:
        settings = Settings().changed(**values, data=_choice(plain["data"]))
    except (TypeError, AttributeError) as error:  # such as a list where a name is looked up
        raise ValueError(f"its settings are of the wrong kind ({error})") from None
    if not isinstance(settings.backbone, str):
        raise ValueError(f"its backbone is {settings.backbone!r}")
    check_values(settings, "settings", but=("backbone", "data"))
    own = settings.backbone.removeprefix(OWN)
    for name in (own, settings.device, settings.schedule, *settings.stage_lrs, settings.line or "head"):
        check_name(name)
    return settings


def check_name(name: Any) -> None:
    """Raise ValueError where this is no plain name, as of a stage, a backbone or a device.

    >>> check_name("layer4")
    """
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError(f"it holds a name that is none: {str(name)[:60]!r}")


def _choice(plain: Mapping[str, Any]) -> DataChoice:
    name, code = plain.get("name"), plain.get("code")
    if not isinstance(name, str) or not isinstance(code, str):
        raise ValueError("it does not say which images it was trained on")
    kind = MADE_AGAIN.get(str(plain.get("kind")))
    values = plain.get("values")
    if kind is None or not isinstance(values, Mapping):
        return RecordedData(name, code)
    try:
        choice = kind(**values)
        check_values(choice, "data")
        for key, value in values.items():
            if isinstance(value, str):
                check_name(value)
            elif isinstance(value, int) and key != "seed" and not 0 <= value <= LARGEST:
                raise ValueError(f"{key} is {value}")
        if choice.code() != code:  # an edit, or a later version's knob, that this one does not know
            return RecordedData(name, code)
    except (ValueError, TypeError, AttributeError):
        return RecordedData(name, code)
    return choice
