"""Claim 2: lower layers are general, upper layers are specific."""

import copy
import functools
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from transferlab.backbones import load
from transferlab.claims.claim import Claim, Finding, Outcome, Scale
from transferlab.data import worlds
from transferlab.data.images import Splits
from transferlab.experiments.effects import Effect, effect
from transferlab.experiments.results import Results, joined
from transferlab.layer_probes import layer_probes
from transferlab.randomness import OwnRandomness
from transferlab.recipes import Phase, Recipe, feature_extraction
from transferlab.stages import stages

PER_CLASS = 20
NEAR = "near"
TARGETS = {  # from the source's own look to pictures that it has nothing of
    NEAR: functools.partial(worlds.target, "objects"),
    "sonar look": functools.partial(worlds.target, "objects", domain_gap=1.0),
    "tissue": functools.partial(worlds.target, "tissue"),
}
LOWER = 3  # stages of the bundled backbone that count as lower: conv1, layer1, layer2
EPOCHS = 10


def run(scale: Scale) -> Outcome:
    """Probes behind every stage, and stages transplanted into a random network, on a near target and two far ones."""
    probed = joined(
        scale.sweep(
            {name: feature_extraction(epochs=1)}, (PER_CLASS,), scale.pick(quick=6, full=10), target,
            measure=probe_gains,
        )
        for name, target in TARGETS.items()
    )  # fmt: skip
    names = [f"probe/{stage.name}" for stage in list(stages(load("bundled")))[:-1]]
    low, high = names[LOWER - 1], names[-1]
    far = [name for name in TARGETS if name != NEAR]

    def gains(name: str, column: str) -> dict[int, float]:
        return probed.values(name, PER_CLASS, column)

    def upper(name: str) -> dict[int, float]:
        lower_gain, whole_gain = gains(name, low), gains(name, high)
        return {seed: whole_gain[seed] - lower_gain[seed] for seed in whole_gain}

    specific = {seed: upper(NEAR)[seed] - sum(upper(name)[seed] for name in far) / len(far) for seed in upper(NEAR)}
    general = {seed: sum(gains(name, low)[seed] for name in far) / len(far) for seed in upper(NEAR)}
    findings = [
        Finding(effect(f"probe gain at {_stage(low)} on far targets, pretrained − random", general)),
        Finding(effect(f"what the stages above {_stage(low)} add to it, near − far", specific)),
    ]
    transplanted = _transplants(scale)
    findings += [
        Finding(_lower_gain(transplanted, name), main=False) for name in far
    ]  # fmt: skip
    return Outcome(
        tuple(findings),
        notes=(
            "A probe is a linear classifier behind a stage; its gain is over the same stage of a random network. In a "
            f"transplant the lower {LOWER} stages are pretrained and frozen and the rest is random and trains; its "
            "gain is over a network that is random altogether.",
        ),
        tables={"transplants": str(transplanted)},
        data={name: {column: list(gains(name, column).values()) for column in names} for name in TARGETS},
    )


def probe_gains(model: nn.Module, data: Splits, seed: int) -> dict[str, float]:
    """Accuracy of a probe behind each stage of this frozen backbone, minus that of a random network's."""
    with OwnRandomness(seed):
        random = load("bundled", data.train.num_classes, pretrained=False)
    pairs = zip(layer_probes(model, data), layer_probes(random, data), strict=True)
    return {f"probe/{one.stage}": one.accuracy - other.accuracy for one, other in pairs}


def transplant(count: int, seed: int) -> nn.Module:
    """A network of random weights drawn with `seed`, whose first `count` stages are the pretrained ones.

    >>> transplant(3, seed=0)
    """
    with OwnRandomness(seed):
        model = load("bundled", pretrained=False)
    donor = load("bundled")
    named = dict(copy.deepcopy(donor).named_modules())
    with torch.no_grad():
        for stage in list(stages(model))[:count]:
            for name in stage.modules:
                model.get_submodule(name).load_state_dict(named[name].state_dict())
    return model


def _transplants(scale: Scale) -> Results:
    seeds = scale.seeds(scale.pick(quick=3, full=5))
    found = []
    for name, target in TARGETS.items():
        for count in (0, LOWER) if name != NEAR else ():
            phase = Phase("rest", count / 5, EPOCHS, 1e-3, backbone_lr=1e-3)
            recipe = Recipe(f"transplant_{count}", (phase,), keep_statistics=False)
            network = functools.partial(transplant, count)
            found.append(scale.sweep({f"{name}, {count} stages": recipe}, (PER_CLASS,), seeds, target, network))
    return joined(found)


def _lower_gain(results: Results, name: str) -> Effect:
    found = results.difference(f"{name}, {LOWER} stages", f"{name}, 0 stages", PER_CLASS)
    return found.called(f"transplant of {LOWER} stages − none, {name}")


def _stage(column: str) -> str:
    return column.partition("/")[2]


def draw(data: Mapping[str, Any], ax: Any) -> None:
    """The gain of a probe behind each stage, a line a target."""
    from transferlab.plots.style import COLOURS, DASHES, describe, label_ends

    ends, said = [], []
    for i, (name, columns) in enumerate(data.items()):
        means = [100 * sum(values) / len(values) for values in columns.values()]
        ax.plot(range(len(means)), means, color=COLOURS[i], linestyle=DASHES[i], marker="o", linewidth=2)
        ends.append((len(means) - 1, means[-1], name, COLOURS[i]))
        said.append(f"{name}: {', '.join(f'{mean:+.0f}' for mean in means)}")
    label_ends(ax, ends)
    ax.set_xticks(range(len(columns)), [_stage(column) for column in columns])
    ax.axhline(0, color="0.6", linewidth=1)
    ax.set(ylabel="probe, pretrained − random (points)", title="What pretraining gives each stage")
    describe(ax, f"Gain of a probe over a random network by stage, in points. {'; '.join(said)}.")


CLAIM = Claim(
    2,
    "Lower layers are general, upper ones are specific",
    "Yosinski et al. (2014); Alain & Bengio (2016)",
    "Probes behind each stage and transplanted stages, on a near and two far targets",
    run,
    draw,
)
