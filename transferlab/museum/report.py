"""What the doctor says: findings with their numbers, and what could not be examined for want of evidence.

report = doctor(trained, data)
print(report)
report.causes                    # ('eval_forgotten',)
"""

from collections.abc import Mapping
from dataclasses import dataclass

CERTAIN, SUSPECTED = "certain", "suspected"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or seems to be.

    `cause` is the name of the exhibit that shows it. `sure` is "certain" where what was measured cannot be otherwise in
    a training without this bug, and "suspected" where it could. Shares and accuracies in `numbers` lie within 0…1.
    """

    cause: str
    seen: str
    numbers: Mapping[str, float]
    sure: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.cause} ({self.sure})\n  seen    {self.seen}\n  remedy  {self.remedy}"


@dataclass(frozen=True)
class Unexamined:
    """A question that stays open: for which cause, and what would be needed to answer it."""

    cause: str
    needs: str

    def __str__(self) -> str:
        return f"{self.cause}: {self.needs}"


@dataclass(frozen=True)
class Report:
    """All findings, those that are certain first, what was looked for in vain, and what could not be examined.

    >>> print(doctor(model, data))
    Nothing found. Looked for in vain: frozen_head.
    Not examined:
      sorted_batches: give loader=, what the training images came from
      …
    """

    findings: tuple[Finding, ...]
    absent: tuple[str, ...]
    unexamined: tuple[Unexamined, ...]

    @property
    def causes(self) -> tuple[str, ...]:
        """The names of what was found."""
        return tuple(finding.cause for finding in self.findings)

    def __str__(self) -> str:
        vain = f"Looked for in vain: {', '.join(self.absent)}." if self.absent else ""
        lines = [str(finding) for finding in self.findings] + ([vain] if vain else [])
        if not self.findings:
            lines = [f"Nothing found. {vain}".rstrip()]
        if self.unexamined:
            lines += ["Not examined:", *(f"  {one}" for one in self.unexamined)]
        return "\n".join(lines)
