"""A question with radio buttons, as stock ipywidgets; the question itself says what there is to say of each answer.

    QuizPanel(quiz)

Native controls, so that it works by mouse, by key and with a screen reader. Left out: several right answers.
"""

import html
from typing import Any, Protocol

from ipywidgets import HTML, Button, Output, RadioButtons, VBox


class Question(Protocol):
    """What is asked: `question`, `answers` by their texts, `answer(number)` that says what there is to say."""

    question: str
    answers: Any

    def answer(self, number: int) -> None: ...


class QuizPanel(VBox):
    """The question, its answers, a button, and what was said.

    >>> QuizPanel(quiz)
    """

    def __init__(self, quiz: Question) -> None:
        texts = list(quiz.answers)
        self.quiz, self.said = quiz, Output()
        self.choice = RadioButtons(options=[(text, i) for i, text in enumerate(texts, 1)], value=None)
        self.choice.layout.width = "max-content"
        self.choice.layout.max_width = "100%"
        self.button = Button(description="Answer", disabled=True)
        self.choice.observe(self._chosen, "value")
        self.button.on_click(self._answered)
        super().__init__([HTML(f"<strong>{html.escape(quiz.question)}</strong>"), self.choice, self.button, self.said])

    def _chosen(self, change: Any) -> None:
        self.button.disabled = change["new"] is None

    def _answered(self, button: Button) -> None:
        self.said.clear_output()
        with self.said:
            self.quiz.answer(self.choice.value)
