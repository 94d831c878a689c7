"""The smallest experiments there are: a network of 200 weights, images of 16 × 16 in three colours, columns to measure.

Functions stand at the top of this module, since only those have a name that a worker and a cache can go by.
"""

import os
import signal
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from transferlab.data.images import ImageSet, Splits
from transferlab.experiments import Results, sweep
from transferlab.recipes import Recipe, feature_extraction, fine_tuning

ARMS = {"frozen": feature_extraction(2, 0.05), "slow": feature_extraction(2, 0.001), "all": fine_tuning(1, 1)}
HEADS = {"frozen": ARMS["frozen"]}
ALL = {"all": ARMS["all"]}


class TinyNet(nn.Module):
    """A convolution, a ReLU, the mean over places, a linear head."""

    def __init__(self, head: nn.Module | None = None) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3)
        self.relu = nn.ReLU()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = head or nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.pool(self.relu(self.conv(x))).flatten(1))


def tiny_net(seed: int = 0) -> TinyNet:
    state = torch.get_rng_state()
    torch.manual_seed(seed)
    model = TinyNet()
    torch.set_rng_state(state)
    return model


def colours(per_class: int, seed: int, noise: int = 120) -> Splits:
    """Noise with more of one colour than of the others; held out are ten of each, the same for every budget."""
    generator = torch.Generator().manual_seed(seed)

    def images(number: int) -> ImageSet:
        pixels = torch.randint(0, noise, (3 * number, 3, 16, 16), generator=generator, dtype=torch.uint8)
        labels = torch.arange(3 * number) % 3
        pixels[torch.arange(3 * number), labels] += 60
        return ImageSet(pixels, labels, ("red", "green", "blue"), name="colours")

    held_out = images(10)
    return Splits(images(per_class), held_out)


def no_splits(per_class: int, seed: int) -> ImageSet:
    return colours(per_class, seed).train


def unlucky(per_class: int, seed: int) -> Splits:
    if seed == 1:
        raise ValueError("seed 1 draws nothing")
    return colours(per_class, seed)


def table(arms: dict[str, Recipe] = ARMS, seeds: range = range(3), **settings) -> Results:
    """A sweep of this module's arms on its images; nothing is kept and no bar is drawn unless asked for."""
    given = {"budgets": (2, 4), "data": colours, "backbone": tiny_net(), "cache": False, "progress": False}
    return sweep(arms, seeds=seeds, **{**given, **settings})


def seen(model: nn.Module, data: Splits, seed: int) -> dict[str, float]:
    """What a cell saw: a sum that tells one set of images and its order from another."""
    place = torch.arange(1, len(data.train) + 1).view(-1, 1, 1, 1)
    return {"train": (data.train.images * place).sum().item(), "held_out": data.held_out.images.long().sum().item()}


def head_weights(model: nn.Module, data: Splits, seed: int) -> dict[str, float]:
    numbers = torch.cat([model.fc.weight.detach().flatten(), model.fc.bias.detach()]).tolist()
    return {f"weight {i}": number for i, number in enumerate(numbers)}


def raising(model: nn.Module, data: Splits, seed: int) -> dict[str, float]:
    if seed == 1:
        raise ValueError("seed 1 is not liked")
    return {"liked": 1.0}


def dividing(model: nn.Module, data: Splits, seed: int) -> dict[str, float]:
    return {"quotient": 1 / (seed - 1)}


def dying(model: nn.Module, data: Splits, seed: int) -> dict[str, float]:
    if seed == 1:
        os._exit(3)  # as a process ends that runs out of memory
    return {"alive": 1.0}


def threads(model: nn.Module, data: Splits, seed: int) -> dict[str, float]:
    return {"threads": torch.get_num_threads()}


def noted(folder: str, model: nn.Module, data: Splits, seed: int) -> dict[str, float]:
    """A line in a file for every cell; the process dies at seed 2 while there is a file that says so."""
    with open(Path(folder) / "computed", "a") as file:
        file.write(f"{seed} ")
    if seed == 2 and (Path(folder) / "kill").exists():
        os.kill(os.getpid(), signal.SIGKILL)
    return {"seed squared": seed**2}


def noted_table(folder: Path, **settings) -> Results:
    """Four seeds of one arm, kept in the folder."""
    given = {"budgets": 2, "cache": folder / "rows", "measure": partial(noted, str(folder))}
    return table(ALL, seeds=range(4), **{**given, **settings})


def computed(folder: Path) -> list[int]:
    """The seeds of the cells that were computed, in their order."""
    path = folder / "computed"
    return [int(one) for one in path.read_text().split()] if path.exists() else []
