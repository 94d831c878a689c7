import torch

from transferlab.explain.checks.estimate import Estimate
from transferlab.explain.checks.inside import Inside
from transferlab.explain.checks.table import verdict_rows, verdict_table
from transferlab.explain.checks.verdict import Verdict

ONE = Verdict("grad_cam", "trust", sensitivity=Estimate(0.25, 0.2, 0.3, 8))
TWO = Verdict(
    "edges", "doubt", ("too pretty",), ("the tag gets 9 × its area.",), 8, 2,
    shortcut=Inside(Estimate(9.04, 8, 10, 6), None, None, 6, 2, 0), maps=torch.zeros(0),
)  # fmt: skip


def test_a_line_a_method_and_no_column_without_a_figure():
    header, rows = verdict_rows([ONE, TWO])
    assert header == ["method", "sensitivity", "tag", "blank", "verdict"]
    assert rows == [["grad_cam", "0.25", "–", "0", "trust"], ["edges", "–", "9.0", "2", "doubt: too pretty"]]


def test_the_text_says_what_the_columns_mean_and_the_remarks():
    lines = verdict_table([ONE, TWO]).splitlines()
    assert lines[0].split() == ["method", "sensitivity", "tag", "blank", "verdict"]
    assert lines[2].endswith("doubt: too pretty")
    assert lines[-1] == "edges: the tag gets 9 × its area."
    assert sum(line.startswith(("sensitivity  ", "tag  ")) for line in lines) == 2
