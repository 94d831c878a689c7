"""Claim 1: the first layer learns edges and colours."""

from transferlab.backbones import load
from transferlab.claims.claim import Claim, Finding, Outcome, Scale
from transferlab.experiments.effects import effect
from transferlab.explain.edges import KernelMeasures, measure_kernels
from transferlab.explain.filters import first_kernels
from transferlab.randomness import OwnRandomness


def run(scale: Scale) -> Outcome:
    """The bundled backbone's first kernels against those of as many random networks as there are seeds."""
    learned = measure_kernels(first_kernels(load("bundled")))
    edges, colours = [], []
    for seed in scale.seeds(scale.pick(quick=8, full=20)):
        with OwnRandomness(seed):
            random = measure_kernels(first_kernels(load("bundled", pretrained=False)))
        edges.append(learned.share - random.share)
        colours.append(specialised(learned) - specialised(random))
    return Outcome(
        (
            Finding(effect("edge-like kernels, pretrained − random", edges)),
            Finding(effect("kernels nearly grey or nearly pure colour, pretrained − random", colours)),
            Finding(effect("edge-like kernels, pretrained − random, by half of all", edges), main=False, margin=0.5),
        ),
        notes=(
            f"{learned.share:.0%} of the pretrained kernels are edge-like by a rule that noise as smooth and grey as "
            f"the kernel itself passes one time in twenty, and {specialised(learned):.0%} are nearly grey or nearly "
            "pure colour.",
        ),
        data={"edge": learned.edge.tolist(), "opponency": learned.opponency.tolist()},
    )


def specialised(measures: KernelMeasures) -> float:
    """The share of living kernels with under a fifth or over four fifths of their energy off the grey axis.

    Noise has two thirds there: with 147 weights a kernel that lies so far off either way is no accident.
    """
    alive = measures.opponency[~measures.dead]
    return ((alive < 0.2) | (alive > 0.8)).float().mean().item()


CLAIM = Claim(
    1,
    "The first layer learns edges and colours",
    "Krizhevsky et al. (2012), figure 3; Yosinski et al. (2014)",
    "Share of edge-like and of colour-selective first kernels, pretrained against random networks",
    run,
)
