"""Failure 2: the question is about something that the source had to ignore, and gentle transfer cannot answer it.

    report = incompatible_task()
    print(report)

A thing of the source world has any hue, so that its 32 kinds are told apart by whoever does not look at hues. Asked for
the hue of the very same pictures, a frozen backbone is near chance, and one that is fine-tuned at the usual low rates
is behind random weights; asked for the kind, it is far ahead. What the stages still know of it is read by probes (see
`layer_probes`). Remedies: take the features of a lower stage, or train every stage at one high rate, as from scratch,
which tells whether the weights do the harm or the rates. Sources: Wang et al., "Characterizing and avoiding
negative transfer" (2019); He, Girshick & Dollár, "Rethinking ImageNet pre-training" (2019), for where it ends. Left
out: predicting the harm before training.
"""

import functools
from collections.abc import Iterable, Mapping

from torch import nn

from transferlab.backbones import load
from transferlab.data import worlds
from transferlab.data.images import Splits
from transferlab.experiments import Results, effect, sweep
from transferlab.experiments.results import joined
from transferlab.failures.report import FailureReport, Sweep, at_least_two, complete, minus
from transferlab.layer_probes import layer_probes
from transferlab.plots.failures import contradiction
from transferlab.randomness import OwnRandomness
from transferlab.recipes import Phase, Recipe, feature_extraction, fine_tuning, from_scratch

CONTRADICTING, CONTROL = "hue", "kind"
HIGH_LR = 1e-3  # what `from_scratch` trains at: 10 to 100 times what fine-tuning gives the stages
KNOWN, CHOSEN, LAST = "probe ", "probe of the chosen stage", "probe of the last stage"


def incompatible_task(
    budgets: Iterable[int] = (20,), seeds: Iterable[int] = range(3), epochs: int = 10,
    probe_seeds: Iterable[int] | None = None, held_out_per_class: int = 25, sweeping: Sweep = sweep,
) -> FailureReport:  # fmt: skip
    """Pretrained against random weights, on a question that contradicts the source and on one that does not.

        >>> print(incompatible_task(budgets=(20, 80), seeds=range(5)))

    The effects are at the smallest of the `budgets` (images a class); larger ones say where the harm ends. `epochs` go
    through the whole network, in every arm. Arms that only train a head cost little: `probe_seeds` may be more than
    `seeds`. `sweeping` carries the runs out.

    Raises:
        ValueError: fewer than two seeds, or no budget.
    """
    budgets, seeds = tuple(sorted(set(budgets))), at_least_two(seeds)
    if not budgets:
        raise ValueError("There is no budget: type budgets=(20,), images a class.")
    every = tuple(dict.fromkeys((*seeds, *(at_least_two(probe_seeds) if probe_seeds is not None else ()))))
    heads_first = max(1, epochs // 2)
    anew = Phase("all", 0.0, epochs, HIGH_LR, backbone_lr=HIGH_LR)
    trained = {
        "all": fine_tuning(epochs, heads_first),
        "scratch": from_scratch(epochs),
        "high rate": Recipe("high_rate", (Phase("head", 1.0, heads_first, 3e-3), anew)),
    }
    hue, kind = (
        functools.partial(worlds.target, "objects", task=task, held_out_per_class=held_out_per_class)
        for task in (CONTRADICTING, CONTROL)
    )
    tables = [
        sweeping({"frozen, hue": feature_extraction()}, budgets, every, hue, measure=known),
        sweeping({"frozen, kind": feature_extraction()}, budgets[:1], every, kind),
        sweeping({f"{arm}, hue": recipe for arm, recipe in trained.items()}, budgets, seeds, hue),
        sweeping({"scratch, kind": trained["scratch"]}, budgets[:1], seeds, kind),
    ]
    return report_of(complete(joined(tables)))


def known(model: nn.Module, data: Splits, seed: int) -> Mapping[str, float]:
    """What a probe behind each stage reads of the answer, in the pretrained and in a random network.

        >>> known(load("bundled"), data, seed=0)
        {'probe conv1, pretrained': 0.42, …, 'probe of the last stage': 0.15}

    The chosen stage is the one whose probe does best on the training images, each judged by a probe without it.
    """
    with OwnRandomness(seed):
        random = load("bundled", data.train.num_classes, pretrained=False)
    probes, others = layer_probes(model, data), layer_probes(random, data)
    found = {f"{KNOWN}{one.stage}, pretrained": one.accuracy for one in probes}
    found |= {f"{KNOWN}{one.stage}, random": one.accuracy for one in others}
    best = max(probes, key=lambda one: one.train_accuracy)
    return {**found, CHOSEN: best.accuracy, LAST: probes[-1].accuracy}


def report_of(results: Results) -> FailureReport:
    """The effects in a table whose arms are called "all, hue", "scratch, kind" and so on.

    >>> report_of(results).effect("scratch − all, hue")
    """
    smallest, largest = results.budgets[0], results.budgets[-1]

    def harm(arm: str, budget: int) -> dict[int, float]:
        return minus(results.values("scratch, hue", budget), results.values(f"{arm}, hue", budget))

    effects = [effect(f"scratch − {arm}, hue", harm(arm, smallest)) for arm in ("all", "frozen")]
    effects.append(effect(f"scratch − all at its rate ({HIGH_LR:g}), hue", harm("high rate", smallest)))
    control = minus(results.values("frozen, kind", smallest), results.values("scratch, kind", smallest))
    effects.append(effect("frozen − scratch, kind, the same pictures", control))
    if largest > smallest:
        effects.append(effect(f"scratch − all, hue, {largest} a class", harm("all", largest)))
    stages = {column: results.values("frozen, hue", smallest, column) for column in (CHOSEN, LAST)}
    high, low = (results.values(f"{arm}, hue", smallest) for arm in ("high rate", "all"))
    remedies = (
        effect("a lower cut: probe of the chosen stage − of the last", minus(stages[CHOSEN], stages[LAST])),
        effect(f"every stage at {HIGH_LR:g} − fine-tuning's rates", minus(high, low)),
    )
    accuracies = {
        "hue": {arm: _list(results, f"{arm}, hue", smallest) for arm in ("frozen", "all", "high rate", "scratch")},
        "kind": {arm: _list(results, f"{arm}, kind", smallest) for arm in ("frozen", "scratch")},
    }
    return FailureReport(
        "Incompatible task: asked for the hue, which the source had to ignore, and for the kind, of the same pictures",
        results, tuple(effects), remedies, (stage_sentence(results, smallest),),
        {"per_class": smallest, "chance": 1 / results.rows[0].num_classes, "accuracies": accuracies}, contradiction,
    )  # fmt: skip


def stage_sentence(results: Results, per_class: int) -> str:
    """What probes read of the hue behind each stage, in a sentence: pretrained, and in brackets of a random network."""
    parts = []
    for column in next(row.measured for row in results.rows if row.arm == "frozen, hue"):
        if column.endswith(", pretrained"):
            own, other = (
                _mean(_list(results, "frozen, hue", per_class, name))
                for name in (column, column.replace(", pretrained", ", random"))
            )
            stage = column.removeprefix(KNOWN).removesuffix(", pretrained")
            parts.append(f"{stage} {own:.0%} ({other:.0%})")
    return f"What a probe reads of the hue behind each stage, in brackets of a random network: {', '.join(parts)}."


def _list(results: Results, arm: str, per_class: int, column: str = "accuracy") -> list[float]:
    return list(results.values(arm, per_class, column).values())


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
