import torch
from matplotlib.figure import Figure

from transferlab.plots.maps import POSITIVE, SIGNED, attribution_overlay
from transferlab.plots.style import alternative_text

IMAGE = torch.full((3, 8, 8), 200, dtype=torch.uint8)


def spot(value=1.0):
    values = torch.zeros(8, 8)
    values[2, 5] = value
    return values


def test_the_axes_given_comes_back_with_picture_and_map():
    ax = Figure().subplots()
    assert attribution_overlay(IMAGE, spot(), ax=ax, title="bee") is ax
    picture, drawn = ax.images
    assert picture.get_cmap().name == "gray"
    assert drawn.get_cmap().name == POSITIVE
    assert drawn.get_array()[2, 5] == 1
    assert ax.get_title() == "bee"
    assert "row 2, column 5" in alternative_text(ax)


def test_maps_with_both_signs_have_another_scale_around_nothing():
    drawn = attribution_overlay(IMAGE, spot() - 0.5 * spot().flip(0)).images[1]
    assert drawn.get_cmap().name == SIGNED
    assert drawn.get_clim() == (-1, 1)


def test_a_common_scale_is_kept():
    drawn = attribution_overlay(IMAGE, spot(2.0), scale=4.0).images[1]
    assert drawn.get_array()[2, 5] == 0.5


def test_nothing_is_drawn_where_there_is_nothing():
    ax = attribution_overlay(IMAGE, torch.zeros(8, 8), blank="the gradient is zero", title="bee")
    assert len(ax.images) == 1
    assert "the gradient is zero" in ax.texts[0].get_text().replace("\n", " ")
    assert "the gradient is zero" in alternative_text(ax)
    assert len(attribution_overlay(IMAGE, torch.zeros(8, 8)).images) == 1


def test_the_true_mask_is_outlined_if_there_is_one():
    mask = torch.zeros(8, 8, dtype=torch.bool)
    assert len(attribution_overlay(IMAGE, spot(), outline=mask).collections) == 0
    mask[2:5, 2:5] = True
    assert len(attribution_overlay(IMAGE, spot(), outline=mask).collections) > 0
