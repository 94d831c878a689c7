"""Cascading parameter randomisation: a map that stays the same when the weights are gone never showed the model.

    result = parameter_randomisation(model, data.held_out, "grad_cam")
    print(result.survives, result.steps[-1].similarity)

From the head downwards, stage after stage of a copy is drawn anew, and the maps are made again. Source: Adebayo et al.,
"Sanity Checks for Saliency Maps" (2018). How weights are drawn is in `redrawing.py`. Left out: single stages drawn anew
while those above stay, and labels shuffled before training.

Similarity is the rank correlation of the *signed* maps, since the sign is part of what a map claims (this pixel speaks
for the class, that one against it). Where a map has signs, its *outline*, the same of `|map|`, may survive longer: a
gradient times the picture keeps the picture. Both are given.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from transferlab.data.images import ImageSet
from transferlab.explain.checks.estimate import Estimate, estimate
from transferlab.explain.checks.methods import Method, check_method, is_blank, maps_of, name_of, prepared
from transferlab.explain.checks.redrawing import cascade
from transferlab.explain.checks.similarity import spearman, ssim
from transferlab.explain.requests import Target
from transferlab.stages import stages

# Chosen before anything was measured. Maps that have nothing to do with each other are at 0 ± 0.15 even where they are
# as coarse as 2×2 places (a spread of 0.58 a map, over 8 images and 2 seeds); from 0.5 on they share a quarter of the
# variance of their ranks, which an eye takes for the same picture.
SURVIVES = 0.5
ENOUGH = 0.5  # the share of pairs that must not be blank before anything is said: with fewer, a minority would speak


@dataclass(frozen=True, eq=False)
class Step:
    """The maps after all stages from the head down to `stage` have been drawn anew.

    `similarity` is the rank correlation with the original maps, a mean over seeds and images; `outline` is that of the
    maps without their signs, `ssim` their structural similarity; None where every map is blank. `num_pairs` were
    compared, `num_blank` could not be, since the map is blank now. `maps`, `(N, H, W)`, are those of the first seed.
    """

    stage: str
    similarity: Estimate | None
    outline: Estimate | None
    ssim: Estimate | None
    num_pairs: int
    num_blank: int
    maps: Tensor


@dataclass(frozen=True, eq=False)
class Randomisation:
    """What is left of a method's maps as the weights go, step by step, the head first.

    `original`, `(N, H, W)`, are the maps of the model itself on `pixels`; `num_blank` of them are blank and take no
    part. `halfway` is the stage at which the upper half of the stages is gone.
    """

    method: str
    original: Tensor
    pixels: Tensor
    steps: tuple[Step, ...]
    halfway: str
    num_seeds: int
    num_blank: int

    @property
    def survives(self) -> bool | None:
        """Whether the maps are still there when every weight has been drawn anew; None if too many are blank to say."""
        return self._still(self.steps[-1], self.steps[-1].similarity)

    @property
    def outline_survives(self) -> bool | None:
        """The same of the maps without their signs."""
        return self._still(self.steps[-1], self.steps[-1].outline)

    @property
    def deaf_above(self) -> bool | None:
        """Whether the maps are still there when the upper half of the stages is gone, where classes are told apart."""
        step = next(step for step in self.steps if step.stage == self.halfway)
        return self._still(step, step.similarity)

    def _still(self, step: Step, similarity: Estimate | None) -> bool | None:
        if similarity is None or step.num_pairs < ENOUGH * (step.num_pairs + step.num_blank):
            return None
        return similarity.mean >= SURVIVES


def parameter_randomisation(
    model: nn.Module,
    images: ImageSet | Tensor,
    method: Method,
    target: Target = None,
    *,
    seeds: Sequence[int] = (0, 1, 2),
    every_stage: bool = True,
    batch_size: int = 50,
) -> Randomisation:
    """Draw the weights anew from the head downwards and see what is left of the maps; the model stays as it is.

        >>> [f"{step.stage} {step.similarity}" for step in parameter_randomisation(model, images, "saliency").steps]
        ['fc 0.31 (0.22 … 0.40)', 'layer4 0.06 (0.01 … 0.12)', …]

    The class explained stays the same throughout: the one asked for, else the one that the model itself predicts.
    Without `every_stage` maps are made halfway and at the end alone, where the verdict looks.

    Raises:
        ValueError: fewer than two images, no seed, or a method that does not exist.
    """
    check_method(method)
    if not len(seeds):
        raise ValueError("The weights must be drawn at least once: give one seed or more, such as seeds=(0, 1, 2).")
    inside, pixels, targets = prepared(model, images, target)
    if len(pixels) < 2:
        raise ValueError(
            f"Activations are brought to scale over several images: give two or more; you gave {len(pixels)}."
        )
    original = maps_of(method, inside, pixels, targets, batch_size=batch_size)
    shown = ~is_blank(original)
    names = [stage.name for stage in reversed(stages(inside)) if stage.parameters]
    halfway = names[max(0, len(names) // 2 - 1)]
    if not every_stage:
        names = list(dict.fromkeys([halfway, names[-1]]))
    found: dict[str, list[Tensor]] = {}  # for each stage, the maps (N, H, W) of each seed
    for seed in seeds:
        for stage, redrawn in cascade(model, pixels, seed):
            if stage in names:
                maps = maps_of(method, redrawn, pixels, targets, batch_size=batch_size)
                found.setdefault(stage, []).append(maps)
    steps = tuple(_step(stage, original, torch.stack(found[stage]), shown) for stage in names)
    return Randomisation(name_of(method), original, pixels, steps, halfway, len(seeds), int((~shown).sum()))


def _step(stage: str, original: Tensor, redrawn: Tensor, shown: Tensor) -> Step:
    """Compare maps `(N, H, W)` with those of each seed `(S, N, H, W)`, over the images whose own map is not blank."""
    blank = torch.stack([is_blank(maps) for maps in redrawn])[:, shown]  # (S, n)

    def over_seeds(compare) -> Estimate | None:
        return estimate(torch.stack([compare(original, maps) for maps in redrawn])[:, shown].nanmean(0))

    return Step(
        stage,
        over_seeds(spearman),
        over_seeds(lambda one, other: spearman(one.abs(), other.abs())),
        over_seeds(ssim),
        int((~blank).sum()),
        int(blank.sum()),
        redrawn[0],
    )
