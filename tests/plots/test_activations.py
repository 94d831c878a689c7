import pytest
import torch
from matplotlib.figure import Figure

from tests.explain.watched import colours_net
from transferlab.data.images import ImageSet
from transferlab.explain.activations import DeadChannels, TellingChannels, channel_maps
from transferlab.explain.exciting import exciting_patches
from transferlab.explain.maximisation import maximise
from transferlab.plots.activations import (
    activation_figure,
    channel_map_sheet,
    dead_bars,
    maximised_sheet,
    patch_row,
    patch_sheet,
    telling_dots,
)
from transferlab.plots.style import alternative_text


@pytest.fixture(scope="module")
def images():
    pixels = torch.randint(0, 256, (6, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    return ImageSet(pixels, torch.tensor([0, 1] * 3), ("a", "b"))


@pytest.fixture(scope="module")
def patches(images):
    return exciting_patches(colours_net(), images, "0", count=3)


@pytest.fixture
def telling():
    return TellingChannels(
        "layer3", "bee", "ant", torch.tensor([7, 2, 0]), torch.tensor([2.0, -1.5, 0.25]), torch.zeros(5, 3),
        torch.zeros(4, 3), 1.0,
    )  # fmt: skip


def test_maps_go_from_black_to_white_each(images):
    maps = channel_maps(colours_net(), images.images[0], "0")
    ax = channel_map_sheet(maps, channels=[0, 3])
    picture = ax.images[0].get_array()
    assert (picture.min(), picture.max()) == (0, 255)
    assert [text.get_text() for text in ax.texts] == ["0", "3"]
    assert alternative_text(ax).endswith("4 by 4 places; the same at every place: 3.")
    with pytest.raises(ValueError, match="channels 0 to 3; you asked for"):
        channel_map_sheet(maps, [4])
    with pytest.raises(ValueError, match=r"maps \(C, h, w\)"):
        channel_map_sheet(maps[0])


def test_boxes_lie_where_the_patches_are(images, patches):
    ax = patch_row(patches, images, 0)
    scale, gap = 12, 2  # 96 // 8
    boxes = [box for box in ax.patches if box.get_edgecolor()[0] == 1.0]
    for j, (box, one) in enumerate(zip(boxes, patches.channels[0], strict=True)):
        top, left, bottom, right = one.core
        assert box.get_x() == gap + j * (8 * scale + gap) + left * scale - 0.5
        assert box.get_y() == gap + top * scale - 0.5
        assert (box.get_width(), box.get_height()) == ((right - left) * scale, (bottom - top) * scale)


def test_rows_are_channels_and_the_same_images_are_asked_for(images, patches):
    ax = patch_sheet(patches, images)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["channel 0", "channel 1", "channel 2"]
    with pytest.raises(ValueError, match="of 6 images, and these are 2"):
        patch_sheet(patches, images.subset([0, 1]))
    with pytest.raises(ValueError, match="Channel 9 was not searched; these were: 0, 1, 2, 3"):
        patch_row(patches, images, 9)
    assert "channel 3 not at all" in alternative_text(patch_row(patches, images, 3))


def test_pictures_are_named_with_what_they_excite():
    made = maximise(colours_net(), "0", [0, 3], size=16, steps=2, progress=False)
    ax = maximised_sheet(made)
    assert [text.get_text() for text in ax.texts] == [f"0: {made.before[0]:.1f} → {made.after[0]:.1f}", "3: silent"]
    assert "2 pictures for channels of '0' after 2 steps" in alternative_text(ax)


def test_telling_channels_are_dots_at_their_d(telling):
    ax = telling_dots(telling)
    assert [line.get_xdata()[-1] for line in ax.lines if line.get_marker() != "None"] == [2.0, -1.5, 0.25]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["7", "2", "0"]
    assert "channel 7 +2.0; channel 2 -1.5" in alternative_text(ax)
    assert "Shuffled labels reach 1.0; 2 of 3 channels" in alternative_text(ax)


def test_bars_of_dead_channels():
    found = [DeadChannels("layer1", 8, 20, (1, 2), (1, 2)), DeadChannels("layer2", 16, 20, (), ())]
    ax = dead_bars(found)
    assert [bar.get_width() for bar in ax.patches] == [25.0, 0.0]
    assert alternative_text(ax) == "Channels that never vary on 20 images: layer1 2 of 8, layer2 0 of 16."
    with pytest.raises(ValueError, match="you gave none"):
        dead_bars([])


def test_an_axes_given_is_the_axes_returned(images, patches, telling):
    maps = channel_maps(colours_net(), images.images[0], "0")
    made = maximise(colours_net(), "0", 0, size=16, steps=0, progress=False)
    for draw in (
        lambda ax: channel_map_sheet(maps, ax=ax), lambda ax: patch_row(patches, images, 0, ax=ax),
        lambda ax: patch_sheet(patches, images, ax=ax), lambda ax: maximised_sheet(made, ax=ax),
        lambda ax: telling_dots(telling, ax=ax), lambda ax: dead_bars([DeadChannels("a", 2, 1, (), ())], ax=ax),
    ):  # fmt: skip
        ax = Figure().subplots()
        assert draw(ax) is ax
        assert alternative_text(ax)
    figure = Figure()
    assert activation_figure(images.images[0], [("0", maps)], figure=figure) is figure
    assert "0 (4 channels)" in alternative_text(figure)
