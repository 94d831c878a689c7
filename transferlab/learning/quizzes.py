"""A question with answers to choose from; every answer, the wrong ones too, has its own sentence.

    quiz("Why does the frozen backbone stay in eval mode?", {
        "BatchNorm would go on learning": (True, "Its running statistics move without any gradient."),
        "It is faster": (False, "A little, but that is not why: look at what the statistics did."),
    })

In a notebook it is a set of radio buttons, by mouse or by key; elsewhere `answer(2)` chooses the second.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from transferlab.learning.progress import Progress
from transferlab.learning.showing import show


@dataclass
class Quiz:
    """A question; `answers` maps each text to whether it is right and what to say of it."""

    question: str
    answers: Mapping[str, tuple[bool, str]]
    progress: Progress | None = None

    def __post_init__(self) -> None:
        right = sum(one[0] for one in self.answers.values())
        if len(self.answers) < 2 or right != 1:
            raise ValueError(f"A question has two answers or more, one of them right; this has {right} right ones.")
        if not all(sentence.strip() for _, sentence in self.answers.values()):
            raise ValueError("Every answer needs a sentence that says why it is right or wrong.")

    def answer(self, number: int) -> None:
        """Choose an answer by its number, from 1 on, and show what there is to say of it.

        Raises:
            ValueError: there is no such answer.
        """
        texts = list(self.answers)
        if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= len(texts):
            raise ValueError(f"The answers are numbered 1 to {len(texts)}; you gave {number!r}.")
        right, sentence = self.answers[texts[number - 1]]
        if self.progress:
            self.progress.note_attempt(self.question, "correct" if right else "incorrect")
        show(f"{'✓' if right else '✗'} {sentence}", "correct" if right else "incorrect")

    def in_words(self) -> str:
        """The question and its numbered answers."""
        lines = [f"{i}. {text}" for i, text in enumerate(self.answers, 1)]
        return "\n".join([self.question, *lines, "Type q.answer(1), q.answer(2) …"])

    def _repr_mimebundle_(self, **_: Any) -> Any:
        try:
            from transferlab.widgets.quiz import QuizPanel
        except ImportError:
            return {"text/plain": self.in_words()}
        return QuizPanel(self)._repr_mimebundle_()
