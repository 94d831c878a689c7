"""Pretrain the small language model on eight public-domain novels; a ninth is never shown to it.

    python data_scripts/books.py books
    python data_scripts/pretrain_language_model.py --books books --out pretraining --install

The run can be killed at any time: the same command goes on after the last finished epoch. At the end OUT holds
`small_gpt.safetensors` (fp16), `small_gpt_tokens.json`, `small_gpt.json` (the card) and `log.jsonl` (a line an epoch).

The tokens are learned from the eight novels, then AdamW (Loshchilov & Hutter 2019) trains with a warm-up and one cosine
down to a tenth, gradients cut at norm 1, dropout (Srivastava et al. 2014), and pieces of text that begin at random
places. Eight novels are few: the last twentieth of each is not trained on, and the weights that foresee those endings
best are kept. The held-out novel is looked at once, at the end.
"""

import argparse
import hashlib
import json
import math
import platform
import shutil
import time
from pathlib import Path

import torch
from books import NOVELS, PLAYS, read_book, sha256
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from transferlab.files import write_atomically
from transferlab.language import SmallGPT, Tokenizer, foresee, write

HELD_OUT = "the-war-of-the-worlds"  # the shortest, and by an author whom no other book here is by
ENDINGS = 0.05  # of each novel that is not trained on, to choose the epoch by
ARCHITECTURE = {"vocabulary": 1024, "dim": 192, "blocks": 6, "heads": 6, "hidden": 512, "context": 256}
BATCH = 64  # pieces of 256 tokens
LR, LEAST_LR, WARM_UP = 2e-3, 0.1, 0.03  # the highest rate; the share of it at the end; the share of steps on the way
WEIGHT_DECAY = 0.1  # on matrices; norms are exempt
CLIP = 1.0


