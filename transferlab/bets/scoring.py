"""Every score of every candidate, from one pass over the training images.

    for scores in score_backbones({"bundled": load(), "random": load(pretrained=False)}, data):
        print(scores.name, scores.logme)

Held-out images play no part. Features of a backbone are what its head receives, features of a stage are what it hands
on, both averaged over space. Left out: features of several layers taken together.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from transferlab.data.images import ImageSet, Splits
from transferlab.errors import unknown
from transferlab.heads import head_of
from transferlab.identity import fingerprint, image_identity
from transferlab.inference import evaluating, model_input
from transferlab.layer_probes import pooled
from transferlab.stages.taps import taps
from transferlab.transferability import SCORES, h_score, leep, linear_probe, logme, nce

STAGES_HAVE_NONE = "a stage has no classes of its own"


@dataclass(frozen=True)
class Scores:
    """The scores of one candidate; None where there cannot be one, and `reasons` says why.

    `origin` is a name for the weights and the images that they were computed from.
    """

    name: str
    leep: float | None
    nce: float | None
    logme: float | None
    h_score: float | None
    linear_probe: float | None
    num_features: int
    origin: str = field(repr=False)
    reasons: Mapping[str, str] = field(default_factory=dict)

    def value(self, score: str) -> float | None:
        """One of the scores by its name.

        >>> scores.value("h_score")
        """
        if score not in SCORES:
            raise unknown("score", score, list(SCORES), owner="The scores are")
        return getattr(self, score)


def score_backbones(
    models: Mapping[str, nn.Module], data: Splits | ImageSet, batch_size: int = 250
) -> tuple[Scores, ...]:
    """All scores of each network on the training images; the networks stay as they are.

        >>> score_backbones({"bundled": load(), "random": load(pretrained=False)}, data)

    The head that a network carries is taken for the one it was pretrained with: score before `replace_head`. Where it
    has none, or one of a single output, LEEP and NCE are None. The H-score is the shrunk one (see `h_score`).

    Raises:
        ValueError: no networks, no images to train on, or a network whose features no score can be made of.
    """
    images = training_images(data)
    check_models(models)
    scored = []
    for name, model in models.items():
        features, logits = _before_and_after_head(name, model, images, batch_size)
        scored.append(_scores(name, features, logits, images, origin_of(model, images)))
    return tuple(scored)


def score_stages(model: nn.Module, data: Splits | ImageSet, batch_size: int = 250) -> tuple[Scores, ...]:
    """LogME, H-score and linear probe of what each stage hands on, stem first; the network stays as it is.

        >>> score_stages(load("bundled"), data)

    A stage has no source classes, so LEEP and NCE are None.

    Raises:
        ValueError: the network cannot be tapped between its stages, or there are no images to train on.
    """
    images = training_images(data)
    origin = origin_of(model, images)
    return tuple(
        _scores(stage, features.double(), STAGES_HAVE_NONE, images, origin)
        for stage, features in stage_features(model, images, batch_size=batch_size).items()
    )


def stage_features(
    model: nn.Module, images: ImageSet, mirrored: bool = False, batch_size: int = 250
) -> dict[str, Tensor]:
    """What each stage hands on for every image (or its mirror image), `(N, D)` by stage, stem first.

    >>> stage_features(load("bundled"), data.train)["layer1"].shape
    torch.Size([160, 32])
    """
    tap = taps(model)
    parts: dict[str, list[Tensor]] = {}
    with evaluating(model), torch.no_grad():
        for pixels in images.images.split(batch_size):
            for stage, features in tap(model_input(model, pixels.flip(3) if mirrored else pixels)).items():
                parts.setdefault(stage, []).append(pooled(features).float().cpu())
    return {stage: torch.cat(features) for stage, features in parts.items()}


def origin_of(model: nn.Module, images: ImageSet) -> str:
    """A name for these weights and these labelled images, made of every bit.

    >>> origin_of(load("bundled"), data.train) == origin_of(load("bundled"), data.train)
    True
    """
    parts = (fingerprint(dict(model.state_dict())), image_identity(images), fingerprint({"labels": images.labels}))
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()


def training_images(data: Splits | ImageSet) -> ImageSet:
    """The images that scores may look at."""
    if not isinstance(data, Splits | ImageSet):
        raise ValueError(
            f"Scores are computed on images with labels; you gave {type(data).__name__}. "
            "Type worlds.target('objects'), or an ImageSet."
        )
    return data.train if isinstance(data, Splits) else data


def check_models(models: Mapping[str, nn.Module]) -> None:
    """Say what candidates are, where these are none.

    Raises:
        ValueError: not networks by their names.
    """
    networks = isinstance(models, Mapping) and all(isinstance(one, nn.Module) for one in models.values())
    if not networks or not models:
        raise ValueError(
            "Candidates are networks by a name of yours: {'bundled': load(), 'random': load(pretrained=False)}. "
            f"You gave {'none' if networks else type(models).__name__}."
        )


def _before_and_after_head(
    name: str, model: nn.Module, images: ImageSet, batch_size: int
) -> tuple[Tensor, Tensor | str]:
    """Features `(N, D)` and logits `(N, S)`; without a head the output is the features, and a reason the logits."""
    try:
        head = head_of(model)[1]
    except ValueError:  # such as timm's networks that were built without classes
        head = None
    received: list[Tensor] = []
    features, logits = [], []
    hook = None if head is None else head.register_forward_pre_hook(lambda _, inputs: received.append(inputs[0]))
    try:
        with evaluating(model), torch.no_grad():
            for pixels in images.images.split(batch_size):
                received.clear()
                output = model(model_input(model, pixels))
                if not isinstance(output, Tensor):
                    raise ValueError(f"'{name}' gives {type(output).__name__} and not one row of numbers an image.")
                features.append(pooled(received[0] if received else output).double().cpu())
                logits.append(output.flatten(1).double().cpu())
    finally:
        if hook is not None:
            hook.remove()
    if head is None:
        return torch.cat(features), "the network has no classifier"
    if logits[0].shape[1] < 2:
        return torch.cat(features), "the network's classifier has a single output"
    return torch.cat(features), torch.cat(logits)


def _scores(name: str, features: Tensor, logits: Tensor | str, images: ImageSet, origin: str) -> Scores:
    labels, values, reasons = images.labels.cpu(), {}, {}
    of_answers: dict[str, Callable[[Tensor], float]] = {
        "leep": lambda answers: leep(answers.softmax(1), labels),
        "nce": lambda answers: nce(answers.argmax(1), labels),
    }
    of_features = {"logme": logme, "h_score": h_score, "linear_probe": linear_probe}
    try:
        for score, of in of_features.items():
            values[score] = of(features, labels)
        for score, answered in of_answers.items():
            if isinstance(logits, Tensor):
                values[score] = answered(logits)
            else:
                reasons[score] = logits
    except ValueError as error:
        raise ValueError(f"'{name}' cannot be scored: {error}") from None
    return Scores(
        name, values.get("leep"), values.get("nce"), values["logme"], values["h_score"], values["linear_probe"],
        features.shape[1], origin, reasons,
    )  # fmt: skip
