"""Pretrain the bundled backbone on Tiny ImageNet and on our own drawn source world, in one head.

    python data_scripts/pretrain_backbone.py --photos tiny-imagenet-200 --out pretraining

`--photos` is the folder of the official archive (train/<wnid>/images, val/val_annotations.txt, wnids.txt). The run
can be killed at any time: the same command goes on after the last finished epoch. At the end OUT holds
`resnet18_half.safetensors` (fp16), `resnet18_half.json` (the card) and `log.jsonl` (a line an epoch); with `--install`
they are also copied into the package.

The recipe is SGD with Nesterov momentum and four cycles of the learning rate (Smith & Topin 2017; Loshchilov & Hutter
2017 for beginning anew), label smoothing (Szegedy et al. 2015), random resized crops and flips, and images that grow
during the first two cycles (Howard 2018, fast.ai's DAWNBench entry): small ones first, which cost half as much. What is
learned at 40 pixels carries over to 64 less well than hoped, so the last two cycles stay at 64. The drawn classes
are easier than the photographs and join at the tenth epoch, with fresh drawings every epoch. Between cycles, where the
rate is zero, the weights were rounded to fp16. What is kept is the mean of the weights at the ends of the last two
cycles, with BatchNorm statistics measured anew (Izmailov et al. 2018).
"""

import argparse
import hashlib
import json
import os
import platform
import shutil
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from tiny_imagenet import read_photos
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.data.augment import resized_crop_and_flip

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, so that users may swap backbones freely
DRAWN_CLASSES = 32
DRAWN_PER_CLASS = 320  # an epoch; about a tenth of what is seen, enough since the drawings are fresh each time
DRAWN_TEST_PER_CLASS = 63  # about 2,000 images: a standard error of about half a point at 95 %
DRAWN_SEED, DRAWN_TEST_SEED = (
    1_000_000,
    2_000_000,
)  # far from the seeds that users type, so that theirs are fresh images
BATCH = 256
EPOCHS = 50  # what the two tables below are written for; another number of epochs stretches them
# The learning rate at an epoch, straight lines between: up, where it explores, and down to zero; four times.
RATES = (
    (0, 0.0), (4.2, 0.4), (9, 0.303), (10, 0.2),
    (24, 0.0), (25, 0.3), (29, 0.25),
    (36, 0.0), (36.6, 0.2),
    (46, 0.0), (46.4, 0.1), (50, 0.0),
)  # fmt: skip
AVERAGED = (46, 50)  # the epochs whose weights are averaged in the end
STATISTICS_BATCHES = 50  # that BatchNorm's statistics of the mean are measured on: 12,800 images
WEIGHT_DECAY = 5e-4  # on convolutions and the head; norms and biases are exempt
LABEL_SMOOTHING = 0.1
# Up to which epoch: image size, smallest share of the image that a crop keeps.
GROWTH = (
    (4, 40, 0.35), (15, 40, 0.5), (20, 48, 0.5), (24, 64, 0.6),
    (29, 48, 0.35), (35, 64, 0.5), (36, 64, 0.75), (44, 64, 0.5), (46, 64, 0.75), (48, 64, 0.6), (50, 64, 0.75),
)  # fmt: skip


def draw(per_class: int, seed: int) -> tuple[Tensor, Tensor]:
    """Images of the source world, labelled after the 200 photo classes."""
    from transferlab.data import worlds

    drawn = worlds.source(per_class=per_class, seed=seed)
    assert len(drawn.class_names) == DRAWN_CLASSES
    return drawn.images, drawn.labels + 200


def learning_rate(progress: float) -> float:
    """The rate after `progress` 0…1 of the run, as `RATES` draws it."""
    epochs, rates = zip(*RATES, strict=True)
    return float(np.interp(progress * EPOCHS, epochs, rates))


