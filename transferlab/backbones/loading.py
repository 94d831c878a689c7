"""`load`: a backbone by its name or from a file, with its card, on a machine that may have no network.

Weights come from the package, from the libraries' own caches, or from a file; nothing is downloaded here, and what was
asked for is never replaced by something else. Left out: fetching (`fetching.py`), and hubs.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor, nn

from transferlab.backbones.card import Card
from transferlab.backbones.hugging_face_tasks import with_task
from transferlab.backbones.names import HUB, SOUND_TASK, BackboneName, is_file_name, library_of, resolve
from transferlab.backbones.saved import SavedModel, restore_heads, saved_model
from transferlab.backbones.weights import another_architecture, differences, head_classes, place
from transferlab.backbones.weights_file import WeightsFile, read_weights
from transferlab.errors import check_num_classes
from transferlab.unsupported import refuse_unsupported


def load(
    name: str | Path = "bundled",
    num_classes: int | None = None,
    pretrained: bool = True,
    weights: str | Path | None = None,
    task: str | None = None,
) -> nn.Module:
    """A classifier from `(B, 3, H, W)` normalised images to `(B, num_classes)` logits, with `model.card`.

        >>> load()                                                  # comes with the package
        >>> load("timm/efficientnet_b4", num_classes=5)             # pretrained, with a fresh head
        >>> load("torchvision/resnet50", pretrained=False)          # random weights
        >>> load("torchvision/resnet50", weights="checkpoint.pth")  # your own file, its head included
        >>> load("mine.safetensors")                                # what `save` wrote
        >>> load("minilm", num_classes=4)                           # for texts: tokens (B, T) to logits
        >>> load("hf/bert-base-cased", num_classes=9, task="token_classification")
        >>> load("hf/facebook/wav2vec2-base", num_classes=4)        # for sounds: samples (B, T) to logits

    Without `num_classes` the head is the pretrained one. If the weights' head has another number of classes than
    `num_classes`, everything else is loaded and the head is fresh; `model.card.notes` says so. `task` is for networks
    for texts: "sequence_classification", "token_classification" or "sentence_embedding" (BERT, RoBERTa, DistilBERT),
    "causal_lm" (GPT-2, LLaMA), or what the files were made for; those for sounds (Wav2Vec2, Whisper's encoder) all do
    "audio_classification". A folder with a config.json is loaded by its Path.

    Raises:
        ValueError: the name is unknown, ambiguous or not supported, no such weights are on this machine, the file is
            broken, of another architecture, or holds code, or `num_classes` is not a whole number above 1.
    """
    if num_classes is not None:
        check_num_classes(num_classes)
    if not isinstance(pretrained, bool):
        raise ValueError(f"pretrained is True or False; you gave {pretrained!r}. A file is given as weights='…'.")
    if is_file_name(name):
        if task is not None:
            raise ValueError(f"'{name}' knows its task; leave task= out.")
        if weights is not None:
            raise ValueError(f"You gave two files, '{name}' and '{weights}'. Give an architecture with weights=.")
        return _load_saved(name, num_classes, pretrained)
    backbone = resolve(f"{HUB}/{name.absolute()}" if isinstance(name, Path) else name)
    refuse_unsupported(backbone.architecture)
    if backbone.library == HUB:
        backbone = with_task(backbone, task)
    elif task is not None:
        raise ValueError(f"{backbone} classifies images; task= is for networks for texts and sounds, such as 'minilm'.")
    if weights is not None:
        if not pretrained:
            raise ValueError("You gave weights= and pretrained=False; leave one of them out.")
        file = read_weights(weights)
        record = saved_model(file)
        if record is not None and _family(resolve(record.backbone)) != _family(backbone):
            raise ValueError(f"'{weights}' was saved from {record.backbone}, not {backbone}. Type load('{weights}').")
        return _from_file(str(backbone), backbone, file, record, num_classes)
    if not pretrained:
        return _random(str(backbone), backbone, num_classes)
    path = library_of(backbone).find_weights(backbone)
    if path is None:
        raise ValueError(
            f"The weights of {backbone} are not on this machine: type `transferlab fetch {backbone}` in a terminal "
            f"while there is a network, or load('{backbone}', pretrained=False) for random weights, or load('bundled') "
            "for the pretrained backbone that comes with the package."
        )
    card = library_of(backbone).card(backbone, True)
    if backbone.library == "timm":
        model = library_of(backbone).load_pretrained(backbone, path, num_classes)
        return _with_card(model, card, card.num_classes, num_classes, path)
    if backbone.library == HUB:
        model, file_classes, note = library_of(backbone).load_pretrained(backbone, path, num_classes)
        card = replace(card, notes=(note,) if note else ())
        return _with_card(model, card, file_classes, num_classes, path)
    placed = _place_in(backbone, read_weights(path).tensors, str(path), card.num_classes, num_classes)
    return _with_card(placed.model, card, placed.file_classes, num_classes, path)


@dataclass(frozen=True)
class _Placed:
    model: nn.Module
    file_classes: int


def _place_in(
    backbone: BackboneName, tensors: dict[str, Tensor], origin: str, expected: int, num_classes: int | None
) -> _Placed:
    """Build the architecture and fill it, with a head of the file's size or, if asked for another, a fresh one."""
    library = library_of(backbone)
    tensors = library.adapt(backbone, tensors)
    size = num_classes or max(expected, 2)
    model = library.build(backbone, size)
    own = model.state_dict()
    if all(name.startswith("model.") for name in tensors) and not any(name.startswith("model.") for name in own):
        tensors = {name.removeprefix("model."): value for name, value in tensors.items()}  # Lightning's wrapper
    found = differences(own, tensors)
    file_classes = head_classes(own, tensors, size)
    if file_classes is None:
        raise another_architecture(origin, own, tensors, found, str(backbone))
    if num_classes is None and file_classes != size:
        if file_classes == 0 and expected != 0:
            raise ValueError(f"'{origin}' has no head ({', '.join(found.missing)}); give num_classes= for a fresh one.")
        model = library.build(backbone, file_classes)
        place(model, tensors, origin)
    else:
        place(model, tensors, origin, leave=found.resized + found.missing)
    return _Placed(model, file_classes)


def _from_file(
    name: str, backbone: BackboneName, file: WeightsFile, record: SavedModel | None, num_classes: int | None
) -> nn.Module:
    """The architecture with the tensors of a user's file, and the card that the file carries, if any."""
    origin = str(file.path)
    if record is not None and record.heads:
        size = num_classes or record.num_classes
        model = library_of(backbone).build(backbone, size)
        leave = restore_heads(model, record, file, size)
        place(model, file.tensors, origin, leave)
        file_classes = record.num_classes
    else:
        if record is not None:
            expected = record.num_classes
        else:  # the bundled backbone's own number is on a card that a file of the user's does not need
            expected = 2 if backbone.library == "transferlab" else library_of(backbone).default_classes(backbone)
        placed = _place_in(backbone, file.tensors, origin, expected, num_classes)
        model, file_classes = placed.model, placed.file_classes
    if record is not None:
        card = replace(record.card, name=name, pretrained=True, weights=file.path.name)
        if backbone.tag == SOUND_TASK:
            library_of(backbone).shorten(model, card)
    else:
        card = replace(
            library_of(backbone).card(backbone, False),
            source=f"the file '{file.path.name}'",
            licence="not recorded in the file",
            pretrained=True,
            weights=file.path.name,
        )
    return _with_card(model, card, file_classes, num_classes, file.path)


def _load_saved(name: str | Path, num_classes: int | None, pretrained: bool) -> nn.Module:
    file = read_weights(name)
    record = saved_model(file)
    if record is None:
        raise ValueError(
            f"'{name}' does not say which architecture its weights are of. Give it: "
            f"load('torchvision/resnet18', weights='{name}')."
        )
    backbone = resolve(record.backbone)
    if backbone.library == HUB:
        try:
            backbone = with_task(backbone, None)
        except ValueError as error:
            raise ValueError(f"'{name}' was saved from {backbone}, and is built by its config.json: {error}") from error
    if not pretrained:
        return _random(str(name), backbone, num_classes or record.num_classes or None)
    return _from_file(str(name), backbone, file, record, num_classes)


def _random(name: str, backbone: BackboneName, num_classes: int | None) -> nn.Module:
    library = library_of(backbone)
    classes = library.default_classes(backbone) if num_classes is None else num_classes
    model = library.build(backbone, num_classes)
    return _with_card(model, replace(library.card(backbone, False), name=name), classes, num_classes, None)


def _with_card(
    model: nn.Module, card: Card, file_classes: int, num_classes: int | None, path: Path | None
) -> nn.Module:
    """Attach the card, brought up to date with what was built."""
    classes = file_classes if num_classes is None else num_classes
    notes = card.notes
    if card.pretrained and classes != file_classes:
        was = f"the weights' own head had {file_classes}" if file_classes else "the weights come without a head"
        notes = (*notes, f"the head is fresh, with {classes} classes; {was}")
    num_parameters = sum(parameter.numel() for parameter in model.parameters())
    size = path.stat().st_size if path is not None else 4 * num_parameters
    model.card = replace(  # type: ignore[assignment]
        card,
        num_classes=classes,
        class_names=card.class_names if classes == len(card.class_names) else (),
        num_parameters=num_parameters,
        megabytes=round(size / 1e6, 2),
        notes=notes,
    )
    return model


def _family(backbone: BackboneName) -> tuple[str, ...]:
    task = (backbone.tag,) if backbone.library == HUB else ()  # elsewhere the tag is a set of weights
    return backbone.library, backbone.architecture, *task
