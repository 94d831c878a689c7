"""Who is measured: every way to do a job, what it needs, and what it is compared with.

The jobs and the least that transferlab promises stand here as data; the figures come from `measuring`. WAYS do the same
work with the same settings; NATIVE are each used as its own documentation says, and make a table of their own.
"""

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

from transferlab.errors import unknown


@dataclass(frozen=True)
class Way:
    """One way to do a job: `do` is the function "module:name" in this folder, `needs` the package it must find.

    `times` multiplies its processor seconds, for a way that does only a part of the job.
    """

    name: str
    label: str
    job: str
    do: str
    needs: str = ""
    times: float = 1.0

    def is_installed(self) -> bool:
        return not self.needs or importlib.util.find_spec(self.needs) is not None

    def function(self) -> Callable:
        module, _, name = self.do.partition(":")
        return getattr(importlib.import_module(f"transferlab.bench.{module}"), name)


WAYS = (
    Way("head", "transferlab, cold", "head", "ours:head"),
    Way("head_warm", "transferlab, once more in the same process", "head", "ours:head_warm"),
    Way("head_by_hand", "features by hand and scikit-learn", "head", "by_hand:head", "sklearn"),
    Way("head_best", "best uncached loop", "head", "plain:best_uncached_head"),
    Way("head_tutorial", "PyTorch tutorial's loop", "head", "plain:tutorial_head"),
    Way("head_fastai_no_bn", "fastai, train_bn=False", "head", "with_fastai:head_without_bn", "fastai"),
    Way("head_fastai", "fastai, default", "head", "with_fastai:head", "fastai"),
    Way("head_lightning", "Lightning, BackboneFinetuning", "head", "with_lightning:head", "lightning"),
    Way("twice", "transferlab, twice the epochs", "head", "ours:head_twice_as_long"),
    Way("gradual", "transferlab", "gradual unfreezing", "ours:gradual"),
    Way("gradual_tutorial", "tutorial's loop, phase by phase", "gradual unfreezing", "plain:tutorial_gradual"),
    Way("gradual_fastai", "fastai, freeze_to", "gradual unfreezing", "with_fastai:gradual", "fastai"),
    Way("full", "transferlab", "full fine-tuning", "ours:full"),
    Way("full_tutorial", "PyTorch tutorial's loop, fp32", "full fine-tuning", "plain:tutorial_full"),
    Way("full_fastai", "fastai", "full fine-tuning", "with_fastai:full", "fastai"),
    Way("remembered", "transferlab, forgetting after each epoch", "forgetting", "ours:full_remembered"),
    Way("measured", "transferlab, forgetting 20 times an epoch", "forgetting", "ours:full_measured"),
    Way("sweep", "transferlab, heads side by side", "sweep of 30", "ours:sweep"),
    Way(
        "sweep_fastai", "fastai, one run after another (one seed of five, times 5)", "sweep of 30",
        "with_fastai:sweep_of_one_seed", "fastai", times=5,
    ),
)  # fmt: skip

NATIVE = (
    Way("native", "transferlab, fine_tuning", "native defaults", "ours:native_fine_tuning"),
    Way("native_gradual", "transferlab, gradual_unfreezing", "native defaults", "ours:native_gradual"),
    Way("native_fastai", "fastai, vision_learner and fine_tune", "native defaults", "with_fastai:native", "fastai"),
    Way(
        "native_lightning", "Lightning, BackboneFinetuning and Adam", "native defaults", "with_lightning:native",
        "lightning",
    ),
    Way("native_tutorial", "PyTorch tutorial, finetuning", "native defaults", "plain:tutorial_native"),
)  # fmt: skip


@dataclass(frozen=True)
class Promise:
    """What the processor seconds of `more` are to those of `less`: at least `bound` times, or `at_most`.

    `aim` is what we would like.
    """

    what: str
    more: str
    less: str
    bound: float
    aim: float
    at_most: bool = False

    def is_kept(self, ratio: float) -> bool:
        return ratio <= self.bound if self.at_most else ratio >= self.bound


PROMISES = (
    Promise("frozen head, cold, against fastai's default", "head_fastai", "head", 25, 40),
    Promise("frozen head, cold, against the tutorial's loop", "head_tutorial", "head", 15, 22),
    Promise("frozen head, cold, against the best uncached loop", "head_best", "head", 12, 20),
    Promise("frozen head, warm, against fastai's default", "head_fastai", "head_warm", 500, 1000),
    Promise("gradual unfreezing against fastai", "gradual_fastai", "gradual", 3, 5),
    Promise("full fine-tuning against fastai", "full_fastai", "full", 1.8, 2.3),
    Promise("full fine-tuning against the tutorial's loop", "full_tutorial", "full", 1.5, 1.9),
    Promise("6 budgets × 5 seeds, frozen, against fastai", "sweep_fastai", "sweep", 100, 300),
    Promise("20 forgetting measurements an epoch", "measured", "remembered", 1.05, 1.03, at_most=True),
    Promise("twice the epochs of a frozen run", "twice", "head", 1.05, 1.05, at_most=True),
)


def way(name: str) -> Way:
    """The way of this name; raises ValueError where there is none, with the nearest.

    >>> way("head").label
    'transferlab, cold'
    """
    for one in (*WAYS, *NATIVE):
        if one.name == name:
            return one
    raise unknown("way", name, [one.name for one in (*WAYS, *NATIVE)])
