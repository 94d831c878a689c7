"""Verdicts as a table, for the terminal and for a figure: a line a method, a column a check.

    print(verdict_table(judge(model, data.held_out)))

Columns in which nothing was found are left out. Left out too: intervals, which the results themselves hold.
"""

from collections.abc import Sequence

from transferlab.explain.checks.estimate import Estimate
from transferlab.explain.checks.verdict import Verdict
from transferlab.stages.stage import aligned


def verdict_table(verdicts: Sequence[Verdict]) -> str:
    """One line a method, a column a check, and the verdict in words; what each column means is said below.

    >>> print(verdict_table(judge(model, data.held_out, ("grad_cam",))))
    method    randomised  deletion  …  verdict
    grad_cam        0.04     +0.21  …  trust
    """
    header, rows = verdict_rows(verdicts)
    notes = [MEANS[name] for name in header if name in MEANS]
    remarks = list(dict.fromkeys(f"{one.method}: {remark}" for one in verdicts for remark in one.remarks))
    return "\n".join([aligned(header, rows, left=(0, len(header) - 1)), "", *notes, *remarks])


MEANS = {
    "randomised": "randomised   rank correlation with the map of redrawn weights: 0 is right, 1 never saw the model",
    "outline": "outline      the same without signs",
    "deletion": "deletion     how much sooner the answer falls than by chance (area under the curve); above 0 is good",
    "insertion": "insertion    how much sooner it comes back; above 0 is good",
    "infidelity": "infidelity   share of what covering squares does that the map leaves unsaid; 1 is all",
    "sensitivity": "sensitivity  largest change under noise nobody sees, as a share of the map",
    "inside": "inside       share of the map on the object ÷ the object's area; 1 is chance",
    "pointing": "pointing     how often the highest value lies on the object",
    "tag": "tag          share of the map on the planted tag ÷ its area; 1 is chance",
}


def verdict_rows(verdicts: Sequence[Verdict]) -> tuple[list[str], list[list[str]]]:
    """The cells of the table, for text and for a figure: the names of the columns, and a row a method.

    >>> header, rows = verdict_rows(verdicts)
    """
    rows = []
    for one in verdicts:
        last = one.randomisation.steps[-1] if one.randomisation else None
        removed, restored, on_object, on_tag = one.deletion, one.insertion, one.inside, one.shortcut
        rows.append(
            {
                "method": one.method,
                "randomised": _number(last.similarity if last else None),
                "outline": _number(last.outline if last else None),
                "deletion": _number(removed.gain if removed else None, "+z.2f"),
                "insertion": _number(restored.gain if restored else None, "+z.2f"),
                "infidelity": _number(one.infidelity),
                "sensitivity": _number(one.sensitivity),
                "inside": _number(on_object.share if on_object else None, ".1f"),
                "pointing": _number(on_object.pointing if on_object else None, ".0%"),
                "tag": _number(on_tag.share if on_tag else None, ".1f"),
                "blank": str(one.num_blank),
                "verdict": one.words,
            }
        )
    kept = [name for name in rows[0] if any(row[name] not in ("–", "0") for row in rows)]
    return kept, [[row[name] for name in kept] for row in rows]


def _number(found: Estimate | None, form: str = "z.2f") -> str:
    return "–" if found is None else format(found.mean, form)
