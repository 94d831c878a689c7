"""Failure 1: the pictures look other than everything that the backbone knows, and what it is worth shrinks.

    report = domain_mismatch(gaps=(0.0, 0.5, 1.0))
    print(report)

One seed gives the same scenes at every gap, so that only the look changes. A gain is over the same network from random
weights on the same images; a probe's gain is over the same stage of a random network (see `layer_probes`). Remedies, at
the widest gap: train everything in place of the head alone, or fit BatchNorm's statistics to the new look. Source: Ben-
David et al., "A theory of learning from different domains" (2010), for why distance costs. Left out: adversarial
adaptation, and images of the new domain without labels.
"""

import copy
import functools
from collections.abc import Iterable, Mapping

import torch
from torch import nn

from transferlab.backbones import load
from transferlab.data import worlds
from transferlab.data.images import Splits
from transferlab.experiments import Results, effect, sweep
from transferlab.experiments.results import joined
from transferlab.failures.report import FailureReport, Sweep, at_least_two, complete, minus
from transferlab.freezing import freeze, recalibrate
from transferlab.inference import model_input
from transferlab.layer_probes import layer_probes
from transferlab.many_heads import HeadSetting, head_features, train_heads
from transferlab.plots.failures import gain_by_gap
from transferlab.randomness import OwnRandomness
from transferlab.recipes import feature_extraction, fine_tuning, from_scratch

PROBE, RECALIBRATED = "probe gain ", "recalibrated"


