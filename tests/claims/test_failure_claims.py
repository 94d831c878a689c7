"""Claims 7 to 10 say what the four failures measured, of which tables are made up here."""

import json

import pytest

from tests.failures import made_up
from transferlab.claims import forgetting_grows, gain_falls, incompatible, inherited
from transferlab.claims.claim import FAILS, HOLDS, LIMITED, Scale
from transferlab.failures.bias_measures import ADAPTED
from transferlab.plots.style import alternative_text, new_axes

STAGES = ("conv1", "layer1", "layer2", "layer3", "layer4")


class MadeUp(Scale):
    """A scale whose sweeps are made up: `columns(arm, seed)` says what every cell measured."""

    def asking(self, columns):
        object.__setattr__(self, "recorder", made_up.Recorder(columns))
        return self

    def sweep(self, *arguments, **settings):
        return self.recorder(*arguments, **settings)


def jitter(seed: int) -> float:
    return 0.001 * (seed % 1000)  # so that intervals have a width


def forgets(arm, seed):
    rate, _, remedy = arm.partition(", ")
    lost = 0.0 if remedy else min(0.8, 100 * float(rate))
    left = [0.9 - jitter(seed) * i - lost * i / 5 for i in range(6)]
    halves = {"source halfway": 0.9, "target halfway": 0.5}
    return {"run": made_up.run_with_source(left), "source_before": 0.9, "source_after": left[-1], "measured": halves}


def gains(arm, seed):
    name, _, gap = arm.partition(", gap ")
    far = float(gap)
    probes = {f"probe gain {stage}": 0.2 + jitter(seed) - 0.1 * i * far for i, stage in enumerate(STAGES)}
    accuracy = {"frozen": 0.8 - 0.5 * far, "fine-tuned": 0.85 - 0.4 * far, "scratch": 0.3 - 0.1 * far}[name]
    return {"accuracy": accuracy + jitter(seed) * (1 - far), "measured": {**probes, "recalibrated": 0.5}}


def contradicts(arm, seed):
    accuracies = {"frozen, hue": 0.15, "all, hue": 0.25, "high rate, hue": 0.6, "scratch, hue": 0.55}
    accuracies |= {"frozen, kind": 0.8, "scratch, kind": 0.3}
    probes = {"probe conv1, pretrained": 0.5, "probe conv1, random": 0.4}
    probes |= {"probe of the chosen stage": 0.5, "probe of the last stage": 0.2}
    return {"accuracy": accuracies[arm] + jitter(seed) * (arm[0] != "s"), "measured": probes}


def inherits(arm, seed):
    gap = {"biased source": 0.2, "fair source": 0.0, "target 0": 0.0, "target 0.9": 0.4, "target 1": 0.5}.get(
        arm, 0.1
    ) + jitter(seed)
    return {"measured": {"gap": gap, "gap last layer anew": 0.05, **{f"gap {way}": gap for way in ADAPTED}}}


CASES = [
    (forgetting_grows, 7, forgets, 2), (gain_falls, 8, gains, 3), (incompatible, 9, contradicts, 2),
    (inherited, 10, inherits, 2),
]  # fmt: skip


@pytest.mark.parametrize("size", ["quick", "full"])
@pytest.mark.parametrize(("module", "number", "columns", "num_main"), CASES)
def test_an_effect_that_is_there_is_found_and_drawn(module, number, columns, num_main, size):
    scale = MadeUp(size, base_seed=2).asking(columns)
    outcome = module.CLAIM.run(scale)
    assert module.CLAIM.number == number
    assert [one.main for one in outcome.findings[: num_main + 1]] == [True] * num_main + [False]
    assert sum(one.main for one in outcome.findings) == num_main
    assert outcome.verdict in (HOLDS, LIMITED)
    names = [one.effect.name for one in outcome.findings]
    assert len(set(names)) == len(names)
    seeds = {seed for asked in scale.recorder.asked for seed in asked["seeds"]}
    assert min(seeds) == 2000  # those of this base seed alone
    assert max(seeds) < 3000
    again = json.loads(json.dumps(dict(outcome.data), allow_nan=False))  # as the ledger's file has it
    ax = new_axes()
    module.CLAIM.draw(again, ax)
    assert alternative_text(ax)


@pytest.mark.parametrize(("module", "columns"), [(module, columns) for module, _, columns, _ in CASES])
def test_an_effect_that_is_not_there_does_not_hold(module, columns):
    def nothing(arm, seed):
        """The same columns, all of them noise around one value."""
        found = columns(arm, seed)
        noise = (sum(map(ord, arm)) * (seed + 3) % 7 - 3) * 1e-3
        found["accuracy"] = 0.5 + noise
        found["measured"] = dict.fromkeys(found["measured"], 0.2 + noise)
        if "run" in found:
            left = [0.9, *(0.5 + 0.01 * ((sum(map(ord, arm)) + 3 * seed + 5 * i) % 4) for i in range(5))]
            found.update(run=made_up.run_with_source(left), source_after=left[-1])
        return found

    assert module.CLAIM.run(MadeUp("quick").asking(nothing)).verdict == FAILS
