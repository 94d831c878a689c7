"""The backbone that comes with the package: `SmallResNet`, its weights and its card.

The files in `bundled/` are made by `data_scripts/pretrain_backbone.py`. Weights are fp16 on the disk and fp32 in
memory. Left out: everything about training them.
"""

import hashlib
import json
from pathlib import Path

from torch import Tensor, nn

from transferlab.backbones.card import Card
from transferlab.backbones.names import BackboneName
from transferlab.backbones.small_resnet import SmallResNet
from transferlab.backbones.weights_file import checked_path

FOLDER = Path(__file__).parent / "bundled"
WEIGHTS, CARD = "resnet18_half.safetensors", "resnet18_half.json"
REINSTALL = "Install transferlab again, or remake it with data_scripts/pretrain_backbone.py --install."


def build(name: BackboneName, num_classes: int | None) -> nn.Module:
    """The architecture with random weights; `num_classes=None` means the classes that it was pretrained on.

    >>> build(resolve("bundled"), 8).fc
    Linear(in_features=256, out_features=8, bias=True)
    """
    return SmallResNet(default_classes(name) if num_classes is None else num_classes)


def default_classes(name: BackboneName) -> int:
    """The number of classes of the pretrained head.

    >>> default_classes(resolve("bundled"))
    232
    """
    return _full_card().num_classes


def card(name: BackboneName, pretrained: bool) -> Card:
    """What the package says of its backbone; with `pretrained=False`, of its architecture alone.

    >>> card(resolve("bundled"), pretrained=True).accuracy["drawn_among_drawn_classes"]
    """
    if pretrained:
        return _full_card()
    return Card(
        name="bundled",
        architecture="resnet18_half",
        library="transferlab",
        source="transferlab's own architecture: ResNet-18 (He et al. 2015) at half width",
        licence="BSD-3-Clause",
        input_size=64,
    )


def find_weights(name: BackboneName) -> Path:
    """The weights file in the package, unchanged since it was made.

        >>> find_weights(resolve("bundled")).name
        'resnet18_half.safetensors'

    Raises:
        ValueError: the file is missing, or its sha256 is not the one on the card.
    """
    try:
        path = checked_path(FOLDER / WEIGHTS)
    except ValueError as error:
        raise ValueError(f"The bundled weights are not in this installation ({error}) {REINSTALL}") from error
    expected = _full_card().details.get("sha256")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != expected:
        raise ValueError(
            f"The bundled weights '{path}' were changed: sha256 {found[:12]}…, and the card says "
            f"{str(expected)[:12]}…. {REINSTALL}"
        )
    return path


def adapt(name: BackboneName, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Nothing to translate: the files are in the architecture's own names."""
    return tensors


def _full_card() -> Card:
    path = FOLDER / CARD
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"The bundled card '{path}' cannot be read ({error.strerror}). {REINSTALL}") from error
    try:
        values = json.loads(text)
        return Card.from_dict({**values, "library": "transferlab", "pretrained": True, "weights": "bundled"})
    except (ValueError, TypeError) as error:
        raise ValueError(f"The bundled card '{path}' is broken: {error} {REINSTALL}") from error
