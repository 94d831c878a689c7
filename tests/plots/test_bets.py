import dataclasses

import pytest

from transferlab.plots.bets import bet_figure, bet_panel
from transferlab.plots.style import alternative_text
from transferlab.rank_agreement import rank_agreement

FOUND = {"a": (0.8, 0.9), "b": (0.7, 0.6), "c": (0.5, 0.5), "d": (0.2, 0.4), "e": (0.1, 0.1)}


def agreement(score="logme", values=(0.5, 0.4, 0.3, 0.2, 0.1), found=FOUND):
    return rank_agreement(score, dict(zip(found, values, strict=True)), found)


def marks(ax):
    """Where each candidate lies, and its colour and shape."""
    containers = {one.get_label(): one.lines[0] for one in ax.containers}
    return {
        name: (line.get_xdata()[0], line.get_ydata()[0], line.get_color(), line.get_marker())
        for name, line in containers.items()
    }


def test_a_mark_for_each_candidate_where_score_and_accuracy_meet():
    ax = bet_panel(agreement())
    found = marks(ax)
    assert {name: one[:2] for name, one in found.items()} == {
        "a": (0.5, pytest.approx(85)), "b": (0.4, pytest.approx(65)), "c": (0.3, pytest.approx(50)),
        "d": (0.2, pytest.approx(30)), "e": (0.1, pytest.approx(10)),
    }  # fmt: skip
    assert len({one[2:] for one in found.values()}) == 5
    assert ax.get_title().startswith("LogME: rank correlation 1.00\n(0.34 … 1.00)")
    assert ax.get_xlabel() == "LogME"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [*"abcde", "the score's choice"]


def test_bars_are_students_interval_over_seeds_and_a_single_seed_has_none():
    ax = bet_panel(agreement())
    bar = ax.containers[0].lines[2][0].get_segments()[0]
    # Two runs, 0.8 and 0.9: mean 85, spread 10 / √2, so that half the width is 12.706 · 10 / √2 / √2.
    assert bar[1][1] - bar[0][1] == pytest.approx(2 * 12.706 * 10 / 2)
    single = bet_panel(agreement(found={name: runs[:1] for name, runs in FOUND.items()}))
    assert not any(one.has_yerr for one in single.containers)


def test_a_ring_around_the_scores_choice_and_words_for_it():
    ax = bet_panel(agreement(values=(0.1, 0.2, 0.9, 0.9, 0.3)))
    assert ax.collections[-1].get_offsets().tolist() == [[0.9, pytest.approx(50)], [0.9, pytest.approx(30)]]
    text = alternative_text(ax)
    assert "LogME against held-out accuracy of 5 candidates" in text
    assert "The score's choice is c (50 %) and d (30 %), the most accurate a (85 %)" in text


def test_a_figure_has_a_panel_a_score_and_the_same_mark_for_a_candidate_in_each(tmp_path):
    four = {name: FOUND[name] for name in "acde"}
    figure = bet_figure([agreement("leep", (4, 3, 2, 1), four), agreement(), agreement("h_score"), agreement("nce")])
    shown = [ax for ax in figure.axes if ax.get_visible()]
    assert [ax.get_xlabel() for ax in shown] == ["LEEP", "LogME", "H-score", "NCE"]
    assert list(marks(shown[0])) == [*"acde"]
    for name in "acde":
        assert marks(shown[0])[name][2:] == marks(shown[1])[name][2:]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [*"abcde", "the score's choice"]
    assert "5 candidates, 2 seeds" in figure.get_suptitle()
    assert "LEEP against held-out accuracy of 4 candidates" in alternative_text(figure)
    assert "NCE against held-out accuracy of 5 candidates" in alternative_text(figure)
    figure.savefig(tmp_path / "bet.png")


def test_a_panel_on_an_axes_given_and_negative_numbers_with_a_true_minus():
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    assert bet_panel(agreement(values=(1, 2, 3, 4, 5)), ax) is ax
    assert "rank correlation −1.00" in ax.get_title()


def test_what_cannot_be_drawn_is_told():
    with pytest.raises(ValueError, match=r"you gave dict.*settled\.agreement"):
        bet_panel(dataclasses.asdict(agreement()))
    with pytest.raises(ValueError, match="No score was compared"):
        bet_figure([])
