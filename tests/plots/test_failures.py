import pytest

from transferlab.plots.failures import contradiction, forgetting_map, gain_by_gap, subgroup_gaps
from transferlab.plots.style import alternative_text, new_axes


def test_the_gain_is_a_line_an_arm_with_means_and_intervals_in_points():
    shown = {"gaps": [0.0, 1.0], "gains": {"frozen − scratch": [[0.5, 0.6], [0.1, 0.2]], "probe": [[0.2], [0.1]]}}
    ax = gain_by_gap(shown)
    assert [line.get_label() for line in ax.containers] == ["frozen − scratch", "probe"]
    assert ax.containers[0].lines[0].get_ydata() == pytest.approx([55, 15])
    bars = ax.containers[0].lines[2][0].get_segments()
    # 12.706 · 0.0707 / √2 = 0.635 either way
    assert bars[0][:, 1] == pytest.approx([55 - 63.5, 55 + 63.5], abs=0.1)
    assert "frozen − scratch: +55, +15; probe: +20, +10" in alternative_text(ax)
    assert ax.get_xlabel() == "domain gap"


def test_accuracies_stand_by_question_and_arm_with_chance():
    shown = {
        "per_class": 20, "chance": 0.125,
        "accuracies": {"hue": {"all": [0.2, 0.3], "scratch": [0.5, 0.6]}, "kind": {"frozen": [0.9, 0.9]}},
    }  # fmt: skip
    ax = contradiction(shown)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["hue: all", "hue: scratch", "kind: frozen"]
    assert [float(one.lines[0].get_xdata()[0]) for one in ax.containers] == pytest.approx([25, 55, 90])
    assert ax.yaxis_inverted()
    assert "chance 12 %: hue all 25 %, hue scratch 55 %, kind frozen 90 %" in alternative_text(ax)
    assert "20 images a class" in ax.get_xlabel()


def test_the_map_holds_its_numbers():
    shown = {"rates": [1e-4, 1e-3], "steps": [3, 6], "forgotten": [[0.0, 0.1], [0.4, 0.75]]}
    ax = forgetting_map(shown)
    assert ax.images[0].get_array().tolist() == [[0.0, 0.1], [0.4, 0.75]]
    assert [text.get_text() for text in ax.texts] == ["0", "10", "40", "75"]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["0.0001", "0.001"]
    assert "after 3, 6 steps, by learning rate. at 0.0001: 0, 10; at 0.001: 40, 75." in alternative_text(ax)


def test_a_map_on_which_nothing_is_forgotten_is_drawn_too():
    ax = forgetting_map({"rates": [1e-4], "steps": [3], "forgotten": [[0.0]]})
    assert [text.get_text() for text in ax.texts] == ["0"]


def test_gaps_are_dots_with_a_line_at_nobody_served_worse():
    ax = subgroup_gaps({"gaps": {"biased source, frozen": [0.2, 0.3], "target, shortcut 0.9": [-0.1, 0.1]}})
    assert [float(one.lines[0].get_xdata()[0]) for one in ax.containers] == pytest.approx([25, 0])
    seeds = ax.collections[-1].get_offsets()
    assert seeds[:, 0].tolist() == pytest.approx([-10, 10])
    assert "biased source, frozen +25, target, shortcut 0.9 +0" in alternative_text(ax)


@pytest.mark.parametrize(
    ("draw", "shown"),
    [
        (gain_by_gap, {"gaps": [0.0, 1.0], "gains": {"a": [[0.1, 0.2], [0.1, 0.2]]}}),
        (contradiction, {"per_class": 5, "chance": 0.5, "accuracies": {"hue": {"all": [0.5, 0.5]}}}),
        (forgetting_map, {"rates": [1e-3], "steps": [3], "forgotten": [[0.5]]}),
        (subgroup_gaps, {"gaps": {"a": [0.1, 0.2]}}),
    ],
)
def test_each_draws_on_the_axes_that_it_is_given(draw, shown):
    ax = new_axes()
    assert draw(shown, ax) is ax
    assert ax.get_title()
    assert alternative_text(ax)
