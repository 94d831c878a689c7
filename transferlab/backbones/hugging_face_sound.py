"""Networks for sounds from a Hugging Face folder: Wav2Vec2 or Whisper's encoder, with a head for one's own classes.

Only files that are on this machine are read, and no code of a folder is run: weights are safetensors, or an older
checkpoint that holds tensors alone. Left out: downloading (`hugging_face_download.py`), decoders, adapters, and
networks that take another rate than 16,000 samples a second.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from transferlab.backbones.card import Card
from transferlab.backbones.hugging_face_folder import (
    Folder,
    folder_of,
    settings_for,
    small_json,
    tensors_in,
    transformers_for,
)
from transferlab.backbones.hugging_face_tasks import with_task
from transferlab.backbones.names import BackboneName
from transferlab.data.memory import available_memory
from transferlab.data.sounds import RATE

INSTALL = 'pip install "transferlab[audio]"'
CLASSES = {"wav2vec2": "Wav2Vec2ForSequenceClassification", "whisper": "WhisperForAudioClassification"}  # transformers'
HEAD = ("projector.", "classifier.")  # what may be missing from a file; all else must be in it
FILES = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin")
SECONDS = "seconds"  # in the card's details: how much a Whisper reads, which is in no tensor


def build(name: BackboneName, num_classes: int | None) -> nn.Module:
    """The architecture with random weights.

        >>> build(resolve("hf/openai/whisper-tiny.audio_classification"), 4).classifier
        Linear(in_features=384, out_features=4, bias=True)

    Raises:
        ValueError: the folder is not on this machine or broken, or the network is larger than what memory is left.
    """
    name = with_task(name, None)
    folder = folder_of(name)
    classes = num_classes or default_classes(name)
    if not classes:
        raise ValueError(f"{name} comes without a head; give num_classes= for a fresh one.")
    return _wrapped(folder, _kind(folder)(_configuration(folder, classes)))


def default_classes(name: BackboneName) -> int:
    """How many classes the folder's own head has; 0 where it has none."""
    return folder_of(name).num_classes


def card(name: BackboneName, pretrained: bool) -> Card:
    """What is known of a folder.

    >>> card(resolve("hf/openai/whisper-tiny.audio_classification"), pretrained=True).licence
    'apache-2.0'
    """
    folder = folder_of(name)
    about = f"transformers {needed().__version__}"
    return Card(
        name=str(name),
        architecture=str(name),
        library="transformers",
        source=f"{about}, {folder.origin}" if pretrained else about,
        licence=folder.licence if pretrained else "Apache-2.0",
        input_size=0,
        takes=f"sounds of {RATE:,} samples a second ({folder.config['model_type']})",
        num_classes=default_classes(name),
        class_names=folder.class_names if pretrained else (),
        pretrained=pretrained,
        weights=folder.path.name[:12] if pretrained else "random",
    )


def find_weights(name: BackboneName) -> Path:
    """The file of weights (of several, the index that names them).

    Raises:
        ValueError: the folder is not on this machine, or holds no weights.
    """
    folder = folder_of(name)
    found = next((folder.path / file for file in FILES if (folder.path / file).is_file()), None)
    if found is None:
        raise ValueError(
            f"'{folder.path}' holds no model.safetensors. Type load('{name}', pretrained=False) for random weights."
        )
    return found


def load_pretrained(name: BackboneName, path: Path, num_classes: int | None) -> tuple[nn.Module, int, str]:
    """The network with a folder's weights, how many classes their head has (0: none), and a note on what is fresh.

    Raises:
        ValueError: broken files, another architecture, or neither a head nor `num_classes`.
    """
    folder = folder_of(name)
    in_file = default_classes(name)
    classes = num_classes or in_file
    if not classes:
        raise ValueError(f"{name} comes without a head; give num_classes= for a fresh one.")
    config, tensors = _configuration(folder, classes), tensors_in(path)
    transformers = needed()
    with _without_chatter(transformers):
        try:  # the library places them, since it knows the names that its older versions gave the same tensors
            inner, found = _kind(folder).from_pretrained(
                None, config=config, state_dict=tensors, ignore_mismatched_sizes=True, output_loading_info=True
            )
        except Exception as error:  # whatever tensors of odd types and sizes lead to
            raise ValueError(f"The weights '{path}' cannot be used: {_first_line(error)}") from error
    missing = list(found["missing_keys"])
    differing = [*missing, *(key if isinstance(key, str) else key[0] for key in found["mismatched_keys"])]
    wrong = [key for key in differing if not key.startswith(HEAD)]
    if wrong:
        raise ValueError(
            f"The weights '{path}' are not those of the config.json beside them: {len(wrong)} tensors are missing or "
            f"of another shape ({', '.join(wrong[:3])}{', …' if len(wrong) > 3 else ''})."
        )
    model = _wrapped(folder, inner)
    fresh = in_file and any(key.startswith("projector.") for key in differing)
    note = "fresh, since the file has none that fits: projector" if fresh else ""
    return model, 0 if any(key.startswith("classifier.") for key in missing) else in_file, note


