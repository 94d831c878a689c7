import dataclasses

import pytest
import torch

from transferlab.explain import Attribution
from transferlab.explain.compare import Answer, Comparison
from transferlab.plots.compare import comparison_figure, comparison_panel
from transferlab.plots.style import alternative_text


@pytest.fixture
def comparison():
    """Two images, three models; the second map of "b" is blank, and "c" explains another class than it chose."""
    maps = torch.zeros(2, 8, 8)
    maps[:, 2, 5] = torch.tensor([1.0, 4.0])
    maps[:, 3, :] = 0.5
    bee, ant = Answer("bee", 0.75, "bee", 0.75), Answer("ant", 0.6, "bee", 0.3)
    targets = torch.zeros(2, dtype=torch.int64)
    seen = Attribution(maps, targets, "grad_cam", "layer3", (None, None))
    blank = Attribution(
        maps * torch.tensor([1.0, 0.0])[:, None, None], targets, "grad_cam", "layer3", (None, "no gradient")
    )
    images = torch.randint(0, 255, (2, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    return Comparison(
        images, ("bee", "wasp"), {"a": seen, "b": blank, "c": seen}, {"a": (bee, bee), "b": (bee, bee), "c": (ant, ant)}
    )


def test_rows_are_images_and_columns_models(comparison, tmp_path):
    figure = comparison_figure(comparison)
    panels = figure.axes[:8]  # the ninth is the colour bar
    assert [ax.get_title() for ax in panels] == ["picture", "a", "b", "c", "", "", "", ""]
    assert [ax.get_xlabel() for ax in panels[:4]] == ["is: bee", "bee 75% ✓", "bee 75% ✓", "ant 60%\nmap: bee 30%"]
    assert panels[5].get_xlabel() == "bee 75%"  # it is a wasp
    assert "no gradient" in panels[6].texts[0].get_text()
    assert "each panel by its own" in figure.axes[8].get_xlabel()
    text = alternative_text(figure)
    assert "Image 0 (bee): a answers bee (75%), strongest at row 2, column 5 of 8×8." in text
    assert "b answers bee (75%), blank since no gradient." in text
    figure.savefig(tmp_path / "comparison.png")


def test_a_shared_scale_is_said_and_used(comparison):
    weaker = dataclasses.replace(comparison.attributions["a"], maps=comparison.attributions["a"].maps / 10)
    both = {"a": comparison.attributions["a"], "b": weaker}
    pair = dataclasses.replace(comparison, attributions=both)
    own, shared = (comparison_figure(pair, scale) for scale in ("panel", "row"))
    strongest = [[float(abs(ax.images[1].get_array()).max()) for ax in one.axes[1:3]] for one in (own, shared)]
    assert strongest[0] == pytest.approx([1, 1])
    assert strongest[1][1] < 0.3
    assert "one scale for each image" in shared.axes[-1].get_xlabel()
    with pytest.raises(ValueError, match=r"No scale 'rows'.*Did you mean 'row'"):
        comparison_figure(pair, "rows")


def test_a_signed_map_says_what_its_two_colours_mean(comparison):
    signed = dataclasses.replace(comparison.attributions["a"], maps=comparison.attributions["a"].maps - 0.25)
    figure = comparison_figure(dataclasses.replace(comparison, attributions={"a": signed}))
    labels = [text.get_text() for text in figure.axes[-1].get_xticklabels()]
    assert labels == ["against the class", "for the class"]


def test_one_panel_on_an_axes_given(comparison):
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    assert comparison_panel(comparison, "c", 1, ax=ax) is ax
    assert ax.get_title() == "c"
    assert "c, image 1: answers ant (60%), map for bee (30%)" in alternative_text(ax)
    with pytest.raises(ValueError, match="No model 'd'"):
        comparison_panel(comparison, "d")
    with pytest.raises(ValueError, match="No image 2: the comparison has 2"):
        comparison_panel(comparison, "a", 2)


def test_normalised_images_are_drawn_too(comparison):
    floats = dataclasses.replace(comparison, images=torch.randn(2, 3, 8, 8), labels=None)
    ax = comparison_figure(floats).axes[0]
    assert 0 <= ax.images[0].get_array().min() <= ax.images[0].get_array().max() <= 1
    assert ax.get_xlabel() == "image 0"
