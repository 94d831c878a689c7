"""Adapt the pretrained language model to Shakespeare's plays, whole or by LoRA, and see what it forgets of the novels.

    python data_scripts/books.py books
    python data_scripts/adapt_language_model.py --books books --out plays.json --seeds 5

Each run goes once through the first four fifths of the plays and is measured on the last fifth; forgetting is the
perplexity on a novel that the model never read. Full fine-tuning is tried at three rates, LoRA (rank 4 in every Linear,
the head as it was) at three that are ten times higher. `--arm` takes some of them, `--style docstrings` another text.
Rows go into OUT as they come, with what the model wrote on its way; a row that is there is not computed again.
"""

import argparse
import json
import math
import time
from pathlib import Path

import torch
from books import PLAYS, read_book, sha256
from pretrain_language_model import HELD_OUT, hardware

from transferlab.data.labelled import Splits
from transferlab.files import write_atomically
from transferlab.forgetting import remember
from transferlab.language import docstrings, load_language_model, own_writing, passages, write
from transferlab.recipes import Phase, Recipe, lora
from transferlab.records import Epoch, Run
from transferlab.training import fit

LENGTH = 128  # tokens in a row
TRAINED_ON = 0.8  # of the text, from its beginning
HELD_OUT_ROWS, SOURCE_ROWS = 400, 200  # evenly spread over what is held out and over the novel
START = "\n\n"  # what samples go on from
PER_EPOCH = 10  # measurements of forgetting within an epoch


def whole(rate: float, epochs: int) -> Recipe:
    """Everything at one rate: the head is not new, so that there is no first phase."""
    return Recipe("everything", (Phase("all", 0.0, epochs, rate, backbone_lr=rate),))


def adapters(rate: float, epochs: int, r: int = 4) -> Recipe:
    return lora(epochs, 0, head_lr=rate, adapter_lr=rate, r=r, target_modules="all-linear", modules_to_save=())


ARMS = {
    "everything at 1e-4": lambda epochs: whole(1e-4, epochs),
    "everything at 3e-4": lambda epochs: whole(3e-4, epochs),
    "everything at 1e-3": lambda epochs: whole(1e-3, epochs),
    "LoRA at 1e-3": lambda epochs: adapters(1e-3, epochs),
    "LoRA at 3e-3": lambda epochs: adapters(3e-3, epochs),
    "LoRA at 1e-2": lambda epochs: adapters(1e-2, epochs),
}


def read(style: str, books: Path | None) -> tuple[str, str]:
    """The new style, and the text that forgetting is measured on."""
    if style == "docstrings":
        return docstrings(), own_writing()
    assert books is not None
    return read_book(books, PLAYS), read_book(books, HELD_OUT)


def adapt(arm: str, seed: int, epochs: int, data: Splits, source, device: str) -> dict:
    """One run as a row."""
    model, tokenizer = load_language_model()
    memory = remember(model, source=source)
    recipe, begun, samples, curve = ARMS[arm](epochs), time.perf_counter(), [], []
    for record in fit(
        model, data, recipe, memory=memory, seed=seed, device=device, measurements_per_epoch=PER_EPOCH
    ):  # fmt: skip
        if isinstance(record, Epoch):
            said = write(model, tokenizer, START, 60, seed=0) if seed == 0 else ""
            samples.append(said.strip())
            curve.append([record.epoch, record.held_out_loss, record.source_loss])
    assert isinstance(record, Run)
    first, last = record.epochs[0], record.epochs[-1]
    return {
        "arm": arm,
        "seed": seed,
        "epochs": epochs,
        "share": last.trainable_parameters / sum(p.numel() for p in model.parameters()),
        "style_before": math.exp(first.held_out_loss),
        "style_after": math.exp(last.held_out_loss),
        "source_before": math.exp(first.source_loss),
        "source_after": math.exp(last.source_loss),
        "within": [[round(one.epoch, 3), round(math.exp(one.source_loss), 3)] for one in record.measurements],
        "samples": samples if seed == 0 else [],
        "precision": record.precision,
        "training_seconds": round(record.seconds, 1),
        "seconds": round(time.perf_counter() - begun, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--books", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--style", choices=["plays", "docstrings"], default="plays")
    parser.add_argument("--arm", action="append", choices=list(ARMS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--most", type=int, help="rows to train on; default: all")
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    if args.style == "plays" and args.books is None:
        parser.error("--books is the folder that data_scripts/books.py filled")
    style, source_text = read(args.style, args.books)
    cut = int(len(style) * TRAINED_ON)
    _, tokenizer = load_language_model()
    data = Splits(
        passages(tokenizer, style[:cut], LENGTH, name=args.style, most=args.most),
        passages(tokenizer, style[cut:], LENGTH, most=HELD_OUT_ROWS),
    )
    source = passages(tokenizer, source_text, LENGTH, most=SOURCE_ROWS)
    found = json.loads(args.out.read_text()) if args.out.exists() else {"rows": []}
    found |= {
        "style": args.style, "rows_trained_on": len(data.train), "tokens_in_a_row": LENGTH,
        "style_sha256": sha256(style), "source_sha256": sha256(source_text),
        "hardware": hardware(args.device), "torch": torch.__version__,
    }  # fmt: skip
    there = {(row["arm"], row["seed"], row["epochs"]) for row in found["rows"]}
    for seed in range(args.seeds):
        for arm in args.arm or ARMS:
            if (arm, seed, args.epochs) in there:
                continue
            row = adapt(arm, seed, args.epochs, data, source, args.device)
            found["rows"].append(row)
            write_atomically(args.out, lambda partial: partial.write_text(json.dumps(found, indent=1) + "\n"))
            print(
                f"{arm:20} seed {seed}: {row['share']:.1%} trained; style {row['style_before']:.1f} → "
                f"{row['style_after']:.1f}, novel {row['source_before']:.1f} → {row['source_after']:.1f}; "
                f"{row['training_seconds']:.0f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
