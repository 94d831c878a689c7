"""What a run of the lab starts from: the pretrained backbone, what it can do, the images, a fresh model each time.

    workshop = Workshop()
    workshop.prepare(settings)
    model, memory = workshop.model(settings), workshop.memory(settings)

Everything that two runs can share is made once: the backbone is loaded, its source task measured and the images drawn
when they are first needed, and again only after the settings named other ones. Left out: training.
"""

import copy
from collections.abc import Callable
from typing import Any

from torch import nn

from transferlab.backbones import load
from transferlab.backbones.card import card_of
from transferlab.data.images import Splits
from transferlab.data.labelled import LabelledSet
from transferlab.forgetting import SourceMemory, remember
from transferlab.heads import replace_head
from transferlab.lab.data.given_data import GivenData
from transferlab.lab.settings import REHEARSAL, REHEARSED, Settings
from transferlab.lab.stage_map import StageLook, stage_map
from transferlab.phases import plan
from transferlab.randomness import OwnRandomness
from transferlab.records import PhaseRow
from transferlab.stages import stages


class Workshop:
    """Backbone, images and memory, each made when it is first asked for.

    >>> workshop = Workshop()
    >>> workshop.data(settings), workshop.pretrained(settings), workshop.stages(settings)
    """

    def __init__(self) -> None:
        self._made: dict[str, tuple[object, Any]] = {}  # what → (of what, the thing itself)

    def data(self, settings: Settings) -> Splits:
        """The images that the settings name.

        Raises:
            ValueError: there are none, or they cannot be made.
        """
        choice = settings.data
        if choice is None:
            raise ValueError(
                'There are no images to learn from. Type Lab(data="objects"), or choose some in the panel.'
            )
        if isinstance(choice, GivenData):
            return choice.splits
        return self._once("data", choice, choice.make)

    def pretrained(self, settings: Settings) -> nn.Module:
        """The backbone with its own head, never trained here."""
        backbone = settings.backbone
        return self._once("pretrained", backbone, lambda: load(backbone) if isinstance(backbone, str) else backbone)

    def memory(self, settings: Settings) -> SourceMemory:
        """What the backbone can do: the drawn half of its source task, else agreement on the held-out images."""
        pretrained = self.pretrained(settings)
        rehearsal = REHEARSAL if settings.keep in REHEARSED else 0
        card = card_of(pretrained)
        if card and card.name == "bundled":
            make: Callable[[], SourceMemory] = lambda: remember(pretrained, rehearsal=rehearsal)  # noqa: E731
            return self._once("memory", (pretrained, rehearsal), make)
        images = self.data(settings).held_out
        return self._once("memory", (pretrained, images), lambda: remember(pretrained, images))

    def model(self, settings: Settings) -> nn.Module:
        """A model for one run: the pretrained backbone, or random weights, with a new head for the images' classes."""
        num_classes = self.data(settings).train.num_classes
        if settings.starts_from_random:
            if not isinstance(settings.backbone, str):
                raise ValueError(
                    "A network of your own comes with its weights, so from scratch is not for it. Choose another "
                    "recipe, or give the lab a fresh network."
                )
            with OwnRandomness(settings.seed):
                return load(settings.backbone, num_classes, pretrained=False)
        model = copy.deepcopy(self.pretrained(settings))
        replace_head(model, num_classes, seed=settings.seed)
        return model

    def stages(self, settings: Settings) -> tuple[StageLook, ...]:
        """The map of the stages of the model that the settings give."""
        images = self.data(settings).train
        key = (self._untrained(settings), images.size)
        return self._once("stages", key, lambda: stage_map(self._untrained(settings), images))

    def plan(self, settings: Settings) -> tuple[PhaseRow, ...]:
        """What each phase of a run would train, and how fast.

        Raises:
            ValueError: no run can be made of these settings, or the backbone takes other examples; see `check_fit`.
        """
        model = self._untrained(settings)
        check_fit(model, self.data(settings).train)
        return plan(model, settings.to_recipe(stages(model).names))

    def _untrained(self, settings: Settings) -> nn.Module:
        """A model that no run gets, to plan with."""
        key = (settings.backbone, self.data(settings).train.num_classes, settings.starts_from_random)
        return self._once("untrained", key, lambda: self.model(settings))

    def _once(self, what: str, of: object, make: Callable[[], Any]) -> Any:
        known = self._made.get(what)
        if known is None or not _same(known[0], of):
            known = self._made[what] = of, make()
        return known[1]


def check_fit(model: nn.Module, examples: LabelledSet) -> None:
    """Raise ValueError where a model takes something else than these examples, as far as its card says.

    >>> check_fit(load("bundled"), spectrograms(sounds))
    """
    card = card_of(model)
    if card is None:
        return
    takes = card.takes.split()[0].rstrip("s,") if card.takes.strip() else "image"
    if takes == examples.noun:
        return
    does = {"image": "looks at pictures", "text": "reads texts", "sound": "hears sounds"}.get(takes, card.takes)
    advice = {
        ("image", "sound"): " Give it spectrograms(sounds), of transferlab.sound.",
        ("image", "text"): ' For texts give the lab a network that reads them, load("minilm") or another.',
    }.get((takes, examples.noun), "")
    raise ValueError(f"'{card.name}' {does}, and these are {examples.noun}s.{advice}")


def _same(one: object, other: object) -> bool:
    """Names by value, models and images by identity."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return one is other or (not isinstance(one, nn.Module) and not isinstance(other, nn.Module) and one == other)
