"""torchvision's classifiers: built, described, and their weights found in torch's own cache; never downloaded here.

Two deviations from `torchvision.models`: the auxiliary heads of GoogLeNet and Inception are left out, since they only
help training from scratch and make the training output a tuple; and a ViT is built for the image size of its weights.
"""

import hashlib
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import torch
from torch import Tensor, nn

from transferlab.backbones.caches import Caches
from transferlab.backbones.card import Card
from transferlab.backbones.names import BackboneName

# Names in the published DenseNet files, of a time when dots were allowed in module names.
OLD_DENSENET = re.compile(r"^(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\.(?:weight|bias|running_mean|running_var))$")


def tags_of(architecture: str) -> tuple[str, ...]:
    """The sets of weights of an architecture, torchvision's default first.

    >>> tags_of("resnet50")
    ('imagenet1k_v2', 'imagenet1k_v1')
    """
    from torchvision.models import get_model_weights

    weights = get_model_weights(architecture)
    names = [weights.DEFAULT.name, *(one.name for one in weights)]  # type: ignore[attr-defined]
    # VGG-16's "features" weights have no valid classifier and serve detectors only.
    return tuple(dict.fromkeys(name.lower() for name in names if not name.endswith("_FEATURES")))


def build(name: BackboneName, num_classes: int | None) -> nn.Module:
    """The architecture with random weights.

    >>> build(resolve("torchvision/resnet50"), 7).fc.out_features
    7
    """
    from torchvision.models import get_model

    settings: dict[str, Any] = {"num_classes": default_classes(name) if num_classes is None else num_classes}
    if name.architecture in ("googlenet", "inception_v3"):
        settings |= {"aux_logits": False, "transform_input": True, "init_weights": True}
    if name.architecture.startswith("vit_"):
        settings["image_size"] = _crop_size(_weights(name))
    return get_model(name.architecture, weights=None, **settings)


def default_classes(name: BackboneName) -> int:
    """The number of classes of the pretrained head.

    >>> default_classes(resolve("torchvision/resnet50"))
    1000
    """
    return len(_weights(name).meta["categories"])


def card(name: BackboneName, pretrained: bool) -> Card:
    """What torchvision says of these weights; with `pretrained=False`, of the architecture alone.

    >>> card(resolve("torchvision/resnet50"), pretrained=True).accuracy
    {'ImageNet-1K acc@1': 0.80858, 'ImageNet-1K acc@5': 0.95434}
    """
    import torchvision

    weights = _weights(name)
    transforms, meta = weights.transforms(), weights.meta
    about = f"torchvision {torchvision.__version__.partition('+')[0]}"
    figures = {
        f"{dataset} {metric}": round(value / 100, 6)
        for dataset, metrics in meta.get("_metrics", {}).items()
        for metric, value in metrics.items()
    }
    return Card(
        name=str(name),
        architecture=str(name),
        library="torchvision",
        source=f"{about}, {weights}; recipe: {meta.get('recipe', 'not recorded')}" if pretrained else about,
        licence=str(meta.get("license", "not recorded for the weights (torchvision's code: BSD-3-Clause)"))
        if pretrained
        else "BSD-3-Clause",
        input_size=_crop_size(weights),
        mean=tuple(transforms.mean),
        std=tuple(transforms.std),
        interpolation=transforms.interpolation.value,
        num_classes=len(meta["categories"]),
        class_names=tuple(meta["categories"]) if pretrained else (),
        accuracy=figures if pretrained else {},
        pretrained=pretrained,
        weights=weights.name.lower() if pretrained else "random",
    )


def find_weights(name: BackboneName, caches: Caches | None = None) -> Path | None:
    """The weights file in torch's cache (`TORCH_HOME`) or in that of `caches`, or None if it is not there.

    >>> find_weights(resolve("torchvision/resnet50"))

    Raises:
        ValueError: it is there, and its hash is not the one in its name.
    """
    path = (caches.checkpoints if caches else checkpoints_folder()) / file_name(_weights(name).url)
    if path.is_file():
        check_hash(path, str(name))
        return path
    return None


def download_url(name: BackboneName) -> str:
    """Where torchvision keeps these weights.

    >>> download_url(resolve("torchvision/resnet50"))
    'https://download.pytorch.org/models/resnet50-11ad3fa6.pth'
    """
    return _weights(name).url


def adapt(name: BackboneName, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The file's tensors under the names of the model that `build` makes.

    >>> adapt(resolve("torchvision/googlenet"), {"fc.bias": b, "aux1.fc2.bias": a})
    {'fc.bias': b}
    """
    if name.architecture.startswith("densenet"):
        return {OLD_DENSENET.sub(r"\1\2", key): value for key, value in tensors.items()}
    if name.architecture in ("googlenet", "inception_v3"):
        return {key: value for key, value in tensors.items() if not key.lower().startswith("aux")}
    return tensors


def checkpoints_folder() -> Path:
    """Where torch keeps downloaded checkpoints; it obeys TORCH_HOME. Nothing is created.

    >>> checkpoints_folder()
    PosixPath('~/.cache/torch/hub/checkpoints')
    """
    return Path(torch.hub.get_dir()) / "checkpoints"


def file_name(url: str) -> str:
    """The name under which torch's cache keeps a download.

    >>> file_name("https://download.pytorch.org/models/resnet50-11ad3fa6.pth")
    'resnet50-11ad3fa6.pth'
    """
    return os.path.basename(urlparse(url).path)


def check_hash(path: Path, name: str) -> None:
    """Compare a file with the start of its sha256 that its name carries, where it carries one.

        >>> check_hash(Path("resnet50-11ad3fa6.pth"), "torchvision/resnet50")

    Raises:
        ValueError: they differ.
    """
    expected = hash_in(path.name)
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if not found.startswith(expected):
        raise ValueError(
            f"'{path}' is not what its name says (sha256 {found[:12]}…, expected {expected}…): broken or changed. "
            f"To replace it, type: transferlab fetch {name}"
        )


def hash_in(file: str) -> str:
    """The start of the sha256 that a published file carries in its name; empty where it carries none.

    >>> hash_in("resnet50-11ad3fa6.pth")
    '11ad3fa6'
    """
    found = re.search(r"-([a-f0-9]{8,})\.", file)
    return found.group(1) if found else ""


def _weights(name: BackboneName) -> Any:
    from torchvision.models import get_model_weights

    return get_model_weights(name.architecture)[(name.tag or tags_of(name.architecture)[0]).upper()]


def _crop_size(weights: Any) -> int:
    size = weights.transforms().crop_size
    return size[0] if isinstance(size, list | tuple) else size
