"""How long runs take on a GPU: ours as they are and compiled, beside the tutorial's loop with the images here or there.

    figures = gpu_figures(repeats=3)
    print(gpu_table(figures))

All ways train the same network on the same images in turns, in the order A B C C B A, and the clock is stopped when
the GPU is done. Two works: the bundled backbone on 2,000 images of 64 pixels, where starting kernels takes the time,
and a ResNet-50 with random weights on 512 images of 224 pixels, where computing does; its accuracy means nothing.
Left out: peers on a GPU, and reading images from a disk.
"""

import copy
import dataclasses
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from transferlab.backbones import load, normalise
from transferlab.backbones.card import card_of
from transferlab.bench.plain import one_cycle
from transferlab.bench.report import resampled_ratio
from transferlab.data import worlds
from transferlab.data.images import ImageSet, Splits
from transferlab.kept_store import kept
from transferlab.machine import processor
from transferlab.recipes import Phase, Recipe, feature_extraction
from transferlab.stages import stages
from transferlab.tables import table
from transferlab.training import train

HEAD_LR, BACKBONE_LR, BATCH_SIZE = 1e-3, 1e-4, 64
Way = Callable[[nn.Module, Splits, int, str], None]  # way(model, data, epochs, device)


def gpu_figures(repeats: int = 3, small: bool = False) -> dict[str, Any]:
    """Seconds of each way, `repeats` times; `small` is a trial whose figures mean nothing, without a GPU too.

        >>> gpu_figures()["seconds"]["bundled backbone, frozen head"]["transferlab, cold"]
        [0.41, 0.40, 0.42]

    Raises:
        ValueError: `repeats` is less than 1, or there is no GPU that runs CUDA and this is no trial.
    """
    if repeats < 1:
        raise ValueError(f"repeats is how often each way is measured, 1 or more; you gave {repeats}.")
    if not small and not torch.cuda.is_available():
        raise ValueError("There is no GPU that runs CUDA here. Type transferlab bench for the processor's figures.")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    found: dict[str, dict[str, list[float]]] = {}
    for name, (make, ways, epochs) in _works(small).items():
        model, data = make()
        for run in ways.values():  # whatever is loaded, tuned or compiled only once
            run(copy.deepcopy(model), data, 1, device)
        found[name] = {way: [] for way in ways}
        for turn in range(repeats):
            for way in list(ways) if turn % 2 == 0 else reversed(list(ways)):
                found[name][way].append(_seconds(ways[way], model, data, epochs, device))
    name = torch.cuda.get_device_name() if device == "cuda" else processor()
    return {"machine": f"{name}, torch {torch.__version__}", "seconds": found}


def gpu_table(figures: dict[str, Any]) -> str:
    """One line a way: its median, and how many times as long as the work's first way, over resampled turns.

    >>> print(gpu_table(gpu_figures()))
    """
    rows = []
    for work, ways in figures["seconds"].items():
        first = next(iter(ways.values()))
        for way, seconds in ways.items():
            ratio = "" if seconds is first else "{:.2f}× ({:.2f} … {:.2f})".format(*resampled_ratio(seconds, first))
            rows.append([f"{work}: {way}", f"{statistics.median(seconds):.2f}", ratio])
    return table(["way", "seconds", "of the first"], rows)


