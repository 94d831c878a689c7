"""Exercises of lesson 02: feature extraction."""

from torch import nn

from transferlab.learning import expect
from transferlab.learning.exercises import Exercise
from transferlab.records import Run

NAME = "02_feature_extraction"
QUESTION = (
    "You set requires_grad = False everywhere below the head, call model.train(), and train. What still changes there?"
)
ANSWERS = {
    "Nothing": (False, "Look at the cell with the noise: tensors moved without any gradient."),
    "BatchNorm's running mean and variance": (True, "They are buffers, written in the forward pass."),
    "The convolutions, a little": (False, "Without a gradient no optimizer moves them."),
}


def exercises() -> list[Exercise]:
    return [
        Exercise(
            "frozen",
            frozen,
            hints=(
                "Two things must happen: the last layer is exchanged, and everything below it is frozen.",
                "`tl.replace_head(model, number)` puts a new head on. `tl.freeze(model)` freezes all but the head, and "
                "keeps BatchNorm still as well.",
                "The number of classes is `data.train.num_classes`.",
            ),
            solution_code=(
                'frozen = tl.load("bundled")\ntl.replace_head(frozen, data.train.num_classes)\ntl.freeze(frozen)'
            ),
            praise="A new head, and below it nothing moves, BatchNorm's statistics included.",
        ),
        Exercise(
            "share",
            share,
            hints=(
                "Count numbers, not tensors: `p.numel()` is how many numbers a parameter holds.",
                "Only those count that train: `p.requires_grad` says which.",
            ),
            solution_code=(
                "trained = sum(p.numel() for p in frozen.parameters() if p.requires_grad)\n"
                "share = trained / sum(p.numel() for p in frozen.parameters())"
            ),
            praise="Less than one number in a thousand learns. The others only answer.",
        ),
        Exercise(
            "elsewhere",
            elsewhere,
            hints=(
                'The targets are "satellite", "tissue", "defects" and "thermal": `tl.worlds.target("tissue", …)`.',
                'A fresh model, a new head for these classes, then `tl.train(model, pictures, "feature_extraction")`.',
            ),
            solution_code=(
                'pictures = tl.worlds.target("tissue", per_class=PER_CLASS)\n'
                'other = tl.load("bundled")\n'
                "tl.replace_head(other, pictures.train.num_classes)\n"
                'other_run = tl.train(other, pictures, "feature_extraction", progress=False)\n'
                'print(f"{other_run.accuracy:.0%}")'
            ),
            praise="The same features, never trained on such pictures, and only a head is new.",
        ),
    ]


def frozen(frozen: nn.Module, data: object) -> None:
    expect.outputs(frozen, data.train.num_classes, "frozen")  # type: ignore[attr-defined]
    expect.frozen(frozen)
    expect.trains(frozen, "fc")


def share(share: float, frozen: nn.Module) -> None:
    expect.number(share, "share", 0, 1)
    counted = [p.numel() for p in frozen.parameters() if p.requires_grad]
    whole = sum(p.numel() for p in frozen.parameters())
    tensors = len(counted) / len(list(frozen.parameters()))
    expect.true(abs(share - tensors) > 1e-9, "That counts tensors. A tensor holds many numbers: count those.")
    expect.true(share < 1, "`share` is 1: every number is counted as trained. Only those that ask for a gradient are.")
    expect.close(share, sum(counted) / whole, 1e-6, "share")


def elsewhere(other_run: Run) -> None:
    expect.a(other_run, Run, "other_run")
    expect.true(other_run.recipe == "feature_extraction", f"`other_run` was trained by {other_run.recipe!r}.")
    expect.true("objects" not in other_run.data, "These are still the objects of before. Choose other pictures.")
    expect.true(
        other_run.accuracy > 1.5 / len(other_run.class_names),
        "That is hardly better than guessing. Did the pretrained weights go in?",
    )
