import math
from itertools import pairwise

import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from tests.experiments.curves import table
from tests.experiments.test_budget_curves import FOUR
from transferlab.experiments.budget_curves import read_curve
from transferlab.plots import COLOURS, alternative_text
from transferlab.plots.budget import budget_axes


def drawn(accuracies=FOUR, ax=None):
    return budget_axes(read_curve(table(accuracies)).to_plain(), ax)


def line(ax, label):
    (found,) = (one for one in ax.lines if one.get_label() == label)
    return found


def texts(ax):
    return [one.get_text() for one in ax.texts]


def test_a_line_is_an_arms_means_in_percent_over_the_budgets():
    ax = drawn()
    assert ax.get_xscale() == "log"
    assert list(line(ax, "all").get_xdata()) == [5, 50, 500]
    assert list(line(ax, "all").get_ydata()) == pytest.approx([100 * sum(one) / 3 for one in FOUR["all"].values()])
    assert [to_hex(line(ax, arm).get_color()).upper() for arm in FOUR] == list(COLOURS[:4])


def test_a_band_is_the_interval_cut_off_at_what_an_accuracy_can_be():
    results = table({"frozen": {5: (0.7, 0.72), 50: (0.8, 0.98)}, "all": {5: (0.5, 0.5), 50: (0.6, 0.6)}})
    ax = budget_axes(read_curve(results).to_plain())
    heights = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert results.interval("frozen", 50).high > 1
    assert heights.max() == 100
    assert any(height == pytest.approx(100 * results.interval("frozen", 5).low) for height in heights)


def test_a_crossover_is_marked_where_the_lines_meet():
    curve = read_curve(table(FOUR))
    ax = budget_axes(curve.to_plain())
    found = next(one for one in curve.crossovers if (one.arm, one.other) == ("frozen", "all"))
    rings = [one for one in ax.lines if one.get_markerfacecolor() == "none" and one.get_marker() == "o"]
    (x, y), *_ = [
        (one.get_xdata()[0], one.get_ydata()[0]) for one in rings if one.get_xdata()[0] == pytest.approx(found.at)
    ]
    share = math.log(x / 50) / math.log(10)
    for arm in ("frozen", "all"):
        at_50, at_500 = (100 * sum(FOUR[arm][budget]) / 3 for budget in (50, 500))
        assert y == pytest.approx(at_50 + share * (at_500 - at_50))
    assert any(text.startswith("all overtakes frozen at about") for text in texts(ax))
    assert not any("overtakes" in text and "scratch" in text for text in texts(ax))


def test_a_crossover_that_is_not_sure_says_so():
    ax = drawn({"frozen": {5: (0.5, 0.6), 50: (0.6, 0.7)}, "all": {5: (0.49, 0.6), 50: (0.7, 0.71)}})
    assert any(text.startswith("all overtakes frozen") and text.endswith("not surely") for text in texts(ax))


def test_the_rule_of_thumb_has_the_scale_of_the_lines():
    ax = drawn()
    bars = {tuple(one.get_xdata()) for one in ax.lines if one.get_linewidth() == 6}
    assert bars == {(50, 500), (1000, 10_000), (10_000, 1_000_000), (100_000, 1_000_000)}
    assert ax.get_xlim()[1] > 1_000_000
    assert "frozen 50–500" in texts(ax)
    assert "not by every seed" in texts(ax)  # scratch never needs enough
    assert any("rule of thumb of practitioners" in text and "needed here for 87 %" in text for text in texts(ax))


def test_arms_that_the_rule_does_not_know_have_no_bars():
    ax = drawn({"mine": {5: (0.5, 0.6), 50: (0.6, 0.7)}, "yours": {5: (0.4, 0.5), 50: (0.65, 0.75)}})
    assert not [one for one in ax.lines if one.get_linewidth() == 6]
    assert ax.get_ylim()[0] == 0
    assert ax.get_xlim()[1] < 1000


def test_names_stand_at_the_ends_and_apart():
    ax = drawn()
    ends = {one.get_text(): one.xyann for one in ax.texts if hasattr(one, "xyann")}
    assert set(ends) == {"frozen 83 %", "last stage 88 %", "all 94 %", "scratch 61 %"}
    heights = sorted(y for _, y in ends.values())
    assert all(above - below >= 5.4 for below, above in pairwise(heights))
    assert heights[-1] <= 99


def test_names_of_lines_that_end_together_at_the_top_stay_below_it():
    top = {arm: {5: (0.9, 0.9), 50: (1.0, 1.0)} for arm in FOUR}
    heights = sorted(one.xyann[1] for one in drawn(top).texts if hasattr(one, "xyann"))
    assert heights == pytest.approx([82.5, 88.0, 93.5, 99.0])


def test_one_seed_is_drawn_without_an_interval():
    ax = drawn({"frozen": {5: (0.5,), 50: (0.7,)}})
    heights = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert sorted({round(height, 6) for height in heights}) == [50, 70]


def test_its_alternative_text_has_the_numbers():
    text = alternative_text(drawn())
    assert text.startswith("Accuracy against images a class, 5 to 500, 3 seeds. frozen: 71 % at 5, 83 % at 500.")
    assert "all overtakes frozen at about" in text
    assert "scratch: not reached within 5…500" in text
    assert "rule of thumb: frozen 50–500, last stage 1,000–10,000" in text
    assert "No two lines cross." in alternative_text(drawn({"frozen": FOUR["frozen"], "scratch": FOUR["scratch"]}))


def test_an_axes_given_is_the_axes_returned_and_a_curve_draws_itself():
    ax = Figure().subplots()
    assert drawn(ax=ax) is ax
    assert alternative_text(read_curve(table(FOUR)).draw()) == alternative_text(ax)


def test_nothing_to_draw_is_said():
    with pytest.raises(ValueError, match="no run of this table came to an end"):
        drawn({"frozen": {5: (None, None)}})


def test_an_arm_that_the_rule_does_not_know_has_a_diamond_alone():
    five = {**FOUR, "LoRA": FOUR["all"]}
    ax = drawn(five)
    assert texts(ax).count("LoRA, which the rule does not know") == 1
    colour = line(ax, "LoRA").get_color()
    diamonds = [
        one for one in ax.lines if one.get_marker() == "D" and one.get_color() == colour and len(one.get_xdata()) == 1
    ]
    assert len(diamonds) == 1
    found = next(one for one in read_curve(table(five)).needed if one.arm == "LoRA")
    assert diamonds[0].get_xdata()[0] == pytest.approx(found.images)
