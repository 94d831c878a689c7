import pytest
import torch

from tests.explain.checks.planted import edges
from transferlab.explain.checks.deletion import Removal
from transferlab.explain.checks.estimate import Estimate
from transferlab.explain.checks.randomisation import Randomisation, Step
from transferlab.explain.checks.verdict import Verdict
from transferlab.plots.checks import (
    randomisation_curves,
    randomisation_strip,
    removal_curves,
    verdict_axes,
    verdict_figure,
)
from transferlab.plots.style import alternative_text

MAPS = torch.arange(32.0).view(2, 4, 4) - 8


def step(stage, value, maps=MAPS):
    similarity = None if value is None else Estimate(value, value - 0.1, value + 0.1, 2)
    return Step(stage, similarity, similarity, None, 4, 0, maps)


PIXELS = torch.zeros(2, 3, 4, 4, dtype=torch.uint8)
STEPS = (step("fc", 0.75), step("conv1", -0.25, torch.zeros_like(MAPS)))
RANDOMISED = Randomisation("grad_cam", MAPS, PIXELS, STEPS, "fc", 1, 0)


def removal(kind):
    shares = torch.tensor([0.0, 0.5, 1.0])
    curves, chance = torch.tensor([[1.0, 0.2, 0.0], [0.8, 0.0, 0.0]]), torch.tensor([[1.0, 0.5, 0.0], [0.8, 0.4, 0.0]])
    areas = [Estimate(value, value - 0.1, value + 0.1, 2) for value in (0.28, 0.45, 0.17)]
    return Removal(kind, shares, curves, chance, *areas, 0)


VERDICT = Verdict(
    "grad_cam", "trust", (), (), 8, 0, RANDOMISED, removal("deletion"), removal("insertion"), maps=MAPS
)  # fmt: skip
FAILED = Verdict(edges.__name__, "fails", ("survives randomisation",), (), 8)


def axes():
    from matplotlib.figure import Figure

    return Figure().subplots()


def words(ax):
    return [text.get_text() for text in ax.texts]


def test_every_axes_given_is_the_one_returned_with_a_text_for_who_cannot_see_it():
    for draw, given in (
        (randomisation_strip, RANDOMISED), (randomisation_curves, [RANDOMISED]), (removal_curves, removal("deletion")),
        (verdict_axes, [VERDICT, FAILED]),
    ):  # fmt: skip
        ax = axes()
        assert draw(given, ax=ax) is ax
        assert len(alternative_text(ax)) > 40
        assert draw(given).figure is not ax.figure


def test_the_strip_has_the_picture_every_map_and_the_similarity_below():
    ax = randomisation_strip(RANDOMISED, image=1)
    assert len(ax.images) == 4
    for word in ("trained", "fc", "… conv1", "0.75", "−0.25", "blank"):
        assert word in words(ax)
    assert "conv1 −0.25" in alternative_text(ax)
    with pytest.raises(ValueError, match="No image 2: 2 were looked at"):
        randomisation_strip(RANDOMISED, image=2)


def test_curves_of_the_cascade_start_at_one_and_end_with_name_and_value():
    ax = randomisation_curves([RANDOMISED])
    assert ax.lines[0].get_ydata().tolist() == [1, 0.75, -0.25]
    assert "Grad-CAM −0.25" in words(ax)
    assert [text.get_text() for text in ax.get_xticklabels()] == ["nothing", "fc", "conv1"]


def test_curves_of_removal_are_means_in_percent_with_their_areas():
    ax = removal_curves(removal("deletion"), "grad_cam")
    assert ax.lines[0].get_ydata().tolist() == pytest.approx([90, 10, 0])
    assert ax.lines[1].get_ydata().tolist() == pytest.approx([90, 45, 0])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["Grad-CAM: area 0.28", "chance: area 0.45"]
    assert "0.17" in ax.get_title()
    with pytest.raises(ValueError, match="All maps are blank"):
        removal_curves(Removal("deletion", torch.zeros(2), torch.zeros(0, 2), torch.zeros(0, 2), None, None, None, 4))


def test_the_table_has_marks_words_and_reasons():
    ax = verdict_axes([VERDICT, FAILED])
    for word in ("✓", "trust", "✗", "fails", "survives randomisation", "Grad-CAM", "edges", "−0.25", "+0.17"):
        assert word in words(ax)
    assert "edges fails: survives randomisation" in alternative_text(ax)


def test_one_figure_for_one_method(tmp_path):
    figure = verdict_figure(VERDICT)
    assert len(figure.axes) == 3
    assert "Grad-CAM: trust" in alternative_text(figure)
    figure.savefig(tmp_path / "one.png")
    with pytest.raises(ValueError, match="with these three checks"):
        verdict_figure(FAILED)