def domain_mismatch(
    gaps: Iterable[float] = (0.0, 0.5, 1.0), per_class: int = 10, seeds: Iterable[int] = range(3), epochs: int = 10,
    probe_seeds: Iterable[int] | None = None, held_out_per_class: int = 25, sweeping: Sweep = sweep,
) -> FailureReport:  # fmt: skip
    """What transfer gains at growing `domain_gap` (0…1): frozen, fine-tuned, and stage by stage.

        >>> print(domain_mismatch(seeds=range(5), per_class=20))

    `epochs` go through the whole network, in fine-tuning and from scratch alike. Probes cost little: `probe_seeds` may
    be more than `seeds`. `sweeping` carries the runs out.

    Raises:
        ValueError: fewer than two seeds or two gaps, or a gap outside 0…1.
    """
    gaps, seeds = _growing(gaps), at_least_two(seeds)
    probe_seeds = seeds if probe_seeds is None else at_least_two(probe_seeds)
    trained = {"fine-tuned": fine_tuning(epochs, max(1, epochs // 2)), "scratch": from_scratch(epochs)}
    tables = []
    for gap in gaps:
        data = functools.partial(worlds.target, "objects", domain_gap=gap, held_out_per_class=held_out_per_class)
        probed = sweeping(
            {f"frozen, gap {gap:g}": feature_extraction()}, (per_class,), tuple(dict.fromkeys((*seeds, *probe_seeds))),
            data, measure=what_stages_know,
        )  # fmt: skip
        arms = {f"{arm}, gap {gap:g}": recipe for arm, recipe in trained.items()}
        tables += [probed, sweeping(arms, (per_class,), seeds, data)]
    return report_of(complete(joined(tables)), gaps, per_class)


def what_stages_know(model: nn.Module, data: Splits, seed: int) -> Mapping[str, float]:
    """The gain of a probe behind each stage, and the frozen accuracy once BatchNorm knows the new look.

    >>> what_stages_know(load("bundled"), data, seed=0)
    {'probe gain conv1': 0.06, …, 'recalibrated': 0.41}
    """
    with OwnRandomness(seed):
        random = load("bundled", data.train.num_classes, pretrained=False)
    pairs = zip(layer_probes(model, data), layer_probes(random, data), strict=True)
    gains = {f"{PROBE}{one.stage}": one.accuracy - other.accuracy for one, other in pairs}
    return {**gains, RECALIBRATED: recalibrated_accuracy(model, data, seed)}


def recalibrated_accuracy(model: nn.Module, data: Splits, seed: int) -> float:
    """Held-out accuracy of a head on a frozen backbone whose BatchNorm was fitted to the training images first.

    >>> recalibrated_accuracy(load("bundled"), data, seed=0)
    0.41

    The model stays as it is.
    """
    model = copy.deepcopy(model)
    freeze(model, bn="recalibrate")
    images = data.train.images
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    recalibrate(model, [model_input(model, images[rows]) for rows in order.chunk(max(1, len(images) // 64))])
    return train_heads(head_features(model, data), [HeadSetting(seed=seed)])[0].accuracy


def report_of(results: Results, gaps: tuple[float, ...], per_class: int) -> FailureReport:
    """The effects in a table whose arms are called "frozen, gap 0.5" and so on.

    >>> report_of(results, (0.0, 1.0), per_class=10).effect("gain of frozen, gap 0 − gap 1")
    """
    near, far = gaps[0], gaps[-1]

    def values(arm: str, gap: float, column: str = "accuracy") -> dict[int, float]:
        return results.values(f"{arm}, gap {gap:g}", per_class, column)

    def gains(arm: str, gap: float) -> dict[int, float]:
        return minus(values(arm, gap), values("scratch", gap))

    stages = [name for name in results.rows[0].measured if name.startswith(PROBE)]
    half = len(stages) // 2
    lower, upper = stages[:half], stages[-half:]

    def probe_gains(columns: list[str], gap: float) -> dict[int, float]:
        found = [values("frozen", gap, column) for column in columns]
        return {seed: sum(one[seed] for one in found) / len(found) for seed in found[0]}

    falls = [minus(probe_gains(part, near), probe_gains(part, far)) for part in (upper, lower)]
    between = f"gap {near:g} − gap {far:g}"
    effects = (
        *(
            effect(f"gain of {arm}, {between}", minus(gains(arm, near), gains(arm, far)))
            for arm in ("frozen", "fine-tuned")
        ),
        effect("fall of the probe gain, upper stages − lower stages", minus(*falls)),
        effect(f"probe gain of the lower stages at gap {far:g}", probe_gains(lower, far)),
        effect(f"gain of fine-tuned at gap {far:g}", gains("fine-tuned", far)),
    )
    frozen = values("frozen", far)
    remedies = (
        effect(f"everything fine-tuned − frozen, gap {far:g}", minus(values("fine-tuned", far), frozen)),
        effect(f"BatchNorm recalibrated − frozen, gap {far:g}", minus(values("frozen", far, RECALIBRATED), frozen)),
    )
    lines: dict[str, list[list[float]]] = {}
    for gap in gaps:
        for arm in ("frozen", "fine-tuned"):
            lines.setdefault(f"{arm} − scratch", []).append(list(gains(arm, gap).values()))
        for name, part in (("lower stages, probe", lower), ("upper stages, probe", upper)):
            lines.setdefault(name, []).append(list(probe_gains(part, gap).values()))
    return FailureReport(
        "Domain mismatch: what transfer gains as the look moves away from the source's",
        results, effects, remedies,
        (
            f"Lower stages are {_named(lower)}, upper ones {_named(upper)}; a probe's gain is over a random network's.",
            stage_sentence(results, stages, gaps, per_class),
            f"Of what it gains at gap {near:g}, at gap {far:g} is left: "
            + ", ".join(
                f"{name} stages {_mean(probe_gains(part, far)) / (_mean(probe_gains(part, near)) or 1):.0%}"
                for name, part in (("lower", lower), ("upper", upper))
            )
            + ". Who gains little has little to lose: points and shares may disagree.",
        ),
        {"gaps": list(gaps), "gains": lines}, gain_by_gap,
    )  # fmt: skip


def stage_sentence(results: Results, stages: list[str], gaps: tuple[float, ...], per_class: int) -> str:
    """The mean probe gain of every stage at the nearest and the widest gap, in a sentence."""
    parts = []
    for column in stages:
        means = [_mean(results.values(f"frozen, gap {gap:g}", per_class, column)) for gap in (gaps[0], gaps[-1])]
        parts.append(f"{column.removeprefix(PROBE)} {100 * means[0]:+.0f} → {100 * means[1]:+.0f}")
    return f"Probe gains in points, gap {gaps[0]:g} → {gaps[-1]:g}: {', '.join(parts)}."


def _mean(values: Mapping[int, float]) -> float:
    return sum(values.values()) / len(values)


def _named(columns: list[str]) -> str:
    return " and ".join(column.removeprefix(PROBE) for column in columns)


def _growing(gaps: Iterable[float]) -> tuple[float, ...]:
    found = tuple(sorted(set(gaps)))
    if len(found) < 2 or not 0 <= found[0] <= found[-1] <= 1:
        raise ValueError(f"gaps are two or more different numbers within 0…1, such as (0, 0.5, 1); you gave {found}.")
    return found
