import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.explain.edges import filter_report
from transferlab.explain.filters import filter_grid, first_kernels
from transferlab.plots.kernels import (
    colour_opponency,
    edge_likeness,
    filters_figure,
    fitted_kernels,
    kernel_figure,
    kernel_grid,
)
from transferlab.plots.style import alternative_text


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return SmallResNet(3, width=8)


@pytest.fixture(scope="module")
def report(model):
    return filter_report(model, num_random=2)


def test_the_picture_is_the_grid(model):
    kernels = first_kernels(model)
    ax = kernel_grid(kernels, "mine")
    assert torch.equal(torch.from_numpy(ax.images[0].get_array().data.copy()).permute(2, 0, 1), filter_grid(kernels))
    assert alternative_text(ax) == "8 first-layer kernels of 7 by 7 weights as colour pictures, mine."


def test_networks_stand_side_by_side_with_their_shares(model):
    figure = kernel_figure({"mine": model, "given": first_kernels(model)})
    assert [ax.get_title().split("\n")[0] for ax in figure.axes] == ["mine", "given"]
    assert alternative_text(figure).startswith("First-layer kernels side by side")
    with pytest.raises(ValueError, match="you gave none"):
        kernel_figure({})


def test_the_most_edge_like_come_first_with_what_is_explained(model, report):
    ax = fitted_kernels(report.kernels, count=3)
    shown = [float(label.get_text().rstrip("%")) / 100 for label in ax.get_xticklabels()]
    expected = report.measures.edge.sort(descending=True).values[:3].tolist()
    assert shown == pytest.approx(expected, abs=0.006)


def test_dots_lie_where_they_were_measured(report):
    ax = edge_likeness(report)
    dots = sorted(tuple(dot) for part in ax.collections for dot in part.get_offsets().tolist())
    everything = [report.measures, *report.random]
    expected = sorted((x, y) for one in everything for x, y in zip(one.limit.tolist(), one.edge.tolist(), strict=True))
    assert len(dots) == 3 * 8
    torch.testing.assert_close(torch.tensor(dots), torch.tensor(expected))
    assert f"median {report.measures.edge.median():.2f}" in alternative_text(ax)


def test_the_histograms_are_in_percent(report):
    ax = colour_opponency(report)
    heights = sum(patch.get_height() for patch in ax.patches if isinstance(patch, Rectangle))
    assert heights == pytest.approx(100, abs=1e-3)
    assert f"{report.measures.opponency.median():.2f}" in alternative_text(ax)


def test_an_axes_given_is_the_axes_returned(report):
    for draw in (edge_likeness, colour_opponency):
        ax = Figure().subplots()
        assert draw(report, ax=ax) is ax
    for draw in (kernel_grid, fitted_kernels):
        ax = Figure().subplots()
        assert draw(report.kernels, ax=ax) is ax
    figure = Figure()
    assert kernel_figure({"a": report.kernels}, figure) is figure


def test_the_figure_of_a_report_has_all_of_it(report):
    figure = filters_figure(report)
    assert len(figure.axes) == 4
    assert f"{report.measures.share:.0%} edge-like" in figure.axes[0].get_title()
    assert report.layer in alternative_text(figure)
