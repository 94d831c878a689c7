"""Which learning rate? Raise it from batch to batch until the loss explodes, and look where it fell.

    curve = lr_find(model, data)
    curve.valley, curve.band

Source: Smith, "Cyclical Learning Rates for Training Neural Networks" (2017), section 3.3. One such curve is mostly
luck, so it is drawn several times, with other batches, and what comes out is a band. The model that is given stays as
it is: a copy is trained and thrown away. Nothing is written to disk. Left out: momentum.
"""

import copy
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from transferlab.callable_module import make_callable
from transferlab.data.images import Splits
from transferlab.errors import check_learning_rate
from transferlab.fast_paths import lay_out
from transferlab.feeding import Feed, batches_of
from transferlab.freezing.parts import hold_statistics, parts_of
from transferlab.lr_groups import lr_groups
from transferlab.optimizers import adamw
from transferlab.randomness import OwnRandomness, check_device
from transferlab.stages import stages

EXPLODED = 4.0  # times the lowest smoothed loss: there a sweep ends, as in fastai
SMOOTHING = 0.9  # weight of the past in the smoothed loss; fastai's 0.98 is for sweeps of many more batches


@dataclass(frozen=True)
class LRCurve:
    """The smoothed loss at each learning rate, for each repeat.

        >>> curve = lr_find(model, data, repeats=5)
        >>> curve.valley
        0.0021
        >>> curve.band        # where the valleys of the repeats lie
        (0.0015, 0.0034)

    `rates` are `(S,)`, `losses` `(R, S)`, NaN behind the place where a sweep exploded. `stage` is the stage whose rate
    was raised, None for all that train.
    """

    rates: tuple[float, ...]
    losses: tuple[tuple[float, ...], ...]
    stage: str | None

    @property
    def valleys(self) -> tuple[float, ...]:
        """A rate for each repeat."""
        return tuple(self.rates[valley_of(losses)] for losses in self.losses)

    @property
    def valley(self) -> float:
        """The rate in the middle: the median of the repeats' valleys."""
        return sorted(self.valleys)[(len(self.valleys) - 1) // 2]

    @property
    def band(self) -> tuple[float, float]:
        """The lowest and the highest of the repeats' valleys: rates within it cannot be told apart here."""
        return min(self.valleys), max(self.valleys)

    def __str__(self) -> str:
        low, high = self.band
        what = self.stage or "everything that trains"
        return f"learning rate for {what}: {self.valley:.1e} ({low:.1e} … {high:.1e} in {len(self.losses)} repeats)"


def lr_find(
    model: nn.Module, data: Splits, stage: str | None = None, *, lowest: float = 1e-6, highest: float = 10.0,
    steps: int = 60, repeats: int = 3, batch_size: int = 32, keep_statistics: bool = True, seed: int = 0,
    device: str = "cpu",
) -> LRCurve:  # fmt: skip
    """Sweep the learning rate from `lowest` to `highest`, a batch a step, `repeats` times from the same weights.

        >>> freeze(model)
        >>> print(lr_find(model, data))
        learning rate for everything that trains: 2.1e-03 (1.5e-03 … 3.4e-03 in 3 repeats)
        >>> print(lr_find(model, data, stage="layer4"))   # that stage alone, all others at rest

    The model's freeze line holds: what is frozen stays frozen and runs once for each image. One stage is swept alone,
    with all others at rest. `keep_statistics` as in a Recipe: BatchNorm keeps the pretrained ones, unless the model
    has none. The same seed gives the same curve.

    Raises:
        ValueError: no such stage, or a frozen one; rates that are none or not in order; fewer than 10 steps.
    """
    lowest, highest = check_learning_rate(lowest, "lowest"), check_learning_rate(highest, "highest")
    if highest <= lowest:
        raise ValueError(f"highest must be above lowest; you gave {lowest:g} … {highest:g}.")
    for name, value, least in (("steps", steps, 10), ("repeats", repeats, 1), ("batch_size", batch_size, 2)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"{name} is a whole number, {least} or more; you gave {value!r}.")
    check_device(device)
    _check_stage(model, stage)
    rates = torch.logspace(torch.tensor(lowest).log10().item(), torch.tensor(highest).log10().item(), steps)
    losses = [
        _sweep(copy.deepcopy(model), data, stage, rates.tolist(), batch_size, keep_statistics, seed + i, device)
        for i in range(repeats)
    ]
    return LRCurve(tuple(rates.tolist()), tuple(losses), stage)


def _sweep(
    model: nn.Module, data: Splits, stage: str | None, rates: list[float], batch_size: int, keep_statistics: bool,
    seed: int, device: str,
) -> tuple[float, ...]:  # fmt: skip
    """Train a copy with an ever higher rate; the smoothed loss before each step."""
    model.to(device)
    lay_out(model)
    groups = [group for group in lr_groups(model) if stage in (None, group["stage"])]
    optimizer = adamw(groups)
    frozen = all(part.is_frozen() for part in parts_of(model, stages(model)) if not part.stage.is_head)
    feed = Feed(model, data, None, keep=True, only_the_head_trains=frozen)
    generator = Generator().manual_seed(seed)
    batches: list[Tensor] = []
    smoothed, average, lowest = [], 0.0, float("inf")
    with OwnRandomness(seed, device):
        model.train()
        if keep_statistics:
            hold_statistics(model)
        for i, rate in enumerate(rates):
            batches = batches or batches_of(torch.randperm(len(data.train), generator=generator), batch_size)
            index = batches.pop(0)
            for group in optimizer.param_groups:
                group["lr"] = rate
            logits = feed.train(index, generator)  # (B, num_classes)
            loss = F.cross_entropy(logits, data.train.labels[index].to(logits.device))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            average = SMOOTHING * average + (1 - SMOOTHING) * loss.item()
            smoothed.append(average / (1 - SMOOTHING ** (i + 1)))  # unbiased from the first batch on
            lowest = min(lowest, smoothed[-1])
            if not smoothed[-1] <= EXPLODED * lowest:  # so that NaN ends it too
                break
    return (*smoothed, *[float("nan")] * (len(rates) - len(smoothed)))


def valley_of(losses: tuple[float, ...]) -> int:
    """The place in the middle of the longest descent of a loss curve.

        >>> valley_of((2.0, 2.0, 1.8, 1.5, 1.2, 1.1, 1.3, 9.0))
        3

    The descent is the longest run of places, not necessarily neighbours, at each of which the loss is lower than at the
    one before; after fastai's `valley`. At its end training is about to explode, at its beginning it is slow.
    """
    length, before = [1] * len(losses), [-1] * len(losses)
    for i in range(len(losses)):
        for j in range(i):
            if losses[i] < losses[j] and length[j] + 1 > length[i]:
                length[i], before[i] = length[j] + 1, j
    place = max(range(len(losses)), key=lambda i: length[i])
    descent = []
    while place >= 0:
        descent.append(place)
        place = before[place]
    descent.reverse()
    return descent[len(descent) // 2]


def _check_stage(model: nn.Module, stage: str | None) -> None:
    if stage is None:
        return
    found = stages(model)
    name = found[found.index(stage)].name
    if all(group["stage"] != name for group in lr_groups(model)):
        raise ValueError(f"'{name}' is frozen and learns at no rate. Type unfreeze(model, '{name}') first.")


make_callable(__name__, lr_find)
