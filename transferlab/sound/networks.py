"""`load_sound_network`: Wav2Vec2 or Whisper's encoder from transformers, with a head for one's own classes.

    model = load_sound_network("hf/openai/whisper-tiny", num_classes=4)

A network lies in a folder, or in the cache of the Hugging Face hub; nothing is downloaded here, and no code of a
network's own is run. Weights are safetensors, or a checkpoint that holds tensors alone. Left out: decoders, adapters,
and networks that take another rate than 16,000 samples a second.
"""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from torch import nn

from transferlab.backbones.card import Card
from transferlab.data.sounds import RATE
from transferlab.errors import check_num_classes, unknown
from transferlab.sound.extra import needs

KINDS = ("wav2vec2", "whisper")
HEAD = ("projector.", "classifier.")


def load_sound_network(
    name: str | Path, num_classes: int | None = None, pretrained: bool = True, seconds: float | None = None
) -> nn.Module:
    """A classifier from samples `(B, T)` within -1…1 at 16,000 Hz to logits `(B, num_classes)`, with `model.card`.

        >>> load_sound_network("hf/facebook/wav2vec2-base", num_classes=4)
        >>> load_sound_network("my-folder/whisper-tiny", num_classes=4, seconds=1.0)

    `name` is a folder as transformers saves it, or a name on the hub whose files are in this machine's cache. A head
    that it was trained with is kept where `num_classes` fits or is left out, else it is fresh; `model.card.notes` says
    so. `pretrained=False` builds it with random weights. `seconds` is for Whisper, which else reads 30 of them each
    time, mostly silence.

    Raises:
        ValueError: transformers is not installed, no such network is on this machine, it is of another kind, its files
            are broken, or `num_classes` or `seconds` makes no sense.
    """
    if num_classes is not None:
        check_num_classes(num_classes)
    transformers: Any = needs("transformers", "Networks for sound need transformers")
    with _without_chatter(transformers):
        return _loaded(transformers, name, num_classes, pretrained, seconds)


def _loaded(
    transformers: Any, name: str | Path, num_classes: int | None, pretrained: bool, seconds: float | None
) -> nn.Module:
    where = str(name).removeprefix("hf/")
    config = _config(transformers, where)
    trained_head = any("Classification" in one for one in config.architectures or ())
    if num_classes is None and not (trained_head and pretrained):
        raise ValueError(f"'{name}' has no head of its own; give num_classes, the number of your classes.")
    same_head = trained_head and num_classes in (None, config.num_labels)
    if not same_head:
        config.num_labels = num_classes
    if config.model_type == "wav2vec2" and config.add_adapter:
        raise ValueError(f"'{name}' has an adapter behind its encoder, which no classifier here reads.")
    if seconds is not None and config.model_type != "whisper":
        raise ValueError("Wav2Vec2 reads as many seconds as a sound has; leave seconds out.")
    standardised = _standardised(where)
    # What lies behind the encoder and was never trained is left out: a frozen network has no random layer then.
    if config.model_type == "whisper":
        from transferlab.sound.whisper import WhisperClassifier

        network = _network(transformers.WhisperForAudioClassification, where, config, pretrained)
        model: nn.Module = WhisperClassifier(network, projector=trained_head, seconds=seconds)
    else:
        from transferlab.sound.wav2vec2 import Wav2Vec2Classifier

        network = _network(transformers.Wav2Vec2ForSequenceClassification, where, config, pretrained)
        model = Wav2Vec2Classifier(network, projector=trained_head, standardise=standardised)
    model.card = _card(name, config, model, pretrained, same_head)  # type: ignore[assignment]
    return model.eval()


def _config(transformers: Any, where: str) -> Any:
    folder = Path(where).expanduser()
    if folder.is_dir() and not (folder / "config.json").is_file():
        raise ValueError(f"'{where}' holds no network: there is no config.json in it, as transformers saves one.")
    try:
        config = transformers.AutoConfig.from_pretrained(where, local_files_only=True, trust_remote_code=False)
    except OSError as error:
        if folder.is_dir():
            raise ValueError(f"The config.json of '{where}' cannot be read: {_first_line(error)}") from error
        raise _not_here(where) from error
    except Exception as error:  # of a broken or hostile file: nearly anything
        raise ValueError(f"The config.json of '{where}' describes no network: {_first_line(error)}") from error
    if config.model_type not in KINDS:
        raise unknown("kind of network for sound", config.model_type, KINDS, owner="Those that can be used are")
    return config


def _standardised(where: str) -> bool:
    """Whether the network was given sounds of mean 0 and variance 1: it was, where its files do not say otherwise."""
    from transformers.utils import cached_file

    path = cached_file(
        where, "preprocessor_config.json", local_files_only=True, _raise_exceptions_for_missing_entries=False,
        _raise_exceptions_for_connection_errors=False,
    )  # fmt: skip
    if path is None:
        return True
    try:
        said = json.loads(Path(path).read_text(encoding="utf-8"))
        rate, standardised = said.get("sampling_rate", RATE), bool(said.get("do_normalize", True))
    except (OSError, ValueError, AttributeError) as error:
        raise ValueError(f"The preprocessor_config.json of '{where}' cannot be read: {_first_line(error)}") from error
    if rate != RATE:
        raise ValueError(f"'{where}' takes {rate} samples a second, and sounds here have {RATE:,}.")
    return standardised


def _network(kind: Any, where: str, config: Any, pretrained: bool) -> Any:
    """The network, with its weights where they are asked for: all but the head's must then be in the file."""
    if not pretrained:
        return kind(config)
    try:
        network, found = kind.from_pretrained(
            where, config=config, local_files_only=True, trust_remote_code=False, ignore_mismatched_sizes=True,
            output_loading_info=True, weights_only=True,
        )  # fmt: skip
    except OSError as error:
        if Path(where).expanduser().is_dir():
            raise ValueError(f"The weights in '{where}' cannot be read: {_first_line(error)}") from error
        raise _not_here(where) from error
    except Exception as error:  # SafetensorError, UnpicklingError, RuntimeError …
        raise ValueError(f"The weights of '{where}' cannot be read: {_first_line(error)}") from error
    differing = [*found["missing_keys"], *(key if isinstance(key, str) else key[0] for key in found["mismatched_keys"])]
    wrong = [key for key in differing if not key.startswith(HEAD)]
    if wrong:
        raise ValueError(
            f"The weights of '{where}' are not those of its config.json: {len(wrong)} tensors are missing or of "
            f"another shape ({', '.join(wrong[:3])}, …)."
        )
    return network


def _card(name: str | Path, config: Any, model: nn.Module, pretrained: bool, same_head: bool) -> Card:
    number = sum(one.numel() for one in model.parameters())
    classes = config.num_labels
    named = config.id2label if same_head and pretrained else {}
    return Card(
        name=str(name), architecture=config.model_type, library="transformers", source=f"transformers, {name}",
        licence="as its makers say on its page", input_size=0, num_classes=classes,
        class_names=tuple(str(named[i]) for i in range(classes)) if len(named) == classes else (),
        num_parameters=number, megabytes=round(4 * number / 1e6, 2), pretrained=pretrained,
        weights=str(name) if pretrained else "random",
        notes=() if same_head or not pretrained else (f"The head for {classes} classes is fresh.",),
        takes=f"sounds of {RATE:,} samples a second",
    )  # fmt: skip


def _not_here(where: str) -> ValueError:
    return ValueError(
        f"'{where}' is neither a folder nor in this machine's cache of the Hugging Face hub. Type "
        f"`hf download {where}` in a terminal while there is a network, or give the folder that it was saved in."
    )


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
