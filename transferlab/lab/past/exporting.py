"""A trained model as a file for elsewhere: safetensors for torch, ONNX for the rest, each checked before it stays.

    export_safetensors(model, "ants.safetensors", data.held_out)
    report = export_onnx(model, "ants.onnx", data.held_out)
    print(report)

The ONNX graph takes pixels as they are stored, uint8, and normalises them itself, so that nobody has to know mean and
std; height and width are those of the images that it was trained on, the batch may be of any size. A file whose answers
are not the model's own on real images is not left behind. The graph is traced by torch's older exporter: the newer one
gave the same numbers in 4.4 s instead of 0.2 s (bundled backbone, median of 4, one busy core). Left out: quantisation.
"""

import copy
import inspect
import json
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from transferlab.backbones import load, load_weights, save
from transferlab.backbones.card import IMAGENET_MEAN, IMAGENET_STD, card_of
from transferlab.data.images import ImageSet
from transferlab.data.labelled import LabelledSet
from transferlab.files import write_atomically
from transferlab.inference import predict

MOST_IMAGES = 256  # that a file is checked on
TOLERANCE = 1e-3  # of the largest logit: what the order of summing may change, and no prediction
OPSET = 17  # of 2022: what onnxruntime, OpenVINO and browsers read today


@dataclass(frozen=True)
class Export:
    """What was written, and how far its answers are from the model's own on `num_images` held-out images.

    >>> print(report)
    ants.onnx (11.2 MB): the same predictions on 200 held-out images, logits within 7.2e-07.
    """

    path: Path
    num_images: int
    difference: float
    megabytes: float
    noun: str = "image"

    def __str__(self) -> str:
        return (
            f"{self.path.name} ({self.megabytes:.1f} MB): the same predictions on {self.num_images} held-out "
            f"{self.noun}s, logits within {self.difference:.1e}."
        )


def export_safetensors(
    model: nn.Module, path: str | Path, images: LabelledSet, class_names: Sequence[str] | None = None
) -> Export:
    """The model with its card and preprocessing, so that `load(path)` brings it back; see `save`.

        >>> export_safetensors(model, "ants.safetensors", data.held_out, data.train.class_names)

    A network of your own comes back with `load_weights(model, path)`.

    Raises:
        ValueError: another ending, no images, or what is read back does not answer as the model does.
        OSError: the folder cannot be written.
    """
    path = _checked(path, ".safetensors")
    carded = card_of(model) is not None

    def read_back(partial: Path) -> nn.Module:
        if carded:
            return load(partial)
        empty = copy.deepcopy(model)
        for tensor in empty.state_dict().values():  # all that the file holds, and not the tables that a model computes
            tensor.zero_()  # otherwise nothing would be shown
        load_weights(empty, partial)
        return empty

    def write(partial: Path) -> None:
        save(model, partial, class_names if carded else None)

    return _written(path, write, lambda partial, few: predict(read_back(partial), few), model, images)


def export_onnx(
    model: nn.Module, path: str | Path, images: ImageSet, class_names: Sequence[str] | None = None
) -> Export:
    """An ONNX graph from "images", uint8 `(B, 3, H, W)`, RGB, to "logits" `(B, num_classes)`, normalising included.

        >>> export_onnx(model, "ants.onnx", data.held_out, data.train.class_names)

    Its metadata names the classes, the size, mean and std, and where the weights come from.

    Raises:
        ValueError: onnx or onnxruntime is not installed, another ending, no images, the model cannot be traced, or the
            graph does not answer as the model does.
        OSError: the folder cannot be written.
    """
    path = _checked(path, ".onnx")
    if not isinstance(images, ImageSet):
        does = {"text": "reads texts", "sound": "hears sounds"}.get(getattr(images, "noun", ""), "takes something else")
        raise ValueError(
            f"ONNX graphs are written of networks that look at pictures, and this one {does}. "
            "Export it as .safetensors."
        )
    missing = [name for name in ("onnx", "onnxruntime") if find_spec(name) is None]
    if missing:
        raise ValueError(
            f"For ONNX {' and '.join(missing)} must be installed. Type pip install 'transferlab[export]', then export "
            "again; without it the model can be exported as .safetensors."
        )
    names = tuple(class_names if class_names is not None else images.class_names)

    def write(partial: Path) -> None:
        _trace(model, images, partial)
        _add_metadata(partial, model, images, names)

    return _written(path, write, _answers, model, images)


