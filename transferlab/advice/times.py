"""How long each strategy would take here: a few batches are timed at each freeze line, and the recipe is counted out.

    minutes_of({"frozen": feature_extraction()}, load("bundled"), data)

What is frozen is computed once an image and mirror image, what trains once an epoch; so a recipe's time is a sum of
those two prices, phase by phase, and of its evaluations. It is the most that a phase which ends early may take. Left
out: reading images from a disk, the first seconds of a GPU, and what else the machine may have to do.
"""

import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from transferlab.boundary import Boundary
from transferlab.data.images import ImageSet, Splits
from transferlab.fast_paths import lay_out
from transferlab.heads import replace_head
from transferlab.inference import model_input
from transferlab.phases import freeze_line, move_line
from transferlab.precision import computing_in, precision_for
from transferlab.randomness import OwnRandomness
from transferlab.recipes import Recipe

BATCH = 32  # that of all recipes
SLOW = 2.0  # seconds for a batch, above which a quarter of it has to do
TIMES = 2  # the quicker of two counts: the other one waited for something


@dataclass(frozen=True)
class Price:
    """Seconds an image: `frozen` for a pass of what is frozen, `step` to train the rest, `answer` to run the rest."""

    frozen: float
    step: float
    answer: float


def minutes_of(
    recipes: Mapping[str, Recipe], model: nn.Module, data: Splits, device: str = "cpu",
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:  # fmt: skip
    """The minutes that each recipe would take on `data` with this model, which stays as it is.

    >>> minutes_of({"all": fine_tuning()}, load("bundled"), worlds.target("objects"))
    {'all': 0.4}
    """
    prices: dict[int, Price] = {}
    for recipe in recipes.values():
        for phase in recipe.phases:
            line = freeze_line(model, phase.frozen_share)
            if line not in prices:
                prices[line] = price_at(line, model, data.train, recipe, device, clock)
    lines = {
        phase.frozen_share: freeze_line(model, phase.frozen_share) for one in recipes.values() for phase in one.phases
    }
    return {
        name: counted(recipe, {share: prices[line] for share, line in lines.items()}, data) / 60
        for name, recipe in recipes.items()
    }


def counted(recipe: Recipe, prices: Mapping[float, Price], data: Splits) -> float:
    """The seconds of a recipe, given the price at each share of frozen stages.

    >>> counted(feature_extraction(epochs=10), {1.0: Price(frozen=0.001, step=0.0, answer=0.0)}, data)
    0.52
    """
    views = 2 if "flip" in data.train.label_safe else 1
    num_train, num_held_out, seconds = len(data.train), len(data.held_out), 0.0
    for phase in recipe.phases:
        price = prices[phase.frozen_share]
        passes, looks = (min(views, phase.epochs), 1) if recipe.keep_features else (phase.epochs, phase.epochs)
        seconds += price.frozen * (passes * num_train + looks * num_held_out)
        seconds += phase.epochs * (price.step * num_train + price.answer * num_held_out)
    return seconds


def price_at(
    line: int, model: nn.Module, images: ImageSet, recipe: Recipe, device: str = "cpu",
    clock: Callable[[], float] = time.perf_counter,
) -> Price:  # fmt: skip
    """What an image costs with the freeze line in front of stage number `line`, timed on a batch or two.

    >>> price_at(4, load("bundled"), data.train, fine_tuning())
    Price(frozen=0.0009, step=0.0006, answer=0.0002)
    """
    model = copy.deepcopy(model).to(device)
    replace_head(model, images.num_classes, seed=0)
    lay_out(model)
    few = images.subset(torch.arange(BATCH) % len(images))
    optimizer = move_line(model, line, recipe.phases[0], recipe)
    labels = few.labels.to(device)

    def seconds(work: Callable[[], object]) -> float:
        wait(device)
        begun = clock()
        work()
        wait(device)
        return clock() - begun

    with OwnRandomness(0, device), computing_in(precision_for(device), device):
        rows, model = torch.arange(BATCH), model.eval()
        with torch.no_grad():
            answering(model, few, rows[:2])  # what a first call costs is none of the recipe's
            if seconds(lambda: answering(model, few, rows[:2])) * BATCH / 2 > SLOW:
                rows = rows[: BATCH // 4]
        front = front_of(model, few) if line else None
        frozen = seconds(lambda: front.features(rows)) / len(rows) if front is not None else 0.0

        def answer() -> Tensor:
            return front(rows).float() if front is not None else answering(model, few, rows)

        def step() -> None:
            model.train()
            F.cross_entropy(answer(), labels[rows]).backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

        first = seconds(step)  # makes the optimizer's state; counts only where it was quick enough to matter
        trained = min(first, *(seconds(step) for _ in range(TIMES if first < SLOW else 1)))
        model.eval()
        with torch.no_grad():
            answered = min(seconds(answer) for _ in range(TIMES))
    return Price(frozen, trained / len(rows), answered / len(rows))


def front_of(model: nn.Module, images: ImageSet) -> Boundary | None:
    """What is frozen, with nothing of these images kept yet; None where the model cannot be cut there.

    Runs share what they keep of an image (see feeding). Here that would hide the price.
    """
    try:
        return Boundary(model, images)
    except ValueError:
        return None


def answering(model: nn.Module, images: ImageSet, rows: Tensor) -> Tensor:
    """The whole model's answers `(B, num_classes)`; those of networks with auxiliary heads in a tuple are taken out."""
    found = model(model_input(model, images.images[rows]))
    return (found if isinstance(found, Tensor) else found.logits).float()


def wait(device: str) -> None:
    """Until an accelerator has done what it was given."""
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)
    elif torch.device(device).type == "mps":
        torch.mps.synchronize()
