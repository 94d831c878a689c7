"""Notebooks as students hand them in to a grader, with the points that a hand would give them.

The assignment is that of `lessons/instructor/`: `frozen` is worth 2 points and `share` 1.
"""

from pathlib import Path

import nbformat

FOLDER = Path(__file__).resolve().parents[2] / "lessons" / "instructor"
FROZEN = 'frozen = tl.load("bundled")\ntl.replace_head(frozen, data.train.num_classes)\ntl.freeze(frozen)'
SHARE = (
    "trained = sum(p.numel() for p in frozen.parameters() if p.requires_grad)\n"
    "share = trained / sum(p.numel() for p in frozen.parameters())"
)
GRADIENTS = 'frozen = tl.load("bundled")\nfrozen.requires_grad_(False)\ntl.replace_head(frozen, data.train.num_classes)'
# Who → the two answers, and the points for each. Where only gradients are stopped BatchNorm moves on, and the share is
# right all the same. Who deletes what the grader's cell needs gets nothing by it.
SUBMITTED = {
    "right": ((FROZEN, SHARE), (2, 1)),
    "untouched": (None, (0, 0)),
    "gradients": ((GRADIENTS, SHARE), (0, 1)),
    "tensors": ((FROZEN, "share = 2 / len(list(frozen.parameters()))"), (2, 0)),
    "deleted": (("del here, lesson", "share = ..."), (0, 0)),
}


def hand_in(release: Path, who: str, to: Path) -> Path:
    """Write the student's version with this student's answers in its two gaps."""
    book = nbformat.read(release, as_version=4)
    gaps = [cell for cell in book.cells if cell.cell_type == "code" and cell.source.startswith("...")]
    answers, _ = SUBMITTED[who]
    for cell, answer in zip(gaps, answers or [cell.source for cell in gaps], strict=True):
        cell.source = answer
    to.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(book, to)
    return to
