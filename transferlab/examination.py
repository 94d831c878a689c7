"""A backbone before and after learning a task, looked into: the job behind `transferlab explain`.

The pretrained network, the one with a new head on frozen features, the fine-tuned one and the one from scratch answer
the same held-out images; maps of their reasons, whether these lie on the thing, what the lie detector says of the
methods, and how far each stage drifted. Left out: looking along a run (`explain.snapshots`, `explain.drift_along`).
"""

from collections.abc import Iterator, Sequence

import torch
from torch import nn

from transferlab.comparison import Comparison
from transferlab.data.images import ImageSet, Splits
from transferlab.explain.attribution import explain
from transferlab.explain.checks import Inside, Verdict, attribution_inside, judge
from transferlab.explain.compare import Comparison as SideBySide
from transferlab.explain.compare import compare
from transferlab.explain.drift import stage_drift
from transferlab.explain.separability import stage_separability
from transferlab.plots import label
from transferlab.recipes import Recipe, feature_extraction, fine_tuning, from_scratch
from transferlab.records import Epoch, Run
from transferlab.tables import table

TUNED = "fine_tuning"
METHODS = ("grad_cam", "integrated_gradients")


class Examination:
    """One backbone, one task, three recipes, and what can be seen of them.

    >>> examination = Examination("bundled", find_data("objects", 20, 64, 0))
    >>> for recipe, epoch in examination.train(): ...
    >>> print(examination.inside_table(examination.inside()))
    """

    def __init__(self, backbone: str, data: Splits, seed: int = 0, device: str = "cpu", share: float = 1.0) -> None:
        """`share`, 0…1, shortens each recipe to that part of its epochs."""
        recipes = [feature_extraction(), fine_tuning(), from_scratch()]
        recipes = [recipe.shortened(share) if share < 1 else recipe for recipe in recipes]
        self.comparison = Comparison(backbone, data, recipes, seed, device)
        self.data, self.seed = data, seed

    @property
    def epochs(self) -> int:
        return sum(recipe.epochs for recipe in self.comparison.recipes)

    @property
    def tuned(self) -> nn.Module:
        return self.comparison.models[TUNED]

    @property
    def runs(self) -> list[Run]:
        return self.comparison.runs

    def train(self) -> Iterator[tuple[Recipe, Epoch]]:
        """Train the three; each epoch comes with its recipe."""
        for recipe, record in self.comparison.records():
            if isinstance(record, Epoch) and record.epoch > 0:
                yield recipe, record

    def side_by_side(self, count: int = 4, method: str = "grad_cam") -> SideBySide:
        """Maps of `count` held-out images, of different classes as far as there are, in all four networks."""
        assert self.comparison.pretrained is not None
        held_out = self.data.held_out
        firsts = [int(torch.nonzero(held_out.labels == i)[0]) for i in held_out.labels.unique().tolist()]
        models = {"pretrained": self.comparison.pretrained}
        models |= {label(name): model for name, model in self.comparison.models.items()}
        return compare(models, held_out.subset(firsts[:count]), method=method)

    def inside(self, methods: Sequence[str] = METHODS, num_images: int = 200) -> dict[str, Inside]:
        """For each method how much of the fine-tuned network's maps lies on the thing, on held-out images with masks.

        Raises:
            ValueError: the images have no masks.
        """
        images = self.chosen(num_images)
        return {
            method: attribution_inside(explain(self.tuned, images, images.labels, method).maps, images.masks, self.seed)
            for method in methods
        }

    def verdicts(self, methods: Sequence[str] = METHODS, num_images: int = 16) -> tuple[Verdict, ...]:
        """What the lie detector says of the methods on the fine-tuned network."""
        return judge(self.tuned, self.data.held_out, methods, seed=self.seed, num_images=num_images)

    def chosen(self, num_images: int) -> ImageSet:
        """So many held-out images, drawn by the seed."""
        held_out = self.data.held_out
        order = torch.randperm(len(held_out), generator=torch.Generator().manual_seed(self.seed))
        return held_out.subset(order[:num_images].sort().values)

    def drift_table(self) -> str:
        """How far each stage went from the pretrained one, and how well it tells the new classes apart."""
        before, images = self.comparison.pretrained, self.data.held_out
        assert before is not None
        told = [stage_separability(model, images) for model in (before, self.tuned)]
        rows = [
            [
                row.stage, f"{row.weights:.3f}", "–" if row.similarity is None else f"{row.similarity:.3f}",
                f"{old.between:.3f} → {new.between:.3f}", f"{old.accuracy:.0%} → {new.accuracy:.0%}",
            ]
            for row, old, new in zip(stage_drift(before, self.tuned, images), *told, strict=True)
        ]  # fmt: skip
        return table(["stage", "weights moved", "similarity", "between classes", "nearest mean"], rows)


def inside_table(found: dict[str, Inside]) -> str:
    """A line a method: share on the object over its area with its 95 % interval, pointing game, blank maps.

    >>> print(inside_table(examination.inside()))
    """
    rows = []
    for method, one in found.items():
        share, pointing = one.share, one.pointing
        rows.append(
            [
                method,
                f"{share.mean:.2f} ({share.low:.2f} … {share.high:.2f})" if share else "–",
                f"{pointing.mean:.0%} ({one.pointing_chance:.0%})" if pointing else "–",
                str(one.num_blank),
                str(one.num_images),
            ]
        )
    return table(["method", "on the object ÷ its area", "pointing (chance)", "blank", "images"], rows)
