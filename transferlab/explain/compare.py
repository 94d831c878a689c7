"""The same images through several models, or through one model along its run, side by side at any stage.

    models = {"pretrained": load("bundled"), "fine-tuned": tuned}
    compare(models, data.held_out.subset([0, 1]), stage="layer3")
    strip(snapshots, tuned, data.held_out.subset([0]), target="bee")

Each model gets its own maps (`explain`) and its own answer, since the same map means little beside another answer. The
models may have other classes; a class that is asked for by name is looked up in each. Left out: one number for how
alike two maps are; see `checks/similarity.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from transferlab.backbones.card import card_of
from transferlab.callable_module import make_callable
from transferlab.data.images import ImageSet
from transferlab.errors import unknown
from transferlab.explain.attribution import Attribution, explain
from transferlab.explain.requests import Target, as_input, first_answer, pictures
from transferlab.explain.snapshot import Snapshot, model_at
from transferlab.inference import evaluating
from transferlab.out_of_memory import in_parts
from transferlab.randomness import OwnRandomness
from transferlab.stages import stages

SIDE_BY_SIDE = 6  # panels that one can still read at the width of a notebook
Names = Mapping[str, Sequence[str]] | Sequence[str] | None


@dataclass(frozen=True)
class Answer:
    """What one model says about one image: the class it chose, the class its map is for, probabilities within 0…1."""

    predicted: str
    probability: float
    explained: str
    explained_probability: float


@dataclass(frozen=True, eq=False)
class Comparison:
    """Maps and answers of several models for the same images; `names` are the models', in order.

        >>> comparison = compare(models, images)
        >>> comparison.attributions["fine-tuned"].maps.shape
        torch.Size([2, 64, 64])
        >>> comparison.answers["fine-tuned"][0]
        Answer(predicted='bee', probability=0.97, explained='bee', explained_probability=0.97)

    `images` are the pixels `(N, 3, H, W)` as they were given, `labels` the true classes where an ImageSet was.
    """

    images: Tensor
    labels: tuple[str, ...] | None
    attributions: dict[str, Attribution]
    answers: dict[str, tuple[Answer, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.attributions)

    def __str__(self) -> str:
        lines = []
        for name, attribution in self.attributions.items():
            where = f" at '{attribution.stage}'" if attribution.stage else ""
            said = ", ".join(f"{one.predicted} {one.probability:.0%}" for one in self.answers[name])
            lines.append(f"{name}: {said} ({attribution.method}{where})")
        return "\n".join(lines)

    __repr__ = __str__


def compare(
    models: Mapping[str, nn.Module],
    images: ImageSet | Tensor,
    target: Target = None,
    method: str = "grad_cam",
    stage: str | int | None = None,
    class_names: Names = None,
) -> Comparison:
    """The same images through several models.

        >>> compare({"pretrained": load("bundled"), "fine-tuned": tuned, "scratch": scratch}, images, stage="layer3")
        pretrained: honeycomb 41% (grad_cam at 'layer3')
        fine-tuned: bee 97% (grad_cam at 'layer3')
        scratch: ant 55% (grad_cam at 'layer3')

    `images`, `method` and `stage` are those of `explain`. `target` is None for what each model answers, a name that is
    looked up in each model, or a number, which means the same class only where the heads are alike. Names of classes
    are taken from `class_names` (one list for all, or a list a model), else from the model's card, else from the
    images, wherever there are as many of them as the head has outputs. The models stay as they are.

    Raises:
        ValueError: no models, a stage or a class that one of them does not have (the sentence says which), or what
            `explain` refuses.
    """
    if not isinstance(models, Mapping) or not models or not all(isinstance(one, nn.Module) for one in models.values()):
        raise ValueError(
            "compare() takes models by name, such as {'pretrained': load('bundled'), 'fine-tuned': model}; you gave "
            f"{models if isinstance(models, Mapping) else type(models).__name__}."
        )
    if stage is not None:
        _check_stage(models, stage)
    return _compared(models.items(), images, target, method, stage, class_names)


def strip(
    snapshots: Iterable[Snapshot],
    model: nn.Module,
    images: ImageSet | Tensor,
    target: Target = None,
    method: str = "grad_cam",
    stage: str | int | None = None,
    class_names: Names = None,
    most: int = SIDE_BY_SIDE,
) -> Comparison:
    """The same images through the snapshots of a run, named "epoch 0", "epoch 4", …

        >>> strip(snapshots, model, data.held_out.subset([0]), stage="layer3").names
        ('epoch 0', 'epoch 3', 'epoch 6', 'epoch 9', 'epoch 12', 'epoch 15')

    At most `most` of them, evenly spread, the first and the last among them. `model` is of the run's architecture.

    Raises:
        ValueError: no snapshots, one of another model, or what `compare` refuses.
    """
    chosen = _spread(tuple(snapshots), most)
    if stage is not None:
        _check_stage({"the model of this run": model}, stage)
    pairs = ((f"epoch {one.epoch}", model_at(model, one)) for one in chosen)  # one copy at a time in memory
    return _compared(pairs, images, target, method, stage, class_names)


def _compared(
    pairs: Iterable[tuple[str, nn.Module]], images: ImageSet | Tensor, target: Target, method: str,
    stage: str | int | None, class_names: Names,
) -> Comparison:  # fmt: skip
    pixels = pictures(images)
    labels = tuple(images.class_names[i] for i in images.labels.tolist()) if isinstance(images, ImageSet) else None
    attributions: dict[str, Attribution] = {}
    answers: dict[str, tuple[Answer, ...]] = {}
    for name, model in pairs:
        try:
            probabilities = _probabilities(model, pixels)
            names = _names(name, model, images, class_names, probabilities.shape[1])
            if isinstance(target, str):
                if target not in names:
                    raise unknown("class", target, names, owner="Its classes are")
                wanted: Target = names.index(target)
            else:
                wanted = target
            attributions[name] = explain(model, pixels, wanted, method, stage)
        except ValueError as error:
            raise ValueError(f"In '{name}': {error}") from None
        rows, best = torch.arange(len(pixels)), probabilities.max(1)
        asked = attributions[name].targets
        answers[name] = tuple(
            Answer(names[best.indices[i]], best.values[i].item(), names[asked[i]], probabilities[i, asked[i]].item())
            for i in rows.tolist()
        )
    return Comparison(pixels.cpu(), labels, attributions, answers)


def _check_stage(models: Mapping[str, nn.Module], stage: str | int) -> None:
    for name, model in models.items():
        try:
            stages(model).index(stage)
        except ValueError as error:
            raise ValueError(f"In '{name}': {error}") from None


def _probabilities(model: nn.Module, pixels: Tensor) -> Tensor:
    """Softmax of the logits, `(N, num_classes)`, on the CPU; whatever draws in the forward draws the same each time."""
    device = str(next(model.parameters()).device)
    with evaluating(model), torch.no_grad(), OwnRandomness(0, device):
        logits = in_parts(
            lambda rows: first_answer(model, model, as_input(model, pixels[rows])).float().cpu(),
            torch.arange(len(pixels)), 100, device,
        )  # fmt: skip
    return torch.cat(logits).softmax(1)


def _names(name: str, model: nn.Module, images: ImageSet | Tensor, given: Names, count: int) -> tuple[str, ...]:
    """Names of a model's classes: as given, the card's, the images', else their numbers."""
    if isinstance(given, Mapping):
        given = given.get(name)
    if given is not None:
        names = tuple(given)
        if len(names) == count:
            return names
        card = card_of(model)
        if card is None or len(card.class_names) != count:
            raise ValueError(f"You gave {len(names)} class_names, and its head has {count} classes.")
    card = card_of(model)
    if card is not None and len(card.class_names) == count:
        return card.class_names
    if isinstance(images, ImageSet) and images.num_classes == count:
        return images.class_names
    return tuple(f"class {i}" for i in range(count))


def _spread(snapshots: Sequence[Snapshot], most: int) -> list[Snapshot]:
    """At most `most`, the first and the last among them, at nearly equal steps."""
    if not snapshots:
        raise ValueError("There are no snapshots. Type snapshots.keep(record, model) for each record that fit yields.")
    if isinstance(most, bool) or not isinstance(most, int) or most < 2:
        raise ValueError(f"most is how many epochs to show, 2 or more; you gave {most!r}.")
    count = min(most, len(snapshots))
    return [snapshots[round(i * (len(snapshots) - 1) / max(count - 1, 1))] for i in range(count)]


make_callable(__name__, compare)