def adapt(name: BackboneName, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """A file's tensors under the names of our network, without those that it does not use.

    >>> adapt(resolve("hf/facebook/wav2vec2-base.audio_classification"), tensors)
    """
    old = {".weight_g": ".parametrizations.weight.original0", ".weight_v": ".parametrizations.weight.original1"}
    found = {}
    for key, value in tensors.items():
        for ending, new in old.items():  # torch's names for a weight-normed layer before 2.0
            key = key.removesuffix(ending) + new if key.endswith(ending) else key
        if not key.endswith("masked_spec_embed"):
            found[key] = value
    return found


def shorten(model: nn.Module, card: Card) -> None:
    """Have a Whisper read as many seconds as its card says, where it says so.

        >>> shorten(model, replace(card, details={"seconds": 1.0}))

    Raises:
        ValueError: more than it has positions, or a network that reads a sound however long it is.
    """
    seconds = card.details.get(SECONDS)
    if seconds is None:
        return
    read_only = getattr(model, "read_only", None)
    if read_only is None:
        raise ValueError("Wav2Vec2 reads as many seconds as a sound has; leave seconds out.")
    read_only(seconds)


def with_seconds(model: nn.Module, seconds: float) -> nn.Module:
    """The same network, reading so many seconds of each sound, with a card that says so.

    >>> with_seconds(load("hf/openai/whisper-tiny", 4), 1.0)
    """
    known: Any = model.card
    short = replace(known, details={**known.details, SECONDS: seconds})
    shorten(model, short)
    model.card = short  # type: ignore[assignment]
    return model


def needed() -> Any:
    """transformers, or the sentence that says how to install it.

    Raises:
        ValueError: it is not installed.
    """
    return transformers_for("sounds", INSTALL)


def _wrapped(folder: Folder, inner: Any) -> nn.Module:
    """transformers' own model behind a forward that takes samples.

    What lies behind the encoder and was never trained is left out: a frozen network has no random layer in it then.
    """
    projector, standardise = bool(folder.num_classes), _standardised(folder)
    try:
        if folder.config["model_type"] == "whisper":
            from transferlab.backbones.sound_networks.whisper import WhisperClassifier

            return WhisperClassifier(inner, projector).train()
        from transferlab.backbones.sound_networks.wav2vec2 import Wav2Vec2Classifier

        return Wav2Vec2Classifier(inner, projector, standardise).train()
    except ValueError as error:
        raise ValueError(f"'{folder.path}' cannot be used: {error}") from error


def _standardised(folder: Folder) -> bool:
    """Whether the network was given sounds of mean 0 and variance 1: it was, where its files do not say otherwise."""
    path = folder.path / "preprocessor_config.json"
    said = small_json(path) if path.is_file() else {}
    if not isinstance(said, dict):
        raise ValueError(f"'{path}' is broken: it holds no JSON object.")
    rate = said.get("sampling_rate", RATE)
    if rate != RATE:
        raise ValueError(f"'{folder.path}' takes {rate} samples a second, and sounds here have {RATE:,}.")
    return bool(said.get("do_normalize", True))


def _kind(folder: Folder) -> Any:
    return getattr(needed(), CLASSES[folder.config["model_type"]])


def _configuration(folder: Folder, num_classes: int) -> Any:
    """transformers' own configuration, for so many classes, of a network that can be built and for which there is room.

    Raises:
        ValueError: it makes no sense, such as one with an adapter, or is too large.
    """
    values = settings_for(folder, num_classes)
    try:
        config = _kind(folder).config_class(**values, attn_implementation="sdpa")
        with torch.device("meta"):
            size = sum(parameter.numel() for parameter in _kind(folder)(config).parameters())
    except Exception as error:  # of a broken or hostile file: nearly anything
        raise ValueError(
            f"'{folder.path / 'config.json'}' does not describe a network: {_first_line(error)}"
        ) from error
    if 4 * size > available_memory():
        raise ValueError(
            f"'{folder.path}' has {size:,} parameters, {4 * size / 1e9:,.1f} GB, and {available_memory() / 1e9:,.1f} "
            "GB of memory are left here. Take a smaller one."
        )
    return config


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).strip().partition("\n")[0]


@contextlib.contextmanager
def _without_chatter(transformers: Any) -> Iterator[None]:
    """Without its list of fresh tensors, which the card's note says in a sentence, and its bar."""
    logging = transformers.utils.logging
    level, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()
