"""Let the small language model name what a message wants: frozen, by LoRA, whole, and from scratch.

    python data_scripts/adapt_to_sentences.py --seeds 5 --per-class 20

Each seed draws its training messages anew from the 448 that come with the package and measures on all others. What is
forgotten is the perplexity on what the pretrained model itself used to write, under its own head. Prints a table with
95 % intervals over seeds, and writes the rows where asked.
"""

import argparse
import copy
import json
import math
from pathlib import Path

import torch

import transferlab as tl
from transferlab.data.labelled import Splits
from transferlab.files import write_atomically
from transferlab.inference import judge
from transferlab.language import LastToken, load_language_model, own_writing, passages, sentence_set
from transferlab.meters import mean_interval
from transferlab.recipes import Phase, Recipe, lora
from transferlab.text import sentences

LENGTH = 40  # tokens of a message; the few longer ones lose their beginning


def whole(lr: float) -> Recipe:
    """The head first, then everything at one rate."""
    phases = (Phase("head", 1.0, 8, 3e-3), Phase("all", 0.0, 15, 1e-3, backbone_lr=lr))
    return Recipe("everything", phases)


WAYS = {
    "frozen": tl.feature_extraction(epochs=30, head_lr=1e-2),
    "everything at 1e-4": whole(1e-4),
    "everything at 1e-3": whole(1e-3),
    "LoRA at 1e-3": lora(epochs=15, target_modules="all-linear"),
    "LoRA at 3e-3": lora(epochs=15, adapter_lr=3e-3, target_modules="all-linear"),
    "scratch": tl.from_scratch(epochs=40),
}


def divided(per_class: int, seed: int) -> Splits:
    """`per_class` messages of each class to train on, all others to measure on."""
    given = sentences()
    _, tokenizer = load_language_model()
    labels = [given.class_names.index(label) for label in given.labels]
    data = sentence_set(tokenizer, given.texts, labels, given.class_names, LENGTH)
    rows = data.per_class_rows(per_class, seed)
    others = torch.ones(len(data), dtype=torch.bool)
    others[rows] = False
    return Splits(data.subset(rows), data.subset(others))


def measured(way: str, per_class: int, seed: int) -> dict:
    """One run as a row."""
    model, tokenizer = load_language_model(pretrained=way != "scratch", seed=seed)
    head = copy.deepcopy(model.head)
    classifier = LastToken(model)
    tl.replace_head(classifier, 4, seed=seed)
    run = tl.train(classifier, divided(per_class, seed), WAYS[way], seed=seed, progress=False)
    model.head = head
    old = judge(model, passages(tokenizer, own_writing(), most=40))
    assert old.loss is not None
    return {
        "way": way, "seed": seed, "per_class": per_class, "accuracy": run.accuracy,
        "trained": run.trainable_parameters, "perplexity": math.exp(old.loss), "seconds": round(run.seconds, 1),
    }  # fmt: skip


def shown(values: list[float], scale: float = 1.0) -> str:
    if len(values) < 2:
        return f"{scale * values[0]:.1f}"
    mean, half = mean_interval(values)
    return f"{scale * mean:.1f} ± {scale * half:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--per-class", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--way", action="append", choices=list(WAYS))
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    rows = []
    for way in args.way or WAYS:
        here = [measured(way, args.per_class, seed) for seed in range(args.seeds)]
        rows += here
        print(
            f"{way:20} {shown([row['accuracy'] for row in here], 100):>12} %   old text "
            f"{shown([row['perplexity'] for row in here]):>14}   {here[0]['trained']:>9,} trained   "
            f"{here[0]['seconds']:.0f} s",
            flush=True,
        )
    if args.out:
        text = json.dumps({"torch": torch.__version__, "rows": rows}, indent=1) + "\n"
        write_atomically(args.out, lambda partial: partial.write_text(text, encoding="utf-8"))


if __name__ == "__main__":
    main()
