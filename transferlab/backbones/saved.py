"""What a saved model carries beside its tensors: which backbone it is, what its head is made of, its card.

The record is JSON text in the metadata of the safetensors file. Heads made of torch's plain layers are written down
layer by layer, and rebuilt without running anything from the file. Left out: heads of other classes, whose file can
be loaded into a model that already has such a head (`load_weights`).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.utils.parametrize import type_before_parametrizations

from transferlab.backbones.card import Card
from transferlab.backbones.layer_recipes import rebuild, spell
from transferlab.backbones.weights_file import WeightsFile

KEY = "transferlab"
FORMAT = 1
MARK = "is_transferlab_head"  # by which stages/classifier.py finds a head of several layers; it is of the same rank


@dataclass(frozen=True)
class SavedModel:
    """The record in a file that `save` wrote.

    `heads` maps the dotted name of each head that is not the architecture's own to its layers, or to None where it
    has others than torch's plain ones; `num_classes` is 0 where the model has no head.
    """

    backbone: str
    num_classes: int
    heads: dict[str, dict | None]
    card: Card

    def to_json(self) -> str:
        """The record as text.

        >>> SavedModel("bundled", 8, {}, card).to_json()
        """
        values = {"format": FORMAT, "backbone": self.backbone, "num_classes": self.num_classes, "heads": self.heads}
        return json.dumps({**values, "card": self.card.to_dict()}, ensure_ascii=False)


def saved_model(file: WeightsFile) -> SavedModel | None:
    """The record of a file, or None if `save` did not write it.

        >>> saved_model(read_weights("mine.safetensors")).backbone
        'bundled'

    Raises:
        ValueError: there is a record and it cannot be right.
    """
    text = file.metadata.get(KEY)
    if text is None:
        return None
    try:
        values = json.loads(text)
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            version = values.get("format") if isinstance(values, dict) else None
            raise ValueError(f"it is of format {version!r}, and this transferlab reads format {FORMAT}")
        backbone, heads, num_classes = values["backbone"], values["heads"], values["num_classes"]
        if not isinstance(backbone, str) or not isinstance(heads, dict) or type(num_classes) is not int:
            raise ValueError("its fields are of the wrong kind")
        if not _has_size(file, heads, num_classes):
            raise ValueError(f"its head cannot have {num_classes} classes")
        return SavedModel(backbone, num_classes, heads, Card.from_dict(values["card"]))
    except (ValueError, KeyError, RecursionError) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"The record in '{file.path}' cannot be used: {reason}.") from error


def describe_heads(model: nn.Module, fresh: nn.Module, by_shape: bool = False) -> dict[str, dict | None]:
    """What of `model` is built otherwise than in `fresh`, the same architecture: its heads, layer by layer.

        >>> describe_heads(model, SmallResNet(2))
        {'fc': {'layer': 'Sequential', 'parts': {…}, 'head': True}}

    With `by_shape`, layers of the same class but of another size count too.
    """
    heads = {}
    for name in _rebuilt(model, fresh, by_shape):
        module = model.get_submodule(name)
        recipe = spell(module)
        heads[name] = recipe if recipe is None else {**recipe, "head": getattr(module, MARK, False)}
    return heads


def restore_heads(model: nn.Module, record: SavedModel, file: WeightsFile, num_classes: int) -> tuple[str, ...]:
    """Put the recorded heads into a freshly built model; returns the tensors that are not to be loaded.

        >>> restore_heads(model, saved_model(file), file, 8)
        ()

    With another number of classes than the record's, the architecture's own fresh head stays, and the head's tensors
    are left out.

    Raises:
        ValueError: a head is of a class that cannot be rebuilt from a file, or its tensors do not fit its layers.
    """
    prefixes = tuple(f"{name}." for name in record.heads)
    if num_classes != record.num_classes:
        own = {key: value for key, value in model.state_dict().items() if key.startswith(prefixes)}
        if any(value.shape[:1] != (num_classes,) for value in own.values()):
            raise ValueError(
                f"'{file.path}' has layers of its own before its head ({', '.join(record.heads)}), so that it cannot "
                "be loaded with a fresh head. Load it without num_classes=, then replace_head(model, …)."
            )
        return (*own, *(key for key in file.tensors if key.startswith(prefixes) and key not in own))
    for name, recipe in record.heads.items():
        if recipe is None:
            raise ValueError(
                f"'{file.path}' has a '{name}' of a class that a file cannot rebuild. Build the model, then load into "
                f"it: model = load('{record.backbone}', num_classes={num_classes}, pretrained=False); replace_head("
                f"model, {num_classes}, head=…) as it was when saved; load_weights(model, '{file.path}')."
            )
        with torch.device("meta"):  # sizes in a file can be anything; nothing is allocated before they are compared
            head = rebuild(recipe, str(file.path))
        shapes = {f"{name}.{key}": value.shape for key, value in head.state_dict().items()}
        given = {key: value.shape for key, value in file.tensors.items() if key.startswith(f"{name}.")}
        if shapes != given:
            raise ValueError(f"'{file.path}' is broken: the tensors of '{name}' do not fit the layers that it names.")
        head = head.to_empty(device="cpu")  # all that it holds comes from the file, but for counters
        for buffer in head.buffers():
            buffer.zero_()
        if recipe.get("head"):
            setattr(head, MARK, True)
        holder, own_name = _holder(model, name)
        if own_name not in holder:
            raise ValueError(f"'{file.path}' is broken: {record.backbone} has no '{name}'.")
        holder[own_name] = head
    return ()


def _holder(model: nn.Module, name: str) -> tuple[dict[str, nn.Module | None], str]:
    """The table of children in which a module stands, empty if there is none, and its own name."""
    parent, _, own = name.rpartition(".")
    holder = dict(model.named_modules()).get(parent)
    return ({} if holder is None else holder._modules), own


def _rebuilt(model: nn.Module, fresh: nn.Module, by_shape: bool, name: str = "") -> Iterator[str]:
    """The topmost modules that are of another class, or have other children, or (`by_shape`) own another size."""
    shapes = [[p.shape for p in one.parameters(recurse=False)] if by_shape else [] for one in (model, fresh)]
    # torch gives each parametrised layer a class of its own, such as the weight-normed one in Wav2Vec2
    same_class = type_before_parametrizations(model) is type_before_parametrizations(fresh)
    if not same_class or list(model._modules) != list(fresh._modules) or shapes[0] != shapes[1]:
        yield name
        return
    for own, child in model.named_children():
        other = fresh._modules[own]
        full = f"{name}.{own}" if name else own
        if other is None:
            yield full
        else:
            yield from _rebuilt(child, other, by_shape, full)


def _has_size(file: WeightsFile, heads: dict, num_classes: int) -> bool:
    """Whether some tensor is of this size; a model is built from the number, and files can claim anything."""
    prefixes = tuple(f"{name}." for name in heads) or ""
    shapes = [value.shape for key, value in file.tensors.items() if key.startswith(prefixes) and value.numel()]
    return num_classes == 0 or any(tuple(shape[:1]) == (num_classes,) for shape in shapes)
