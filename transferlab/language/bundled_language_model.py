"""The language model that comes with the package: its weights, its tokens and its card, read from three files.

Weights are fp16 safetensors, made by `data_scripts/pretrain_language_model.py` on eight public-domain novels.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from transferlab.language.byte_pairs import Tokenizer
from transferlab.language.passages import piece_names
from transferlab.language.small_gpt import SmallGPT

FOLDER = Path(__file__).parent / "bundled"
NAME = "small_gpt"


def load_language_model(pretrained: bool = True, seed: int = 0, dropout: float = 0.0) -> tuple[SmallGPT, Tokenizer]:
    """The pretrained model in fp32 and in eval mode, and its tokenizer.

        >>> model, tokenizer = load_language_model()
        >>> print(write(model, tokenizer, "It was the"))

    With `pretrained=False` the weights are random, drawn with `seed`. `dropout` acts in training mode only.
    """
    from transferlab.randomness import OwnRandomness

    with OwnRandomness(seed):
        model = SmallGPT(**language_card()["architecture"], dropout=dropout)
    if pretrained:
        state = load_file(FOLDER / f"{NAME}.safetensors")
        model.load_state_dict({name: value.to(torch.float32) for name, value in state.items()})
    model.class_names = piece_names(bundled_tokenizer())  # by which `remember` knows what its answers mean
    return model.eval(), bundled_tokenizer()


@cache
def own_writing() -> str:
    """What the pretrained model itself wrote, 64 passages, to ask it again what it would have said.

        >>> memory = remember(model, source=passages(tokenizer, own_writing()))

    A text to measure forgetting on where no novel is at hand: how well the model still foresees what it used to write
    (Robins, "Catastrophic Forgetting, Rehearsal and Pseudorehearsal", 1995). Made by `data_scripts/own_writing.py`.
    """
    return (FOLDER / f"{NAME}_writing.txt").read_text(encoding="utf-8")


@cache
def bundled_tokenizer() -> Tokenizer:
    """The 1,024 tokens that the bundled model reads and writes."""
    return Tokenizer.load(FOLDER / f"{NAME}_tokens.json")


@cache
def recorded_adaptation() -> dict[str, Any]:
    """Runs of `data_scripts/adapt_language_model.py`: whole and by LoRA, to Shakespeare's plays and to docstrings.

    >>> recorded_adaptation()["plays"]["rows"][0]["style_after"]
    """
    return json.loads((FOLDER / "adapted.json").read_text(encoding="utf-8"))


@cache
def language_card() -> dict[str, Any]:
    """What the model is, where it comes from, and how well it foresees a novel that it never read.

    >>> language_card()["held_out"]["perplexity"]
    """
    return json.loads((FOLDER / f"{NAME}.json").read_text(encoding="utf-8"))
