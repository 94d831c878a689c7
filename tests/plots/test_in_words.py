import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from transferlab.plots.in_words import in_words
from transferlab.plots.style import describe

matplotlib.use("Agg")


def test_what_somebody_wrote_comes_first():
    figure = Figure()
    ax = figure.subplots()
    ax.plot([1, 2], label="rate")
    describe(ax, "Two numbers, one twice the other.")
    assert in_words(figure) == "Two numbers, one twice the other."
    describe(figure, "A line.")
    assert in_words(figure) == "A line."


def test_lines_are_told_with_their_names_and_ends():
    figure = Figure()
    left, right = figure.subplots(1, 2)
    left.plot([0.125, 0.5, 0.87], label="frozen")
    left.plot([0.3, 0.4])
    left.axhline(1 / 8, label="guessing")
    left.set(title="new task", xlabel="epoch", ylabel="accuracy")
    right.axvline(0.003, label="valley")
    assert in_words(figure) == (
        "New task: accuracy against epoch. Frozen from 0.125 to 0.87; a line from 0.3 to 0.4; guessing at 0.125. "
        "Valley at 0.003."
    )


def test_a_path_in_a_plane_is_told_by_both_numbers():
    figure = Figure()
    ax = figure.subplots()
    ax.plot([0.74, 0.85], [0.988, 0.988], label="smaller below")
    ax.set(xlabel="new task", ylabel="old task")
    assert in_words(figure) == "Old task against new task. Smaller below from (0.74, 0.988) to (0.85, 0.988)."


def test_many_lines_are_counted_where_they_are_not_told():
    figure = Figure()
    ax = figure.subplots()
    for i in range(10):
        ax.plot([i, i + 1], label="run")
    assert in_words(figure).endswith("run from 7 to 8; and 2 more lines.")


def test_names_along_an_axis_are_told_by_the_first_and_the_last():
    figure = Figure()
    ax = figure.subplots()
    ax.plot([1200, 3400], label="cost")
    ax.set_xticks([0, 1], ["conv1", "fc"])
    ax.set_ylabel("numbers")
    assert in_words(figure) == "Numbers along conv1 to fc. Cost from 1,200 to 3,400."


@pytest.mark.parametrize(("count", "words"), [(1, "A picture: ant 0."), (3, "3 pictures: ant 0, ant 1, ant 2.")])
def test_pictures_are_counted_and_named(count, words):
    figure = Figure()
    for i, ax in enumerate(figure.subplots(1, count, squeeze=False)[0]):
        ax.imshow(np.zeros((2, 2)))
        ax.set_title(f"ant {i}")
    assert in_words(figure) == words


def test_a_long_row_names_a_dozen():
    figure = Figure()
    for ax in figure.subplots(1, 14):
        ax.imshow(np.zeros((2, 2)))
        ax.set_title("ant")
    assert in_words(figure) == f"14 pictures: {', '.join(['ant'] * 12)}, and 2 more."


def test_an_empty_figure_has_no_words():
    assert in_words(Figure()) == ""
