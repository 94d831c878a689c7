"""Exercises of lesson 13: beyond pictures: text and sound."""

from typing import Any

from torch import nn

from transferlab.language import LastToken
from transferlab.learning import expect
from transferlab.learning.exercises import Exercise
from transferlab.records import Run

NAME = "13_beyond_pictures"
QUESTION = "You have 200 recordings of machines, healthy and broken, and no network for sounds. What do you try first?"
ANSWERS = {
    "A large network from random weights": (False, "On 200 recordings it learns them by heart."),
    "A frozen network for other sounds, or for pictures of them, with a new head": (
        True, "Cheap, and a measure for everything that comes after. Then look for a nearer source.",
    ),
    "Mirror every recording to have twice as many": (False, "A machine that runs backwards is another machine."),
}  # fmt: skip


def exercises() -> list[Exercise]:
    return [
        Exercise(
            "classifier",
            classifier,
            hints=(
                "`classifier = LastToken(load_language_model()[0])`, then two verbs of lesson 02.",
                "`tl.replace_head(classifier, 4)` and `tl.freeze(classifier)`.",
            ),
            solution_code=(
                "classifier = LastToken(load_language_model()[0])\n"
                "tl.replace_head(classifier, 4, seed=0)\n"
                "tl.freeze(classifier)"
            ),
            praise="The same two verbs as for the ResNet of lesson 02.",
        ),
        Exercise(
            "safe",
            safe,
            hints=(
                "Mirrored from left to right, a sound runs backwards. Cut out and stretched, it has another pitch.",
                "None is safe for all three questions: an empty tuple is written `()`.",
            ),
            solution_code="safe = ()",
            praise="`spectrograms` thinks so too: its sets have `label_safe=()`.",
        ),
        Exercise(
            "lead",
            lead,
            hints=(
                "An accuracy lies between 0 and 1; a hundred times that are points.",
                "`100 * (frozen_run.accuracy - scratch_run.accuracy)`.",
            ),
            solution_code="lead = 100 * (frozen_run.accuracy - scratch_run.accuracy)",
            praise="One seed each. The recorded run below has five.",
        ),
    ]


def classifier(classifier: nn.Module) -> None:
    expect.true(isinstance(classifier, LastToken), "`classifier` is to be a `LastToken(…)` around the language model.")
    model = classifier.model
    expect.true(
        isinstance(model, nn.Module), "`load_language_model()` gives back two things; LastToken takes the model alone."
    )
    head = classifier.get_submodule("model.head")
    outputs = getattr(head, "out_features", None)
    expect.true(outputs == 4, f"The head has {outputs} outputs; there are four classes: `tl.replace_head(…, 4)`.")
    learning = {name.split(".")[1] for name, one in classifier.named_parameters() if one.requires_grad}
    expect.true(
        "head" in learning, "The new head is frozen too. Freeze what is in front of it: `tl.freeze(classifier)`."
    )
    expect.true(learning == {"head"}, "More than the head learns: `tl.freeze(classifier)`.")


def safe(safe: Any) -> None:
    if isinstance(safe, str):
        raise expect.Unmet("A tuple of names, please, even of one: `(…,)`.")
    expect.true(isinstance(safe, tuple | list | set), f"`safe` is a tuple; it is {safe!r}.")
    unknown = [one for one in safe if one not in ("crop", "flip")]
    expect.true(
        not unknown, f"There is no augmentation {unknown[0] if unknown else ''!r}; there are 'crop' and 'flip'."
    )
    expect.true("flip" not in safe, "Mirrored, a plucked string swells and stops at once: is it still plucked?")
    expect.true("crop" not in safe, "A crop that is stretched again has another pitch. Is the note still the same?")


def lead(lead: float, frozen_run: Run, scratch_run: Run) -> None:
    expect.number(lead, "lead", -100, 100)
    true = frozen_run.accuracy - scratch_run.accuracy
    if abs(true) > 0.001 and abs(lead - true) < 1e-6:
        raise expect.Unmet("In points of a hundred, please: a hundred times that.")
    if abs(true) > 0.001 and abs(lead + 100 * true) < 1e-6:
        raise expect.Unmet("The sign is turned: the frozen one first.")
    expect.close(lead, 100 * true, 0.06, "lead")
