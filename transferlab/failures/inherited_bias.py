"""Failure 4: a bias that was in the source, or is in the target's own pictures, shows in the answers.

    report = inherited_bias()
    print(report)

First the source: the bundled backbone is trained on, on pictures whose tag gives the kind away (`source_strength`), and
beside it on the same pictures with tags that are drawn. Both are then adapted to fair pictures, in which tags still
occur: other pictures of the same kinds, and another question, indoors or outdoors. Then the target: a sound backbone,
and pictures of its own whose tag gives the answer away. The subgroup gap is accuracy where the tag agrees minus where
it does not (see `tags`). Remedies: of the source, more fair pictures and training everything on them; of the target, a
last layer that is trained anew on a few fair pictures, balanced sampling and more fair pictures (see `audit`). Source:
Salman et al., "When does bias transfer in transfer learning?" (2022). Left out: biases that nobody has named.
"""

import functools
from collections.abc import Iterable

import torch

from transferlab.experiments import Results, effect, sweep
from transferlab.experiments.results import joined
from transferlab.failures.bias_measures import (
    ADAPTED,
    FAIR_ACCURACY,
    FROZEN,
    MORE,
    OTHER_QUESTION,
    TUNED,
    WITH_MORE,
    adapted,
    gap_alone,
    last_layer_anew,
)
from transferlab.failures.report import FailureReport, Sweep, at_least_two, complete, mean_rank, minus
from transferlab.failures.tags import balanced_pictures, check_strength, more_fair_pictures, tagged
from transferlab.plots.failures import subgroup_gaps
from transferlab.recipes import Phase, Recipe

TARGET, BALANCED, MORE_FAIR = "target ", "balanced sampling", "more fair pictures"
REMEDIED = 0.9  # the strength at which remedies are tried: some pictures of each group are left to learn from
HIGH_LR = 1e-3  # at which everything is trained until it knows the tag; slower, a network keeps to what it knew


def inherited_bias(
    source_strength: float = 0.95, strengths: Iterable[float] = (0.0, 0.5, 0.9, 1.0), per_class: int = 5,
    seeds: Iterable[int] = range(5), epochs: int = 6, source_per_class: int = 20, target_per_class: int = 10,
    target_seeds: Iterable[int] | None = None, retraining: bool = True, held_out_per_class: int = 25,
    sweeping: Sweep = sweep,
) -> FailureReport:  # fmt: skip
    """The subgroup gap after adapting a biased backbone to fair pictures, and a sound one to biased pictures.

        >>> print(inherited_bias(seeds=range(8), source_strength=0.9))

    `per_class` are the fair pictures of each of the eight kinds, `source_per_class` and `target_per_class` the biased
    ones; `strengths` are those of the shortcut in the target, to which 0 and 0.9 always belong. `target_seeds` are
    those of the target's part; `retraining=False` leaves out its two remedies that train everything again. `sweeping`
    carries the runs out.

    Raises:
        ValueError: fewer than two seeds, or a strength outside 0…1.
    """
    seeds = at_least_two(seeds)
    target_seeds = seeds if target_seeds is None else at_least_two(target_seeds)
    for strength in (source_strength, *strengths):
        check_strength(strength)
    everything = Recipe("everything", (Phase("all", 0.0, epochs, HIGH_LR, backbone_lr=HIGH_LR),))
    adapting = functools.partial(adapted, per_class=per_class, epochs=epochs, held_out_per_class=held_out_per_class)
    tables = []
    for name, strength in (("biased source", source_strength), ("fair source", 0.0)):
        data = functools.partial(tagged, strength=strength, held_out_per_class=4)
        tables.append(sweeping({name: everything}, (source_per_class,), seeds, data, measure=adapting))
    targets = {
        f"{TARGET}{strength:g}": functools.partial(tagged, strength=strength, held_out_per_class=held_out_per_class)
        for strength in sorted({0.0, REMEDIED, *strengths})
    }
    if retraining:
        targets[BALANCED] = functools.partial(
            balanced_pictures, strength=REMEDIED, held_out_per_class=held_out_per_class
        )
        targets[MORE_FAIR] = functools.partial(
            more_fair_pictures, strength=REMEDIED, held_out_per_class=held_out_per_class
        )
    for name, data in targets.items():
        measure = last_layer_anew if name == f"{TARGET}{REMEDIED:g}" else gap_alone
        tables.append(sweeping({name: everything}, (target_per_class,), target_seeds, data, measure=measure))
    return report_of(complete(joined(tables)))


def report_of(results: Results) -> FailureReport:
    """The effects in a table whose arms are called "biased source", "fair source", "target 0.9" and so on.

    >>> report_of(results).effect("gap of a biased − of a fair source, frozen")
    """

    def column(arm: str, name: str = "gap") -> dict[int, float]:
        return results.values(arm, next(row.per_class for row in results.rows if row.arm == arm), name)

    targets = [arm for arm in results.arms if arm.startswith(TARGET)]  # from the weakest shortcut on
    most = targets[-1].removeprefix(TARGET)
    biased = {name: column("biased source", f"gap {name}") for name in ADAPTED}
    fair = {name: column("fair source", f"gap {name}") for name in ADAPTED}
    planted = column(f"{TARGET}{REMEDIED:g}")
    effects = [
        effect(f"gap of a biased − of a fair source, {name}", minus(biased[name], fair[name]))
        for name in (FROZEN, TUNED, OTHER_QUESTION)
    ]
    by_strength = [column(arm) for arm in targets]
    effects.append(effect(f"gap in the target: shortcut {most} − 0", minus(by_strength[-1], by_strength[0])))
    if len(targets) > 2:
        ranks = {seed: mean_rank(torch.tensor([[one[seed] for one in by_strength]])) for seed in planted}
        effects.append(effect("rank correlation of the gap in the target with the shortcut's strength", ranks))
    after = {"last layer anew": column(f"{TARGET}{REMEDIED:g}", "gap last layer anew")}
    after |= {name: column(name) for name in (BALANCED, MORE_FAIR) if name in results.arms}
    remedies = (
        effect(f"of the source: {MORE} times the fair pictures", minus(biased[FROZEN], biased[WITH_MORE])),
        effect("of the source: everything fine-tuned", minus(biased[FROZEN], biased[TUNED])),
        *(effect(f"of the target: {name}", minus(planted, gaps)) for name, gaps in after.items()),
    )
    gaps = {
        **{
            f"{kind} source, {name}": one[name]
            for name in ADAPTED
            for kind, one in (("fair", fair), ("biased", biased))
        },
        **{f"target, shortcut {arm.removeprefix(TARGET)}": column(arm) for arm in targets},
        **{f"target, {REMEDIED:g}, {name}": one for name, one in after.items()},
    }
    return FailureReport(
        "Inherited bias: accuracy where a tag agrees with the answer minus where it does not",
        results, tuple(effects), remedies, (accuracy_sentence(results),),
        {"gaps": {name: list(values.values()) for name, values in gaps.items()}}, subgroup_gaps,
    )  # fmt: skip


def accuracy_sentence(results: Results) -> str:
    """What each remedy costs: the mean accuracies with tags that are drawn, in a sentence."""
    told: dict[str, list[float]] = {}
    for row in results.rows:
        for name, value in row.measured.items():
            if name.startswith(FAIR_ACCURACY) and value is not None:
                told.setdefault(f"{row.arm}{name.removeprefix(FAIR_ACCURACY)}", []).append(value)
    parts = [f"{name} {sum(values) / len(values):.0%}" for name, values in told.items()]
    return f"Accuracy with tags that are drawn: {', '.join(parts)}."