def _works(small: bool) -> dict[str, tuple[Callable[[], tuple[nn.Module, Splits]], dict[str, Way], int]]:
    per_class, number, size, epochs = (2, 8, 64, 1) if small else (250, 512, 224, 10)

    def bundled() -> tuple[nn.Module, Splits]:
        data = worlds.target("objects", per_class=per_class, held_out_per_class=max(1, per_class // 5))
        train = dataclasses.replace(data.train, label_safe=())  # no way augments
        return load("bundled", data.train.num_classes), Splits(train, data.held_out)

    def resnet50() -> tuple[nn.Module, Splits]:
        generator = torch.Generator().manual_seed(0)
        model = load("torchvision/resnet50", num_classes=4, pretrained=False)
        train, held_out = (_noise(count, size, generator) for count in (number, max(4, number // 8)))
        _measure_statistics(model, train)
        return model, Splits(train, held_out)

    frozen: dict[str, Way] = {
        "transferlab, cold": _ours_head,
        "transferlab, once more": _ours_head_warm,
        "tutorial's loop, images on the GPU": _tutorial(frozen=True, there=True),
        "tutorial's loop": _tutorial(frozen=True, there=False),
    }
    full: dict[str, Way] = {
        "transferlab": _ours_full("auto", compile=False),
        "transferlab, compiled": _ours_full("auto", compile=True),
        "transferlab, fp32": _ours_full("fp32", compile=False),
        "tutorial's loop in bf16, images on the GPU": _tutorial(frozen=False, there=True, bf16=True),
        "tutorial's loop": _tutorial(frozen=False, there=False),
    }
    if small:
        del full["transferlab, compiled"]  # needs a compiler, and longer than the whole trial
    return {
        "bundled backbone, frozen head": (bundled, frozen, epochs),
        "bundled backbone, everything": (bundled, full, epochs),
        "ResNet-50, frozen head": (resnet50, frozen, epochs),
        "ResNet-50, everything": (resnet50, full, max(1, epochs // 3)),
    }


def _noise(number: int, size: int, generator: torch.Generator) -> ImageSet:
    pixels = torch.randint(0, 256, (number, 3, size, size), generator=generator, dtype=torch.uint8)
    return ImageSet(pixels, torch.arange(number) % 4, ("a", "b", "c", "d"), name="noise", label_safe=())


@torch.no_grad()
def _measure_statistics(model: nn.Module, images: ImageSet) -> None:
    """BatchNorm's, of these images: without them random weights answer with numbers that no loss stays finite on."""
    card = card_of(model)
    assert card is not None
    model.train()
    for _ in range(20):  # momentum 0.1: after 20 batches the initial values weigh an eighth
        model(normalise(images.images[:16], card))
    model.eval()


def _seconds(way: Way, model: nn.Module, data: Splits, epochs: int, device: str) -> float:
    mine = copy.deepcopy(model)
    kept.clear()
    if way is _ours_head_warm:
        way(copy.deepcopy(model), data, 1, device)  # keeps what the frozen part makes of the images
    _wait(device)
    start = time.perf_counter()
    way(mine, data, epochs, device)
    _wait(device)
    return time.perf_counter() - start


def _wait(device: str) -> None:
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)


def _ours_head(model: nn.Module, data: Splits, epochs: int, device: str) -> None:
    train(model, data, feature_extraction(epochs, batch_size=BATCH_SIZE), device=device, progress=False)


def _ours_head_warm(model: nn.Module, data: Splits, epochs: int, device: str) -> None:
    _ours_head(model, data, epochs, device)


def _ours_full(precision: str, compile: bool) -> Way:
    def way(model: nn.Module, data: Splits, epochs: int, device: str) -> None:
        phase = Phase("all", 0.0, epochs, HEAD_LR, backbone_lr=BACKBONE_LR)
        recipe = Recipe("full", (phase,), batch_size=BATCH_SIZE)
        train(model, data, recipe, device=device, precision=precision, compile=compile, progress=False)

    return way


def _tutorial(frozen: bool, there: bool, bf16: bool = False) -> Way:
    """Chilamkurthy's loop (pytorch.org), with our optimizer; `there` puts the normalised images on the device first."""

    def way(model: nn.Module, data: Splits, epochs: int, device: str) -> None:
        card = card_of(model)
        assert card is not None
        parts = [(normalise(part.images, card), part.labels) for part in (data.train, data.held_out)]
        (x, y), (held_out_x, held_out_y) = [(a.to(device), b.to(device)) if there else (a, b) for a, b in parts]
        model.to(device)
        head = stages(model).head.name
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(not frozen or name.startswith(f"{head}."))
        groups = [
            {"params": list(model.get_submodule(head).parameters()), "lr": HEAD_LR},
            {"params": [p for n, p in model.named_parameters() if not n.startswith(f"{head}.")], "lr": BACKBONE_LR},
        ][: 1 if frozen else 2]
        optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
        schedule = one_cycle(optimizer, epochs * -(-len(x) // BATCH_SIZE))
        generator = torch.Generator().manual_seed(0)
        for _ in range(epochs):
            model.train()
            for index in torch.randperm(len(x), generator=generator).to(x.device).split(BATCH_SIZE):
                optimizer.zero_grad()
                loss = F.cross_entropy(_answer(model, x[index].to(device), bf16), y[index].to(device))
                loss.backward()
                optimizer.step()
                schedule.step()
                loss.item()  # the tutorial adds it up
            model.eval()
            with torch.no_grad():
                for a, b in zip(held_out_x.split(250), held_out_y.split(250), strict=True):
                    (_answer(model, a.to(device), bf16).argmax(1) == b.to(device)).sum().item()

    return way


def _answer(model: nn.Module, x: Tensor, bf16: bool) -> Tensor:
    with torch.autocast(x.device.type, torch.bfloat16, enabled=bf16):
        return model(x).float()
