"""Learning by doing: exercises that are checked on behaviour, hints, predictions, quizzes, and progress that stays."""

from transferlab.learning import expect
from transferlab.learning.exercises import Exercise
from transferlab.learning.lessons import Lesson, lesson, lesson_names
from transferlab.learning.outcomes import Outcome
from transferlab.learning.progress import Progress
from transferlab.learning.quizzes import Quiz

__all__ = ["Exercise", "Lesson", "Outcome", "Progress", "Quiz", "expect", "lesson", "lesson_names"]
