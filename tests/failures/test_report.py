import pytest
import torch

from tests.failures import made_up
from transferlab.experiments import Results, Row, effect
from transferlab.failures.report import FailureReport, at_least_two, complete, effect_table, mean_rank, minus

HARM = effect("scratch − all", [0.1, 0.2, 0.3])
HELP = effect("high rate − all", [0.0, 0.2])


def report(**fields):
    results = Results(tuple(made_up.rows("all", [0.5, 0.6])))
    return FailureReport("A failure", results, (HARM,), (HELP,), ("A note.",), {"x": 1}, **fields)


def test_it_reads_as_title_effects_remedies_and_notes():
    text = str(report())
    # 0.2 ± 4.303 · 0.1 / √3 = 0.2 ± 0.248; and 0.1 ± 12.706 · 0.1414 / √2 = 0.1 ± 1.271
    assert text.splitlines()[0] == "A failure"
    assert "scratch − all  +0.200  -0.048 … +0.448      3" in text
    assert "high rate − all  +0.100  -1.171 … +1.371      2" in text
    assert text.endswith("\n\nA note.")


def test_without_remedies_there_is_no_table_of_them():
    bare = FailureReport("A failure", Results(()), (HARM,), ())
    assert "remedies" not in str(bare)


def test_an_effect_is_found_by_its_name():
    assert report().effect("scratch − all") is HARM
    assert report().effect("high rate − all") is HELP
    with pytest.raises(ValueError, match=r"No effect 'scratch - all'.*Did you mean 'scratch − all'"):
        report().effect("scratch - all")


def test_its_figure_is_drawn_from_what_is_shown():
    drawn = []
    assert report(draw=lambda shown, ax: drawn.append((shown, ax)) or "axes").plot("mine") == "axes"
    assert drawn == [({"x": 1}, "mine")]


def test_a_table_of_effects_has_a_line_each():
    assert effect_table("remedies", (HARM, HELP)).count("\n") == 3


def test_two_seeds_are_asked_for_before_anything_is_computed():
    assert at_least_two(range(3)) == (0, 1, 2)
    assert at_least_two([4, 4, 1]) == (4, 1)
    for few in ([3], [3, 3], [], 5):
        with pytest.raises(ValueError, match="two seeds or more"):
            at_least_two(few)


def test_a_table_with_a_failed_cell_is_refused_and_says_which():
    whole = Results(tuple(made_up.rows("all", [0.5, 0.6])))
    assert complete(whole) is whole
    broken = whole + Results((Row("all", "r", "bundled", "objects", 10, 2, error="no memory"),))
    with pytest.raises(ValueError, match="1 cells failed; all, seed 2: no memory"):
        complete(broken)


def test_columns_are_subtracted_for_the_seeds_that_both_have():
    assert minus({0: 0.5, 1: 0.75, 2: 1.0}, {1: 0.25, 2: 0.5, 3: 0.1}) == {1: 0.5, 2: 0.5}


def test_ranks_of_rows():
    assert mean_rank(torch.tensor([[0.1, 0.2, 0.4], [0.4, 0.2, 0.1]])) == pytest.approx(0)
    assert mean_rank(torch.tensor([[0.1, 0.3, 0.2]])) == pytest.approx(0.5)  # 1 − 6 · 2 / (3 · 8)
    assert mean_rank(torch.tensor([[0.0, 0.0, 0.0], [0.1, 0.2, 0.3]])) == pytest.approx(0.5)  # a flat row counts as 0
