"""Exercises of lesson 00: your first transfer."""

from transferlab.learning import expect
from transferlab.learning.exercises import Exercise
from transferlab.records import Run

NAME = "00_first_transfer"
QUESTION = "What did the new task take over from the old one?"
ANSWERS = {
    "The answers: it knows these eight things already": (False, "Its 232 old classes are others; the head is new."),
    "The features: what the layers below the head compute": (True, "They were trained once, on other pictures."),
    "The pictures it was trained on": (False, "They are not in the package, and nobody looked at them again."),
}


def exercises() -> list[Exercise]:
    return [
        Exercise(
            "scratch",
            scratch,
            hints=(
                "Two lines: make the network, then train it. The head has the right size at once, by `num_classes=`.",
                'The network: `fresh = tl.load("bundled", num_classes=data.train.num_classes, pretrained=False)`.',
            ),
            solution_code=(
                'fresh = tl.load("bundled", num_classes=data.train.num_classes, pretrained=False)\n'
                "scratch_run = tl.train(fresh, data, tl.from_scratch(epochs=EPOCHS))"
            ),
            praise="The same layers, the same pictures, and no past.",
        ),
        Exercise(
            "gain",
            gain,
            hints=(
                "A Run knows how well it ended: `run.accuracy`, between 0 and 1.",
                "The pretrained run's accuracy minus the other one's.",
            ),
            solution_code="gain = run.accuracy - scratch_run.accuracy",
            praise="That many of a hundred pictures more are told apart, times a hundred.",
            made_from={"gain": ("run", "scratch_run")},
        ),
    ]


def scratch(scratch_run: Run) -> None:
    expect.a(scratch_run, Run, "scratch_run")
    expect.true(
        scratch_run.recipe == "from_scratch",
        f"`scratch_run` was trained by {scratch_run.recipe!r}. The recipe is `tl.from_scratch(epochs=EPOCHS)`.",
    )
    expect.true(len(scratch_run.class_names) == 8, "Train on the same eight classes: `data`.")


def gain(gain: float, run: Run, scratch_run: Run) -> None:
    expect.number(gain, "gain", -1, 1)
    difference = run.accuracy - scratch_run.accuracy
    if abs(difference) > 1e-6:
        expect.true(abs(gain + difference) > 1e-6, "The other way round: the pretrained network first.")
    expect.close(gain, difference, 1e-6, "gain")
