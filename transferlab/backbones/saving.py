"""`save`: a model into one file from which `load` brings it back: tensors, architecture, head, card.

The file is safetensors, with the record of `saved.py` in its metadata, and is written whole or not at all. Left out:
the state of training (optimizer, phase, random numbers), which checkpoints keep.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from torch import Tensor, nn

from transferlab.backbones.card import Card, card_of
from transferlab.backbones.names import library_of, resolve
from transferlab.backbones.saved import KEY, SavedModel, describe_heads
from transferlab.backbones.weights import head_classes
from transferlab.files import write_atomically


def save(model: nn.Module, path: str | Path, class_names: Sequence[str] | None = None) -> Path:
    """Write a model to a .safetensors file; returns the path.

        >>> save(model, "mine.safetensors", class_names=["ant", "bee"])
        >>> load("mine.safetensors").card.class_names
        ('ant', 'bee')

    What `load` once made comes back with `load(path)`, a replaced head of torch's plain layers included; with another
    kind of head, and for modules of your own, `load_weights(model, path)` puts the tensors back. The figures of the
    original card move into `details`, since they were measured before the training.

    Raises:
        ValueError: the path does not end with .safetensors, or `class_names` are not one a class.
        OSError: the folder cannot be written or the disk is full; an earlier file is still there, unchanged.
    """
    from safetensors.torch import save as to_bytes

    path = Path(path).expanduser()
    if path.suffix.lower() != ".safetensors":
        better = path.with_suffix(".safetensors")
        raise ValueError(f"A model is saved as .safetensors; you gave '{path}'. Type save(model, '{better}').")
    if path.is_dir():
        raise ValueError(f"'{path}' is a folder; give the name of a file.")
    model = _unwrapped(model)
    metadata = {"format": "pt"}
    card = card_of(model)
    if isinstance(card, Card):
        metadata[KEY] = _record(model, card, class_names).to_json()
    elif class_names is not None:
        raise ValueError("class_names are kept on the card, and this model has none: `load` did not make it.")
    tensors = _own_memory(model.state_dict())
    # As bytes, not with save_file: a disk that runs full must end in an OSError, not in the format's own exception.
    return write_atomically(path, lambda partial: partial.write_bytes(to_bytes(tensors, metadata)))


def _record(model: nn.Module, card: Card, class_names: Sequence[str] | None) -> SavedModel:
    backbone = resolve(card.architecture)
    headless = backbone.library == "timm" and getattr(model, "num_classes", None) == 0
    size = 0 if headless else 2  # any: a head of another size is recognised
    fresh = library_of(backbone).build(backbone, size)
    state = model.state_dict()
    heads = describe_heads(model, fresh)
    own_head = None if heads else head_classes(fresh.state_dict(), state, size)
    if own_head is None and not heads:
        heads = describe_heads(model, fresh, by_shape=True)
    if "" in heads:
        raise ValueError(f"This {type(model).__name__} is not the {card.architecture} that its card speaks of.")
    num_classes = _outputs(state, list(heads)[-1]) if heads else own_head or 0
    names = tuple(class_names) if class_names is not None else ()
    if class_names is not None and len(names) != num_classes:
        raise ValueError(f"You gave {len(names)} class_names, and the model's head has {num_classes} classes.")
    if class_names is None and num_classes == len(card.class_names):
        names = card.class_names
    before = {"name": card.name, "weights": card.weights, "pretrained": card.pretrained, "accuracy": card.accuracy}
    saved_card = replace(
        card,
        num_classes=num_classes,
        class_names=names,
        accuracy={},
        notes=(),
        details={"started_from": before, **card.details},  # the first start is the one that counts
    )
    return SavedModel(str(backbone), num_classes, heads, saved_card)


def _outputs(state: dict[str, Tensor], head: str) -> int:
    shapes = [value.shape for name, value in state.items() if name.startswith(f"{head}.") and value.ndim]
    return shapes[-1][0] if shapes else 0


def _unwrapped(model: nn.Module) -> nn.Module:
    """The model inside torch.compile or DataParallel."""
    while isinstance(inner := getattr(model, "_orig_mod", None) or getattr(model, "module", None), nn.Module):
        model = inner
    return model


def _own_memory(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """On the CPU, contiguous, and no two in the same memory, as safetensors wants it."""
    seen: set[int] = set()
    tensors = {}
    for name, value in state.items():
        if not isinstance(value, Tensor):
            raise ValueError(f"'{name}' in the model's state is no tensor, and safetensors holds only tensors.")
        value = value.detach().cpu().contiguous()
        tensors[name] = value.clone() if value.untyped_storage().data_ptr() in seen else value
        seen.add(value.untyped_storage().data_ptr())
    return tensors
