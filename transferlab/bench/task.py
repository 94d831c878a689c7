"""The work that is timed: a pretrained network, images to learn from, and how long to train on them.

A task is a file, so that every worker process gets the same bits: images as uint8, the weights of the bundled backbone
under a new head. No way is charged for reading it. Left out: augmentation, which every peer does in its own way and
uses in the second table only.
"""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from transferlab.backbones import load, normalise
from transferlab.backbones.card import card_of
from transferlab.backbones.small_resnet import SmallResNet
from transferlab.data import worlds
from transferlab.data.images import ImageSet, Splits
from transferlab.files import write_atomically
from transferlab.heads import replace_head


@dataclass(frozen=True)
class Settings:
    """How long to train, and how fast; the same for every way."""

    epochs: int = 10
    batch_size: int = 64
    head_lr: float = 3e-3  # of a head on a frozen backbone
    tuned_head_lr: float = 1e-3  # of a head above stages that train
    backbone_lr: float = 1e-4
    weight_decay: float = 0.01
    budgets: tuple[int, ...] = (5, 10, 20, 50, 100, 250)  # images a class, for the sweep
    seeds: int = 5
    native_epochs: int = 25  # with native defaults: the tutorial's own number, where a tool has none

    @property
    def gradual_epochs(self) -> tuple[int, int]:
        """Of gradual unfreezing: those of the head alone, and of each of the three thawings, a fifth of the whole."""
        fifth = max(1, self.epochs // 5)
        return self.epochs - 3 * fifth, fifth


@dataclass(frozen=True)
class Task:
    """Images, labels and settings; `model()` is a fresh copy of the pretrained network with its new head.

    `label_safe` names the augmentations that these images bear; no way uses them but those with native defaults.
    """

    data: Splits
    weights: dict[str, Tensor]
    settings: Settings
    label_safe: tuple[str, ...] = ()

    def model(self) -> SmallResNet:
        """The network that every way starts from."""
        model = load("bundled")
        replace_head(model, self.data.train.num_classes, seed=0)
        model.load_state_dict(self.weights)
        assert isinstance(model, SmallResNet)
        return model

    def augmentable(self) -> Splits:
        """The same images, said to bear what they do bear."""
        return dataclasses.replace(self.data, train=dataclasses.replace(self.data.train, label_safe=self.label_safe))

    def tensors(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Training and held-out images as normalised floats `(N, 3, 64, 64)`, each followed by its labels.

        Peers get them so: none is charged for decoding or normalising.
        """
        train, held_out = self.data.train, self.data.held_out
        card = card_of(load("bundled", pretrained=False))
        x, y = (normalise(part.images, card).contiguous() for part in (train, held_out))
        return x, train.labels, y, held_out.labels


def make_task(path: Path, per_class: int = 250, held_out_per_class: int = 50, settings: Settings | None = None) -> Path:
    """Draw the images, take the weights, and write both: 2,000 images to train on and 400 held out.

    >>> make_task(Path("task.safetensors"))
    """
    data = worlds.target("objects", per_class=per_class, seed=0, held_out_per_class=held_out_per_class)
    model = load("bundled")
    replace_head(model, data.train.num_classes, seed=0)
    tensors = {f"weights/{name}": value.contiguous() for name, value in model.state_dict().items()}
    for name, part in (("train", data.train), ("held_out", data.held_out)):
        tensors |= {f"{name}/images": part.images.contiguous(), f"{name}/labels": part.labels}
    text = {
        "settings": json.dumps(dataclasses.asdict(settings or Settings())),
        "class_names": json.dumps(data.train.class_names),
        "label_safe": json.dumps(data.train.label_safe),
    }
    return write_atomically(path, lambda partial: save_file(tensors, partial, text))


def read_task(path: str | Path) -> Task:
    """The task that `make_task` wrote."""
    with safe_open(path, "pt") as file:
        text = file.metadata()
        tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118  no dict
    names = tuple(json.loads(text["class_names"]))
    train, held_out = (
        # No augmentation is safe, because no way is to augment, unless by native defaults.
        ImageSet(tensors[f"{part}/images"], tensors[f"{part}/labels"], names, name="bench", label_safe=())
        for part in ("train", "held_out")
    )
    values = json.loads(text["settings"])
    settings = Settings(**{**values, "budgets": tuple(values["budgets"])})
    weights = {name.removeprefix("weights/"): value for name, value in tensors.items() if name.startswith("weights/")}
    return Task(Splits(train, held_out), weights, settings, tuple(json.loads(text["label_safe"])))


def accuracy_of(model: nn.Module, x: Tensor, y: Tensor, batch_size: int = 250) -> float:
    """The share of held-out images that a model in eval mode gets right; what the peers' loops measure with."""
    model.eval()
    with torch.no_grad():
        right = sum(
            int((model(a).argmax(1) == b).sum()) for a, b in zip(x.split(batch_size), y.split(batch_size), strict=True)
        )
    return right / len(y)
