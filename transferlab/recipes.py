"""The ways to transfer, as data: which stages train in which phase, for how long, at which rate.

Every chosen number lives here, with its reason. A recipe holds no code; `training.fit` carries it out on any model.
The numbers suit small sets (5 to 500 images a class) under AdamW; each is an argument, so that a student can ruin it.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from transferlab.errors import check_learning_rate, unknown
from transferlab.keep_methods import KeepMethod
from transferlab.lora.settings import LoraSettings


@dataclass(frozen=True)
class Phase:
    """A stretch of training in which the freeze line stands still.

    `frozen_share` counts the backbone's stages from the stem: 1 freezes them all and trains the head, 0 trains
    everything. The head learns at `head_lr`, the thawed stages at `backbone_lr` (without one at a tenth of `head_lr`);
    where `lowest_lr` is given too, at rates that grow geometrically from `lowest_lr` at the stem to `backbone_lr` at
    the last stage below the head. `stage_lrs` names stages with a rate of their own, which overrules all of these.
    """

    name: str
    frozen_share: float
    epochs: int
    head_lr: float
    backbone_lr: float | None = None
    lowest_lr: float | None = None
    until_converged: bool = False  # end early when the training loss no longer falls; `epochs` is then the most
    schedule: str = "one_cycle"  # or "constant"
    stage_lrs: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.frozen_share <= 1:
            raise ValueError(f"frozen_share lies within 0…1 (1 trains only the head); you gave {self.frozen_share!r}.")
        if isinstance(self.epochs, bool) or not isinstance(self.epochs, int) or self.epochs < 1:
            raise ValueError(f"A phase needs a whole number of epochs, 1 or more; you gave {self.epochs!r}.")
        if self.schedule not in ("one_cycle", "constant"):
            raise unknown("schedule", self.schedule, ["one_cycle", "constant"])
        for name in ("head_lr", "backbone_lr", "lowest_lr"):
            if getattr(self, name) is not None:
                check_learning_rate(getattr(self, name), name)
        if self.lowest_lr is not None and self.backbone_lr is None:
            raise ValueError("lowest_lr is the rate at the stem; give backbone_lr, the last stage's, with it.")
        if not isinstance(self.stage_lrs, Mapping):
            raise ValueError(
                f"stage_lrs names rates by stage, such as {{'layer4': 1e-4}}; you gave {self.stage_lrs!r}."
            )
        for stage, lr in self.stage_lrs.items():
            check_learning_rate(lr, f"stage_lrs['{stage}']")


@dataclass(frozen=True)
class Recipe:
    """Phases in their order, and what holds for all of them."""

    name: str
    phases: tuple[Phase, ...]
    batch_size: int = 32  # small sets need many steps more than they need smooth gradients
    weight_decay: float = 0.01  # AdamW's usual value; norms and biases are exempt
    bn: str = "frozen"  # BatchNorm of frozen stages; "train" is what fastai does
    keep_features: bool = True  # what is frozen runs once an image; without crops, which have no end of views
    keep_statistics: bool = True  # thawed BatchNorm keeps the pretrained ones: 32 images make worse
    starts_from: str = "pretrained"  # "random" refuses a pretrained model, so that scratch means scratch
    keep: KeepMethod | None = None  # a way to keep the source task: L2SP, EWC, LwF, Replay
    adapters: LoraSettings | None = None  # with some, they train in place of the backbone's own weights

    def __post_init__(self) -> None:
        if not self.phases:
            raise ValueError(f"The recipe '{self.name}' has no phases; give at least one Phase.")
        if isinstance(self.batch_size, bool) or not isinstance(self.batch_size, int) or self.batch_size < 2:
            raise ValueError(f"batch_size is a whole number, 2 or more (BatchNorm); you gave {self.batch_size!r}.")
        if self.keep is not None and not isinstance(self.keep, KeepMethod):
            raise ValueError(f"keep is L2SP(), EWC(), LwF(), Replay() or None; you gave {self.keep!r}.")
        if self.adapters is not None and not isinstance(self.adapters, LoraSettings):
            raise ValueError(f"adapters is LoraSettings(r=8) or None; you gave {self.adapters!r}.")
        if self.adapters is not None and self.starts_from == "random":
            raise ValueError(
                f"'{self.name}' starts from random weights, which adapters would leave so; leave them out."
            )
        if self.keep is not None and self.starts_from == "random":
            raise ValueError(f"'{self.name}' starts from random weights, which know nothing to keep; leave keep out.")
        if not 0 <= self.weight_decay < 1:
            raise ValueError(f"weight_decay lies within 0…1; you gave {self.weight_decay!r}.")

    @property
    def epochs(self) -> int:
        """The most epochs this recipe can take."""
        return sum(phase.epochs for phase in self.phases)

    def batches_per_epoch(self, num_train: int) -> int:
        """How many steps an epoch on so many images takes; a last batch of one image joins the one before it.

        >>> fine_tuning().batches_per_epoch(65)
        2
        """
        whole, rest = divmod(num_train, self.batch_size)
        return max(1, whole + (rest > 1))

    def to_plain(self) -> dict[str, Any]:
        """The recipe as it comes back from JSON: lists and dicts only, so that a saved run equals its original."""
        settings = dataclasses.asdict(self)
        settings["phases"] = [dict(phase) for phase in settings["phases"]]
        if self.adapters is None:
            del settings["adapters"]  # runs and checkpoints from before there were any stay readable
        if self.keep is not None:
            settings["keep"] = {"method": type(self.keep).__name__, **settings["keep"]}
        return settings

    def shortened(self, share: float) -> "Recipe":
        """The same recipe with every phase cut to `share` of its epochs, at least one each."""
        return self.with_epochs([max(1, round(phase.epochs * share)) for phase in self.phases])

    def with_epochs(self, epochs: Sequence[int]) -> "Recipe":
        """The same recipe with another number of epochs for each of its phases.

        >>> fine_tuning().with_epochs([2, 5]).epochs
        7
        """
        phases = tuple(dataclasses.replace(one, epochs=n) for one, n in zip(self.phases, epochs, strict=True))
        return dataclasses.replace(self, phases=phases)


def feature_extraction(epochs: int = 20, head_lr: float = 3e-3, **settings: Any) -> Recipe:
    """Freeze the whole backbone and train a new head on its features.

        >>> for record in fit(model, data, feature_extraction(epochs=10)): ...

    Source: Donahue et al., "DeCAF" (2013); Sharif Razavian et al., "CNN Features off-the-shelf" (2014).
    The head is a small convex problem, hence the high rate. The backbone runs once for each image and its mirror image.
    """
    return Recipe("feature_extraction", (Phase("head", 1.0, epochs, head_lr),), **settings)


def fine_tuning(epochs: int = 20, head_epochs: int = 8, head_lr: float = 1e-3, **settings: Any) -> Recipe:
    """Train the head first, then everything: the backbone 10 times slower than the head at its top, 100 at its stem.

        >>> for record in fit(model, data, fine_tuning(head_lr=5e-4)): ...

    Source: Howard & Ruder, "Universal Language Model Fine-tuning" (2018) for the discriminative rates; the head comes
    first because gradients through a random head would damage what is below it (Kumar et al. 2022).
    """
    check_learning_rate(head_lr, "head_lr")
    first_lr = check_learning_rate(3 * head_lr, "3 · head_lr, the rate of the first phase,")
    return Recipe(
        "fine_tuning",
        (
            Phase("head", 1.0, head_epochs, first_lr),
            Phase("all", 0.0, epochs, head_lr, backbone_lr=head_lr / 10, lowest_lr=head_lr / 100),
        ),
        **settings,
    )


def last_stage(epochs: int = 20, head_epochs: int = 8, head_lr: float = 1e-3, **settings: Any) -> Recipe:
    """The new head first, then the last stage with it, at a tenth of the head's rate; everything below stays frozen.

        >>> for record in fit(model, data, last_stage(epochs=10)): ...

    Between feature extraction and fine-tuning, with the numbers of `fine_tuning`: what is thawed is a fifth of the
    stages, though in a ResNet most of the weights.
    """
    check_learning_rate(head_lr, "head_lr")
    first_lr = check_learning_rate(3 * head_lr, "3 · head_lr, the rate of the first phase,")
    return Recipe(
        "last_stage",
        (
            Phase("head", 1.0, head_epochs, first_lr),
            Phase("last stage", 0.8, epochs, head_lr, backbone_lr=head_lr / 10),
        ),
        **settings,
    )


def gradual_unfreezing(epochs: int = 5, head_epochs: int = 15, head_lr: float = 1e-3, **settings: Any) -> Recipe:
    """The head until it converges, then the last stages at a tenth of its rate, then more, ever slower.

        >>> for record in fit(model, data, gradual_unfreezing(epochs=5)): ...

    `epochs` counts for each thawing. Source: Howard & Ruder (2018), section 3.3, with stages in place of layers.
    """
    return Recipe(
        "gradual_unfreezing",
        (
            Phase("head", 1.0, head_epochs, head_lr, until_converged=True, schedule="constant"),
            Phase("last stage", 0.8, epochs, head_lr, backbone_lr=head_lr / 10),
            Phase("upper half", 0.5, epochs, head_lr, backbone_lr=head_lr / 30),
            Phase("all", 0.0, epochs, head_lr, backbone_lr=head_lr / 100),
        ),
        **settings,
    )


def from_scratch(epochs: int = 30, lr: float = 1e-3, **settings: Any) -> Recipe:
    """Train everything from random weights, at one rate: what transfer is compared with.

        >>> model = load("bundled", num_classes=8, pretrained=False)
        >>> for record in fit(model, data, from_scratch()): ...

    As many epochs as the longest of the others can take, all of them through the whole network.
    """
    return Recipe("from_scratch", (Phase("all", 0.0, epochs, lr, backbone_lr=lr),), starts_from="random", **settings)


def lp_ft(epochs: int = 15, probe_epochs: int = 15, head_lr: float = 3e-3, **settings: Any) -> Recipe:
    """Linear probing until it converges, then everything at one low rate, the head included.

        >>> for record in fit(model, data, lp_ft(epochs=10)): ...

    Source: Kumar et al., "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution" (2022):
    from a head that has converged, fine-tuning changes the features less than from a random one.
    """
    check_learning_rate(head_lr, "head_lr")
    return Recipe(
        "lp_ft",
        (
            Phase("probe", 1.0, probe_epochs, head_lr, until_converged=True, schedule="constant"),
            Phase("all", 0.0, epochs, head_lr / 30, backbone_lr=head_lr / 30),
        ),
        **settings,
    )


def lora(
    epochs: int = 20, head_epochs: int = 8, head_lr: float = 1e-3, adapter_lr: float | None = None, r: int = 4,
    lora_alpha: float = 16, lora_dropout: float = 0.0, target_modules: str | tuple[str, ...] | None = None,
    modules_to_save: tuple[str, ...] | None = None, **settings: Any,
) -> Recipe:  # fmt: skip
    """Train the head first, then it and a thin adapter beside each target layer; pretrained weights never move.

        >>> for record in fit(model, data, lora(r=8)): ...

    Source: Hu et al., "LoRA" (2021). Adapters start at zero and are small, so that they learn at the head's rate, ten
    times that of the weights beside them (Schulman et al., "LoRA Without Regret", 2025). At rank 4 they are 2 to 3 % of
    the parameters of the networks in this package. `head_epochs=0` leaves the first phase out, for a model whose head
    is not new. What the other arguments mean stands in `LoraSettings`.
    """
    adapters = LoraSettings(r, lora_alpha, lora_dropout, target_modules, modules_to_save)
    check_learning_rate(head_lr, "head_lr")
    rate = head_lr if adapter_lr is None else check_learning_rate(adapter_lr, "adapter_lr")
    phases: tuple[Phase, ...] = (Phase("adapters", 0.0, epochs, head_lr, backbone_lr=rate),)
    if head_epochs:
        first_lr = check_learning_rate(3 * head_lr, "3 · head_lr, the rate of the first phase,")
        phases = (Phase("head", 1.0, head_epochs, first_lr), *phases)
    return Recipe("lora", phases, adapters=adapters, **settings)


RECIPES: dict[str, Callable[..., Recipe]] = {
    "feature_extraction": feature_extraction,
    "last_stage": last_stage,
    "fine_tuning": fine_tuning,
    "gradual_unfreezing": gradual_unfreezing,
    "lp_ft": lp_ft,
    "lora": lora,
    "from_scratch": from_scratch,
}


def recipe(given: str | Recipe) -> Recipe:
    """A recipe by its name, with its default numbers; a recipe is returned as it is.

    >>> recipe("fine_tuning").epochs
    28
    """
    if isinstance(given, Recipe):
        return given
    if given not in RECIPES:
        raise unknown("recipe", given, list(RECIPES), owner="The recipes are")
    return RECIPES[given]()
