"""What a check can come to: five outcomes, each with a sentence for the student.

Left out: marks and points; a teacher makes them from the exported progress.
"""

from dataclasses import dataclass

CORRECT, INCORRECT, NOT_ATTEMPTED, BROKEN, STALE = (
    "correct",
    "incorrect",
    "not attempted",
    "error in your code",
    "stale",
)
MARKS = {CORRECT: "✓", INCORRECT: "✗", NOT_ATTEMPTED: "…", BROKEN: "!", STALE: "↻"}


@dataclass(frozen=True)
class Outcome:
    """One of the five, and what to say.

    >>> print(Outcome(INCORRECT, "The head still has 232 outputs; the data has 8 classes."))
    ✗ Not yet. The head still has 232 outputs; the data has 8 classes.
    """

    kind: str
    sentence: str

    @property
    def is_correct(self) -> bool:
        return self.kind == CORRECT

    @property
    def title(self) -> str:
        """The outcome in two words."""
        return {
            CORRECT: "Correct.", INCORRECT: "Not yet.", NOT_ATTEMPTED: "Not attempted yet.",
            BROKEN: "Your code stopped with an error.", STALE: "This is from before.",
        }[self.kind]  # fmt: skip

    def __str__(self) -> str:
        return f"{MARKS[self.kind]} {self.title} {self.sentence}".rstrip()
