"""Tiny random networks of every supported class, made as files in a folder, as a hub would have them."""

import json
from pathlib import Path

import torch

WORDS = [
    "the", "cat", "dog", "sat", "ran", "on", "under", "mat", "tree", "red", "blue", "big", "small", "is", "was", "open",
    "shut", "please", "thanks", "why", "how", "!", "?", ".", ",", "un", "##known", "##s",
]  # fmt: skip
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
SMALL = {"num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": 32, "intermediate_size": 64}
CONFIGS = {
    "bert": {**SMALL, "max_position_embeddings": 40},
    "roberta": {**SMALL, "max_position_embeddings": 41, "type_vocab_size": 1, "layer_norm_eps": 1e-5},
    "xlm-roberta": {**SMALL, "max_position_embeddings": 41, "type_vocab_size": 1, "layer_norm_eps": 1e-5},
    "distilbert": {"n_layers": 2, "n_heads": 2, "dim": 32, "hidden_dim": 64, "max_position_embeddings": 40},
    "gpt2": {"n_layer": 2, "n_head": 2, "n_embd": 32, "n_positions": 40, "bos_token_id": 2, "eos_token_id": 3},
    "llama": {**SMALL, "num_key_value_heads": 1, "max_position_embeddings": 40, "bos_token_id": 2, "eos_token_id": 3},
}
START = {"bert": "Bert", "roberta": "Roberta", "xlm-roberta": "XLMRoberta", "distilbert": "DistilBert",
         "gpt2": "GPT2", "llama": "Llama"}  # fmt: skip
ENCODERS = ("bert", "roberta", "xlm-roberta", "distilbert")
TASKS = {
    **dict.fromkeys(ENCODERS, ("sequence_classification", "token_classification", "sentence_embedding")),
    **dict.fromkeys(("gpt2", "llama"), ("sequence_classification", "causal_lm")),
}
ALL = [(kind, task) for kind, tasks in TASKS.items() for task in tasks]


def tokenizer(kind: str):
    """A WordPiece tokenizer over a few words, with BERT's signs around a text for encoders."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    made = Tokenizer(models.WordPiece({one: i for i, one in enumerate([*SPECIAL, *WORDS])}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    if kind in ENCODERS:
        made.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
        )
    made.add_special_tokens(SPECIAL)
    return made


def library_class(kind: str, task: str):
    import transformers

    endings = {
        "sequence_classification": "ForSequenceClassification",
        "token_classification": "ForTokenClassification",
        "sentence_embedding": "Model",
        "causal_lm": "LMHeadModel" if kind == "gpt2" else "ForCausalLM",
    }
    return getattr(transformers, START[kind] + endings[task])


def library_model(kind: str, task: str, num_classes: int = 3, **changes):
    """transformers' own model, random, in eval mode."""
    import transformers

    values = {**CONFIGS[kind], "vocab_size": len(SPECIAL) + len(WORDS), "pad_token_id": 0, "num_labels": num_classes}
    config = getattr(transformers, f"{START[kind]}Config")(**{**values, **changes})
    torch.manual_seed(0)
    return library_class(kind, task)(config).eval()


def folder(path: Path, kind: str, task: str, num_classes: int = 3, **changes) -> Path:
    """A folder as `save_pretrained` writes it, with its tokenizer."""
    inner = library_model(kind, task, num_classes, **changes)
    inner.save_pretrained(path)
    tokenizer(kind).save(str(path / "tokenizer.json"))
    if task == "sentence_embedding":
        kinds = [{"type": "sentence_transformers.models.Transformer"}, {"type": "sentence_transformers.models.Pooling"}]
        (path / "modules.json").write_text(json.dumps(kinds))
    return path


def rows(count: int = 48, length: int = 12, seed: int = 0) -> torch.Tensor:
    """Token numbers `(count, length)` of which every second row is padded."""
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randint(5, len(SPECIAL) + len(WORDS), (count, length), generator=generator)
    for row in range(0, count, 2):
        tokens[row, 3 + row % (length - 3) :] = 0
    return tokens