def normalise(images: Tensor, device: str) -> Tensor:
    mean = torch.tensor(MEAN, device=device).view(1, 3, 1, 1)
    std = torch.tensor(STD, device=device).view(1, 3, 1, 1)
    x = images.to(device, non_blocking=True).float().div_(255).sub_(mean).div_(std)  # (B, 3, 64, 64)
    return x.contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def accuracy(model: nn.Module, images: Tensor, labels: Tensor, device: str, classes: slice = slice(None)) -> float:
    """Top-1 among `classes` of the head, in fp32."""
    model.eval()
    correct = torch.zeros((), device=device)
    for start in range(0, len(images), 500):
        scores = model(normalise(images[start : start + 500], device))[:, classes]
        correct += (scores.argmax(1) + (classes.start or 0) == labels[start : start + 500].to(device)).sum()
    return correct.item() / len(images)


def loss_of(model: nn.Module, x: Tensor, y: Tensor, bf16: bool) -> Tensor:
    with torch.autocast(x.device.type, torch.bfloat16, enabled=bf16):
        logits = model(x)
    return F.cross_entropy(logits.float(), y, label_smoothing=LABEL_SMOOTHING)


def bf16_pays(device: str) -> bool:
    """Whether a step is quicker in bf16 here: processors without such instructions are ten times slower in it."""
    model = SmallResNet(200 + DRAWN_CLASSES).to(device, memory_format=torch.channels_last)
    x = torch.zeros(BATCH // 4, 3, 64, 64, device=device).contiguous(memory_format=torch.channels_last)
    y = torch.zeros(len(x), dtype=torch.long, device=device)
    seconds: dict[bool, list[float]] = {False: [], True: []}
    for bf16 in [False, True] * 4:
        start = time.perf_counter()
        loss_of(model, x, y, bf16).backward()
        if device == "cuda":
            torch.cuda.synchronize()
        seconds[bf16].append(time.perf_counter() - start)
    return min(seconds[True]) < min(seconds[False])


def gathered(parts: list[Tensor], index: Tensor) -> Tensor:
    """The rows at `index` of all parts together, without putting the parts together."""
    offsets = np.cumsum([0] + [len(part) for part in parts])
    chosen = [index[(index >= low) & (index < high)] - low for low, high in pairwise(offsets)]
    return torch.cat([part[rows] for part, rows in zip(parts, chosen, strict=True)])


def ends_here(epoch: int, epochs: int) -> bool:
    """Whether the weights after so many epochs belong to the mean, as the last ones do."""
    return epoch in {round(one * epochs / EPOCHS) for one in AVERAGED}


def load_mean(model: nn.Module, ends: list[dict[str, Tensor]]) -> None:
    """Put the mean of several states into the model. Its BatchNorm statistics mean nothing until they are measured."""
    mean = {name: torch.stack([end[name].float() for end in ends]).mean(0) for name in ends[0]}
    model.load_state_dict(mean, strict=False)


@torch.no_grad()
def measure_statistics(model: nn.Module, images: list[Tensor], seed: int, device: str) -> None:
    """BatchNorm's means and variances over `STATISTICS_BATCHES` batches of training images, the plain mean of all."""
    generator = torch.Generator().manual_seed(seed)
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    model.train()
    order = torch.randperm(sum(map(len, images)), generator=generator)[: STATISTICS_BATCHES * BATCH]
    for index in order.split(BATCH):
        x = resized_crop_and_flip(normalise(gathered(images, index), device), generator, 64, scale=(0.75, 1.0))
        model(x.contiguous(memory_format=torch.channels_last))
    for norm in norms:
        norm.momentum = 0.1
    model.eval()


def half(model: nn.Module) -> dict[str, Tensor]:
    """The state in fp16 on the CPU, as it is published."""
    state = model.state_dict().items()
    kept = {name: value for name, value in state if not name.endswith("num_batches_tracked")}
    return {
        name: (value.half() if value.is_floating_point() else value).cpu().contiguous() for name, value in kept.items()
    }


def train_epoch(
    model: nn.Module, optimizer: torch.optim.Optimizer, images: list[Tensor], labels: list[Tensor],
    epoch: int, epochs: int, seed: int, device: str, bf16: bool,
) -> float:  # fmt: skip
    """One pass in a random order over photos and drawings together; returns the mean loss."""
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    order = torch.randperm(sum(map(len, images)), generator=generator)
    _, size, smallest = next(step for step in GROWTH if epoch * EPOCHS < step[0] * epochs)
    model.train()
    total, batches = torch.zeros((), device=device), len(order) // BATCH
    for i in tqdm(range(batches), f"epoch {epoch + 1}/{epochs} at {size} px", leave=False, unit=" batches"):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate((epoch + i / batches) / epochs)
        index = order[i * BATCH : (i + 1) * BATCH]
        x, y = gathered(images, index), gathered(labels, index).to(device)
        x = resized_crop_and_flip(normalise(x, device), generator, size, scale=(smallest, 1.0))
        loss = loss_of(model, x.contiguous(memory_format=torch.channels_last), y, bf16)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        total += loss.detach()
    return total.item() / batches


def write_atomically(path: Path, write) -> None:
    partial = path.with_name(path.name + ".partial")
    write(partial)
    os.replace(partial, path)


def finish(model: nn.Module, out: Path, photos: dict, photo_names: list[str], log: list[dict], args) -> None:
    """Round to fp16, measure what was rounded, and write weights and card."""
    from transferlab.data import worlds

    weights = half(model)
    write_atomically(out / "resnet18_half.safetensors", lambda path: save_file(weights, path))
    model.load_state_dict({name: value.float() for name, value in weights.items()}, strict=False)
    test_images, test_labels = draw(DRAWN_TEST_PER_CLASS, seed=DRAWN_TEST_SEED + args.seed)
    photo = photos["val_images"], photos["val_labels"]
    payload = (out / "resnet18_half.safetensors").read_bytes()
    card = {
        "name": "bundled",
        "architecture": "resnet18_half",
        "source": "trained by data_scripts/pretrain_backbone.py on Tiny ImageNet (200 classes, 100,000 photos) and "
        "the drawn source world of transferlab, together in one head",
        "licence": "weights: CC BY 4.0; Tiny ImageNet's photos keep their own licences and are not included",
        "input_size": 64,
        "mean": MEAN,
        "std": STD,
        "num_classes": 200 + DRAWN_CLASSES,
        "class_names": [*photo_names, *(f"drawn {name}" for name in worlds.SOURCE_CLASSES)],
        "source_classes": {"photos": [0, 200], "drawn": [200, 200 + DRAWN_CLASSES]},
        "num_parameters": sum(p.numel() for p in model.parameters()),
        "megabytes": round(len(payload) / 1e6, 2),
        "accuracy": {
            "photos_among_photo_classes": round(accuracy(model, *photo, args.device, slice(0, 200)), 4),
            "photos_among_all_classes": round(accuracy(model, *photo, args.device), 4),
            "drawn_among_drawn_classes": round(
                accuracy(model, test_images, test_labels, args.device, slice(200, 200 + DRAWN_CLASSES)), 4
            ),
            "drawn_among_all_classes": round(accuracy(model, test_images, test_labels, args.device), 4),
            "measured_on": f"10,000 Tiny ImageNet validation photos; {len(test_images):,} drawn images, "
            f"seed {DRAWN_TEST_SEED + args.seed}; fp16 weights computed in fp32, one view",
        },
        "recipe": __doc__.split("\n\n")[3].strip().replace("\n", " "),
        "epochs": args.epochs,
        "drawn_from_epoch": args.drawn_from + 1,
        "seed": args.seed,
        "seconds": round(sum(entry["seconds"] for entry in log)),
        "hardware": sorted({entry["hardware"] for entry in log}),
        "torch": torch.__version__,
        "sha256": hashlib.sha256(payload).hexdigest(),
    }
    write_atomically(out / "resnet18_half.json", lambda path: path.write_text(json.dumps(card, indent=1) + "\n"))
    print(json.dumps(card["accuracy"], indent=1))
    if args.install:
        package = Path(__file__).resolve().parents[1] / "transferlab" / "backbones" / "bundled"
        package.mkdir(exist_ok=True)
        for source, target in (
            ("resnet18_half.safetensors",) * 2,
            ("resnet18_half.json",) * 2,
            ("log.jsonl", "pretraining_log.jsonl"),
        ):
            shutil.copyfile(out / source, package / target)


def hardware(device: str) -> str:
    if device == "cuda":
        return torch.cuda.get_device_name()
    names = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = next(
        (line.split(":")[1].strip() for line in names.splitlines() if "model name" in line), platform.processor()
    )
    return f"{model}, {torch.get_num_threads()} threads"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--photos", type=Path, required=True, help="the folder tiny-imagenet-200 of the official archive"
    )
    parser.add_argument("--out", type=Path, required=True, help="where checkpoints, log, weights and card go")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--drawn-from", type=int, default=9, help="the epoch, from 0, at which drawings join")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument(
        "--precision", choices=("auto", "fp32", "bf16"), default="auto", help="auto: what is quicker here"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--stop-after", type=int, default=None, help="stop after this many epochs; go on later")
    parser.add_argument("--install", action="store_true", help="copy the result into the package")
    args = parser.parse_args()

    args.out.mkdir(parents=True, exist_ok=True)
    photos, photo_names = read_photos(args.photos, args.out / "photos.npz")
    torch.manual_seed(args.seed)
    model = SmallResNet(200 + DRAWN_CLASSES).to(args.device, memory_format=torch.channels_last)
    decayed = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]  # norms and biases
    optimizer = torch.optim.SGD(
        [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": others, "weight_decay": 0.0}],
        lr=0.1, momentum=0.9, nesterov=True,
    )  # fmt: skip
    checkpoint, log_file, log, first = args.out / "checkpoint.pt", args.out / "log.jsonl", [], 0
    ends: list[dict[str, Tensor]] = []
    if checkpoint.exists():
        saved = torch.load(checkpoint, map_location=args.device, weights_only=True)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        log, first, ends = saved["log"], len(saved["log"]), saved["ends"]
        if saved["epochs"] != args.epochs:
            raise SystemExit(f"{checkpoint} was started for {saved['epochs']} epochs; you asked for {args.epochs}.")

    bf16 = bf16_pays(args.device) if args.precision == "auto" else args.precision == "bf16"
    for epoch in range(first, args.epochs):
        start = time.perf_counter()
        images, labels = [photos["train_images"]], [photos["train_labels"]]
        if epoch >= args.drawn_from:
            drawn_images, drawn_labels = draw(DRAWN_PER_CLASS, seed=DRAWN_SEED + args.seed * 1000 + epoch)
            images, labels = [*images, drawn_images], [*labels, drawn_labels]
        loss = train_epoch(model, optimizer, images, labels, epoch, args.epochs, args.seed, args.device, bf16)
        entry = {
            "epoch": epoch + 1,
            "loss": round(loss, 4),
            "photo_accuracy": round(
                accuracy(model, photos["val_images"], photos["val_labels"], args.device, slice(0, 200)), 4
            ),
            "images": sum(len(part) for part in images) // BATCH * BATCH,
            "seconds": round(time.perf_counter() - start, 1),
            "hardware": f"{hardware(args.device)}, {'bf16' if bf16 else 'fp32'}",
        }
        log.append(entry)
        if ends_here(epoch + 1, args.epochs):
            ends.append(half(model))
        state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "log": log}
        state |= {"ends": ends, "epochs": args.epochs}
        write_atomically(checkpoint, lambda path, state=state: torch.save(state, path))
        write_atomically(log_file, lambda path: path.write_text("".join(json.dumps(line) + "\n" for line in log)))
        print(json.dumps(entry), flush=True)
        if args.stop_after and epoch + 1 >= args.stop_after:
            return
    load_mean(model, ends)
    drawn_images, _ = draw(DRAWN_PER_CLASS, seed=DRAWN_SEED + args.seed * 1000 + args.epochs)
    measure_statistics(model, [photos["train_images"], drawn_images], args.seed, args.device)
    finish(model, args.out, photos, photo_names, log, args)


if __name__ == "__main__":
    main()
