import dataclasses

import numpy as np
import pytest
import torch

from tests.test_records import make_run
from transferlab.lr_find import LRCurve
from transferlab.plots import (
    accuracy_curves,
    contact_sheet,
    forgetting_curves,
    lr_curves,
    run_figure,
    save_figure,
    tile,
)
from transferlab.records import Measurement


def test_curves_show_the_values_of_the_run_in_percent():
    ax = accuracy_curves([make_run()])
    assert ax.lines[0].get_ydata().tolist() == [50.0, 75.0, 87.5]
    assert any("fine-tuning 88 %" in text.get_text() for text in ax.texts)
    assert forgetting_curves([make_run()]).lines[0].get_ydata().tolist() == [95.0, 90.0, 80.0]


def test_a_run_with_nothing_to_forget_is_left_out_and_said_so():
    epochs = tuple(dataclasses.replace(epoch, source_accuracy=None) for epoch in make_run().epochs)
    ax = forgetting_curves([make_run(epochs=epochs, source_kind=None)])
    assert len(ax.lines) == 0
    assert "no source task" in ax.texts[0].get_text()


def test_an_axes_given_is_the_axes_returned():
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    assert accuracy_curves([make_run()], ax=ax) is ax
    assert forgetting_curves([make_run()], ax=ax) is ax


def test_labels_of_lines_that_end_together_do_not_overlap():
    runs = [make_run(recipe=name) for name in ("fine_tuning", "feature_extraction", "from_scratch")]
    heights = [text.xyann[1] for text in accuracy_curves(runs).texts if hasattr(text, "xyann")]
    assert np.diff(sorted(heights)).min() >= 6


def test_labels_of_lines_at_the_top_stay_below_the_title():
    epochs = tuple(dataclasses.replace(epoch, held_out_accuracy=0.99) for epoch in make_run().epochs)
    runs = [make_run(recipe=name, epochs=epochs) for name in ("fine_tuning", "feature_extraction", "from_scratch")]
    heights = sorted(text.xyann[1] for text in accuracy_curves(runs).texts if hasattr(text, "xyann"))
    assert heights[-1] <= 98
    assert np.diff(heights).min() >= 6


def test_the_figure_is_written_as_png(tmp_path):
    path = save_figure(run_figure([make_run()]), tmp_path / "curves.png")
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert [file.name for file in tmp_path.iterdir()] == ["curves.png"]


def test_tile_by_hand():
    images = torch.arange(3, dtype=torch.uint8).view(3, 1, 1, 1).expand(3, 3, 2, 2)
    sheet = tile(images, columns=2, gap=1)
    assert sheet.shape == (3, 7, 7)
    assert sheet[0, 1, 1] == 0
    assert sheet[0, 1, 4] == 1
    assert sheet[0, 4, 1] == 2
    assert sheet[0, 4, 4] == 255  # the fourth place is empty
    assert tile(images, columns=2, gap=0, scale=3).shape == (3, 12, 12)


def test_a_contact_sheet_has_a_row_a_class(two_colours):
    ax = contact_sheet(two_colours.train, columns=4)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["red", "blue"]
    picture = ax.images[0].get_array()
    assert picture.shape == (2 * 34 + 2, 4 * 34 + 2, 3)
    assert picture[3:33, 3:33, 0].mean() > picture[3:33, 3:33, 2].mean()


def test_importing_plots_does_not_import_matplotlib():
    import subprocess
    import sys

    subprocess.run(
        [sys.executable, "-c", "import transferlab.plots, sys; assert 'matplotlib' not in sys.modules"], check=True
    )


@pytest.mark.parametrize("count", [1, 5])
def test_a_sheet_of_few_images_is_filled_with_white(two_colours, count):
    ax = contact_sheet(two_colours.train.subset(range(2)), columns=count)
    assert ax.images[0].get_array().shape[1] == count * 34 + 2


def test_measurements_within_the_epochs_are_dots_where_they_were_made():
    measured = (
        Measurement(1, 0.25, None, 1.0, 8),
        Measurement(2, 0.5, 0.7, None, 0),
        Measurement(3, 0.75, None, 0.6, 8),
    )
    ax = forgetting_curves([make_run(measurements=measured)])
    assert ax.collections[0].get_offsets().tolist() == [[0.25, 100.0], [0.75, 60.0]]


def test_lr_curves_show_each_repeat_the_band_and_the_valley():
    curve = LRCurve((1e-4, 1e-3, 1e-2, 1e-1), ((4.0, 3.0, 2.0, 9.0), (4.0, 3.0, 9.0, float("nan"))), "fc")
    ax = lr_curves(curve)
    assert [line.get_xdata()[0] for line in ax.lines] == [1e-4, 1e-4, 1e-3]
    assert "'fc'" in ax.get_title()
