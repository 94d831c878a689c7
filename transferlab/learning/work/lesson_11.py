"""Exercises of lesson 11: your own images."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from transferlab.backbones import load
from transferlab.backbones.card import card_of
from transferlab.data.images import Splits
from transferlab.inference import predict
from transferlab.learning import expect
from transferlab.learning.exercises import Exercise
from transferlab.records import Run

NAME = "11_your_own_images"
QUESTION = "Ninety-five percent on forty held-out pictures. What do you tell the people who will use it?"
ANSWERS = {
    "It is right 95 times in 100": (False, "Forty pictures: the interval goes from about 84 to 99."),
    "The number, on how many pictures, and which pictures these were": (True, "So that they can judge it themselves."),
    "Nothing, the file speaks for itself": (False, "A file cannot say what it was not made for."),
}


def exercises() -> list[Exercise]:
    return [
        Exercise(
            "mine",
            mine,
            hints=(
                "One call, with the folder as its argument.",
                "`mine = tl.folder_splits(FOLDER)`. Other shares: `held_out=0.3`.",
            ),
            solution_code="mine = tl.folder_splits(FOLDER)",
            praise="Training pictures and held-out ones. The second are not touched until the end.",
        ),
        Exercise(
            "train",
            trained,
            hints=(
                'A network with a head for your classes: `tl.load("bundled", num_classes=mine.train.num_classes)`.',
                "`tl.train(my_model, mine, advice.recipe)`, or a recipe of your own.",
            ),
            solution_code=(
                'my_model = tl.load("bundled", num_classes=mine.train.num_classes)\n'
                "my_run = tl.train(my_model, mine, tl.fine_tuning(epochs=EPOCHS, head_epochs=EPOCHS), progress=False)"
            ),
            praise="Trained. How well, the next cells say, class by class.",
            made_from={"my_run": ("mine",)},
        ),
        Exercise(
            "export",
            export,
            hints=(
                "`tl.save` gives the path back.",
                '`path = tl.save(my_model, "my_model.safetensors", class_names=mine.train.class_names)`.',
            ),
            solution_code='path = tl.save(my_model, "my_model.safetensors", class_names=mine.train.class_names)',
            praise="Loaded again, it gives the same answers to every held-out picture.",
            made_from={"path": ("my_model",)},
        ),
    ]


def mine(mine: Splits) -> None:
    expect.a(mine, Splits, "mine")
    expect.true(mine.train.num_classes >= 2, "There is one class only. Two folders or more are needed.")
    expect.true(
        min(mine.train.counts().values()) >= 2,
        "A class has fewer than two pictures to learn from. Add some, or leave the class out.",
    )


def trained(my_model: nn.Module, my_run: Run, mine: Splits) -> None:
    expect.a(my_run, Run, "my_run")
    expect.outputs(my_model, mine.train.num_classes, "my_model")
    expect.true(
        tuple(my_run.class_names) == tuple(mine.train.class_names), "`my_run` was trained on other classes than `mine`."
    )
    expect.true(
        my_run.settings["starts_from"] == "pretrained",
        "`my_run` began with random weights. Start from the pretrained ones.",
    )
    expect.finite(my_model, "my_model")
    right = float((predict(my_model, mine.held_out).argmax(1) == mine.held_out.labels).float().mean())
    expect.true(
        abs(right - my_run.accuracy) < 1e-3,
        f"`my_run` ended at {my_run.accuracy:.0%}, and `my_model` answers {right:.0%} rightly: is it another model?",
    )


def export(path: Any, my_model: nn.Module, mine: Splits) -> None:
    expect.true(isinstance(path, str | Path), f"`path` is the path of a file; it is {path!r}.")
    file = Path(path)
    expect.true(file.suffix == ".safetensors", f"'{file}' is no .safetensors file.")
    expect.true(file.is_file(), f"There is no file '{file}'. Did `tl.save` run?")
    try:
        again = load(file)
    except ValueError as error:
        raise expect.Unmet(str(error)) from error
    card = card_of(again)
    expect.true(
        card is not None and tuple(card.class_names) == tuple(mine.train.class_names),
        "The file does not know the names of the classes: give `class_names=mine.train.class_names`.",
    )
    expect.true(
        torch.allclose(predict(again, mine.held_out), predict(my_model, mine.held_out), atol=1e-3),
        "The file gives other answers than `my_model`. Was it saved before the training?",
    )
