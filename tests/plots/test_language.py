"""Figures of a language model that learns another style say in words what they show."""

import math

from transferlab.language import recorded_adaptation
from transferlab.meters import mean_interval
from transferlab.plots.language import forgetting_within, perplexity_curves, style_front
from transferlab.plots.style import alternative_text
from transferlab.records import Epoch, Run


def run(style, source):
    epochs = tuple(
        Epoch(i, "all", None, None, math.log(a), 0.1, 0.5, {}, 10, 0.0, math.log(b))
        for i, (a, b) in enumerate(zip(style, source, strict=True))
    )
    return Run("lora", "small_gpt", "plays", ("a", "b"), 1, 1, 0, "cpu", {}, (), epochs)


def test_perplexities_are_drawn_and_said():
    figure = perplexity_curves({"LoRA": run((72, 25), (22, 31))})
    new, old = figure.axes
    assert [round(y) for y in new.lines[0].get_ydata()] == [72, 25]
    assert [round(y) for y in old.lines[0].get_ydata()] == [22, 31]
    assert "LoRA: new 72 to 25, old 22 to 31" in alternative_text(figure)


def test_the_front_has_a_point_for_every_way_at_its_means():
    rows = recorded_adaptation()["plays"]["rows"]
    ax = style_front(rows)
    low = [row for row in rows if row["arm"] == "everything at 1e-4"]
    assert len(low) == 5
    mean = mean_interval([row["style_after"] for row in low])[0]
    assert ax.lines[0].get_xdata()[0] == mean
    assert f"at 1e-4 new {mean:.1f}" in alternative_text(ax)


def test_forgetting_is_drawn_as_it_happened_at_the_means_over_seeds():
    rows = [
        {"arm": "everything at 1e-4", "source_before": 20.0, "within": [[0.5, 22.0], [1.0, 24.0]]},
        {"arm": "everything at 1e-4", "source_before": 20.0, "within": [[0.5, 24.0], [1.0, 26.0]]},
        {"arm": "LoRA at 1e-3", "source_before": 20.0, "within": [[0.5, 30.0], [1.0, 31.0]]},
    ]
    ax = forgetting_within(rows)
    assert [list(line.get_ydata()) for line in ax.lines] == [[20.0, 23.0, 25.0], [20.0, 30.0, 31.0]]
    assert "everything at 1e-4 from 20.0 to 25.0; LoRA at 1e-3 from 20.0 to 31.0" in alternative_text(ax)