class FromPixels(nn.Module):
    """A model behind its own preprocessing: uint8 pixels in, logits out.

    >>> FromPixels(model)(images.images[:8])
    """

    mean: Tensor
    std: Tensor

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        card = card_of(model)
        self.model = model
        mean, std = (card.mean, card.std) if card else (IMAGENET_MEAN, IMAGENET_STD)
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        return self.model((images.float() / 255 - self.mean) / self.std)  # (B, num_classes)


def _trace(model: nn.Module, images: ImageSet, path: Path) -> None:
    own = FromPixels(copy.deepcopy(model).cpu()).eval()
    older: dict[str, Any] = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}
    free = {"images": {0: "batch"}, "logits": {0: "batch"}}
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # which exporter it is, is said above
            torch.onnx.export(
                own, (images.images[:2],), path, input_names=["images"], output_names=["logits"], dynamic_axes=free,
                opset_version=OPSET, **older,
            )  # fmt: skip
    except Exception as error:  # tracing runs the model's own code, which may do anything
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ValueError(
            f"This {type(model).__name__} cannot be written as an ONNX graph ({reason}). Export it as .safetensors."
        ) from error


def _add_metadata(path: Path, model: nn.Module, images: ImageSet, class_names: tuple[str, ...]) -> None:
    import onnx

    proto = onnx.load(path, "protobuf")
    card = card_of(model)
    height, width = images.size
    facts = {
        "class_names": json.dumps(class_names, ensure_ascii=False),
        "input": f"images: uint8 (batch, 3, {height}, {width}), RGB within 0…255; normalised inside the graph",
        "preprocessing": json.dumps(
            {"mean": card.mean if card else IMAGENET_MEAN, "std": card.std if card else IMAGENET_STD, "inside": True}
        ),
        "started_from": f"{card.name} ({card.weights}, {card.licence})" if card else type(model).__name__,
        "written_by": "transferlab",
    }
    for key, value in facts.items():
        proto.metadata_props.add(key=key, value=value)
    path.write_bytes(proto.SerializeToString())


def _answers(path: Path, images: ImageSet) -> Tensor:
    """The graph's logits `(N, num_classes)`."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # it would spin on every core, beside whatever trains
    session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    parts = images.images.split(64)
    return torch.cat([torch.from_numpy(session.run(None, {"images": part.numpy()})[0]) for part in parts])


def _checked(path: str | Path, ending: str) -> Path:
    path = Path(path).expanduser()
    if path.suffix.lower() != ending:
        raise ValueError(f"This export is a {ending} file; you gave '{path}'. Type '{path.with_suffix(ending)}'.")
    if path.is_dir():
        raise ValueError(f"'{path}' is a folder; give the name of a file.")
    return path


def _written(
    path: Path, write: Callable[[Path], None], answers: Callable[[Path, Any], Tensor], model: nn.Module,
    images: LabelledSet,
) -> Export:  # fmt: skip
    """Write, ask what was written, and give it its name only if it says what the model says."""
    few = images.subset(torch.linspace(0, len(images) - 1, min(MOST_IMAGES, len(images))).round().long())
    own = predict(model, few)
    found: list[float] = []

    def write_and_ask(partial: Path) -> None:
        write(partial)
        found.append(_difference(own, answers(partial, few), path))

    write_atomically(path, write_and_ask)
    return Export(path, len(few), found[0], path.stat().st_size / 1e6, few.noun)


def _difference(own: Tensor, other: Tensor, path: Path) -> float:
    if own.shape != other.shape:
        raise ValueError(
            f"'{path.name}' was not written: it gives {tuple(other.shape)} numbers and the model {tuple(own.shape)}."
        )
    difference = (own - other).abs().max().item()
    changed = int((own.argmax(1) != other.argmax(1)).sum())
    allowed = TOLERANCE * max(1.0, own.abs().max().item())
    if changed or not difference <= allowed:  # NaN is not allowed either
        raise ValueError(
            f"'{path.name}' was not written: its answers are not the model's ({changed} of {len(own)} predictions "
            f"differ, logits by up to {difference:.2g}; allowed is {allowed:.2g})."
        )
    return difference