def read_novels(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """What is trained on, and the endings, by the names of the eight novels."""
    novels = {name: read_book(folder, name) for name in NOVELS if name != HELD_OUT}
    cut = {name: int(len(text) * (1 - ENDINGS)) for name, text in novels.items()}
    return (
        {name: text[: cut[name]] for name, text in novels.items()},
        {name: text[cut[name] :] for name, text in novels.items()},
    )


def encoded(tokenizer: Tokenizer, texts: dict[str, str]) -> Tensor:
    """All texts in a row: `(T,)`."""
    return torch.tensor([token for text in texts.values() for token in tokenizer.encode(text)])


def num_bytes(texts: dict[str, str]) -> int:
    return sum(len(text.encode()) for text in texts.values())


def learning_rate(progress: float) -> float:
    """The rate after `progress` 0…1 of the run: straight up, then half a cosine down."""
    if progress < WARM_UP:
        return LR * progress / WARM_UP
    down = (progress - WARM_UP) / (1 - WARM_UP)
    return LR * (LEAST_LR + (1 - LEAST_LR) * (1 + math.cos(math.pi * down)) / 2)


def pieces(tokens: Tensor, number: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Pieces of text from random places and, for each token, the next one: `(B, T)` twice."""
    context = ARCHITECTURE["context"]
    starts = torch.randint(0, len(tokens) - context, (number,), generator=generator)
    index = starts[:, None] + torch.arange(context + 1)
    rows = tokens[index.to(tokens.device)]
    return rows[:, :-1], rows[:, 1:]


def train_epoch(
    model: nn.Module, optimizer: torch.optim.Optimizer, tokens: Tensor, epoch: int, epochs: int, seed: int, bf16: bool
) -> float:
    """As many pieces as cover the text once; returns the mean loss."""
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    model.train()
    batches = len(tokens) // (BATCH * ARCHITECTURE["context"])
    total = torch.zeros((), device=tokens.device)
    for i in range(batches):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate((epoch + i / batches) / epochs)
        x, y = pieces(tokens, BATCH, generator)
        with torch.autocast(tokens.device.type, torch.bfloat16, enabled=bf16):
            logits = model(x)  # (B, T, vocabulary)
        loss = F.cross_entropy(logits.float().flatten(0, 1), y.flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        total += loss.detach()
    return total.item() / batches


def half(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().half().cpu().contiguous() for name, value in model.state_dict().items()}


def hardware(device: str) -> str:
    if device == "cuda":
        return torch.cuda.get_device_name()
    return f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads"


def finish(best: dict[str, Tensor], tokenizer: Tokenizer, log: list[dict], args: argparse.Namespace) -> None:
    """Measure the rounded weights on the held-out novel and on the plays, and write weights, tokens and card."""
    out: Path = args.out
    write_atomically(out / "small_gpt.safetensors", lambda path: save_file(best, path))
    tokenizer.save(out / "small_gpt_tokens.json")
    model = SmallGPT(**ARCHITECTURE).to(args.device).eval()
    model.load_state_dict({name: value.float() for name, value in best.items()})
    novel, plays = read_book(args.books, HELD_OUT), read_book(args.books, PLAYS)
    _, endings = read_novels(args.books)
    measured = {}
    for name, text in (("held_out", novel), ("plays", plays), ("endings", "".join(endings.values()))):
        tokens = torch.tensor(tokenizer.encode(text))
        found = foresee(model, tokens, len(text.encode()), ARCHITECTURE["context"])
        measured[name] = {
            "loss": round(found.loss, 4), "perplexity": round(found.perplexity, 2),
            "bits_per_byte": round(found.bits_per_byte, 4), "tokens": found.tokens,
        }  # fmt: skip
    payload = (out / "small_gpt.safetensors").read_bytes()
    kept = min(log, key=lambda entry: entry["endings_loss"])
    card = {
        "name": "small_gpt",
        "architecture": ARCHITECTURE,
        "source": "trained by data_scripts/pretrain_language_model.py on eight public-domain novels",
        "licence": "weights: CC BY 4.0; the novels are in the public domain in the USA",
        "books": {name: sha256(read_book(args.books, name)) for name in NOVELS if name != HELD_OUT},
        "held_out_book": {HELD_OUT: sha256(novel)},
        "held_out": measured["held_out"],
        "plays": measured["plays"],
        "endings": measured["endings"],
        "measured_on": "pieces of 256 tokens; fp16 weights computed in fp32; loss in nats a token. held_out: "
        f"{HELD_OUT}, never trained on; plays: Shakespeare, never trained on; endings: the last twentieth of the "
        "novels, which chose the epoch",
        "recipe": __doc__.split("\n\n")[3].strip().replace("\n", " "),
        "num_parameters": sum(p.numel() for p in model.parameters()),
        "megabytes": round(len(payload) / 1e6, 2),
        "epochs": args.epochs,
        "kept_epoch": kept["epoch"],
        "dropout": args.dropout,
        "seed": args.seed,
        "seconds": round(sum(entry["seconds"] for entry in log)),
        "hardware": sorted({entry["hardware"] for entry in log}),
        "torch": torch.__version__,
        "sha256": hashlib.sha256(payload).hexdigest(),
    }
    write_atomically(out / "small_gpt.json", lambda path: path.write_text(json.dumps(card, indent=1) + "\n"))
    print(json.dumps(measured, indent=1))
    print(write(model, tokenizer, "\n", tokens=200))
    if args.install:
        package = Path(__file__).resolve().parents[1] / "transferlab" / "language" / "bundled"
        package.mkdir(exist_ok=True)
        for name in ("small_gpt.safetensors", "small_gpt_tokens.json", "small_gpt.json"):
            shutil.copyfile(out / name, package / name)
        shutil.copyfile(out / "log.jsonl", package / "pretraining_log.jsonl")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--books", type=Path, required=True, help="the folder that books.py filled")
    parser.add_argument("--out", type=Path, required=True, help="where checkpoints, log, weights and card go")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--dropout", type=float, default=0.2)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--compile", action="store_true", help="send training through torch.compile: quicker on a GPU")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--stop-after", type=int, default=None, help="stop after this many epochs; go on later")
    parser.add_argument("--install", action="store_true", help="copy the result into the package")
    args = parser.parse_args()

    args.out.mkdir(parents=True, exist_ok=True)
    novels, endings = read_novels(args.books)
    tokens_file = args.out / "small_gpt_tokens.json"
    if not tokens_file.exists():
        Tokenizer.learn(novels.values(), ARCHITECTURE["vocabulary"]).save(tokens_file)
    tokenizer = Tokenizer.load(tokens_file)
    train, ends, ends_bytes = encoded(tokenizer, novels), encoded(tokenizer, endings), num_bytes(endings)
    train = train.to(args.device)
    print(f"{len(train):,} tokens to train on, {len(ends):,} of endings", flush=True)

    torch.manual_seed(args.seed)
    model = SmallGPT(**ARCHITECTURE, dropout=args.dropout).to(args.device)
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for p in model.parameters() if p.ndim > 1], "weight_decay": WEIGHT_DECAY},
            {"params": [p for p in model.parameters() if p.ndim <= 1], "weight_decay": 0.0},
        ],
        LR, betas=(0.9, 0.95), fused=True,
    )  # fmt: skip
    checkpoint, log_file = args.out / "checkpoint.pt", args.out / "log.jsonl"
    log: list[dict] = []
    best = half(model)
    if checkpoint.exists():
        saved = torch.load(checkpoint, map_location=args.device, weights_only=True)
        if saved["epochs"] != args.epochs:
            raise SystemExit(f"{checkpoint} was started for {saved['epochs']} epochs; you asked for {args.epochs}.")
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        log, best = saved["log"], saved["best"]
    bf16 = args.device == "cuda"  # this model's matrices are too small for it to pay on a processor
    trained = torch.compile(model) if args.compile else model
    for epoch in range(len(log), args.epochs):
        start = time.perf_counter()
        loss = train_epoch(trained, optimizer, train, epoch, args.epochs, args.seed, bf16)
        found = foresee(model, ends, ends_bytes, ARCHITECTURE["context"])
        if not log or found.loss < min(entry["endings_loss"] for entry in log):
            best = half(model)
        entry = {
            "epoch": epoch + 1,
            "loss": round(loss, 4),
            "endings_loss": round(found.loss, 4),
            "tokens": len(train) // (BATCH * ARCHITECTURE["context"]) * BATCH * ARCHITECTURE["context"],
            "seconds": round(time.perf_counter() - start, 2),
            "hardware": f"{hardware(args.device)}, {'bf16' if bf16 else 'fp32'}",
        }
        log.append(entry)
        state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "log": log, "best": best}
        state["epochs"] = args.epochs
        write_atomically(checkpoint, lambda path, state=state: torch.save(state, path))
        write_atomically(log_file, lambda path: path.write_text("".join(json.dumps(line) + "\n" for line in log)))
        print(json.dumps(entry), flush=True)
        if args.stop_after and epoch + 1 >= args.stop_after:
            return
    finish(best, tokenizer, log, args)


if __name__ == "__main__":
    main()
