import pytest

from transferlab.learning import Progress, Quiz, lesson, lesson_names
from transferlab.widgets.quiz import QuizPanel

ANSWERS = {"yes": (True, "It is so."), "no": (False, "Look again.")}


def test_every_answer_has_its_sentence(capsys, tmp_path):
    quiz = Quiz("Is it?", ANSWERS, Progress("02", tmp_path))
    quiz.answer(2)
    quiz.answer(1)
    assert capsys.readouterr().out.splitlines() == ["✗ Look again.", "✓ It is so."]
    assert quiz.progress.exercises["Is it?"]["outcome"] == "correct"
    assert quiz.in_words().splitlines()[:3] == ["Is it?", "1. yes", "2. no"]


@pytest.mark.parametrize("number", [0, 3, "1", True, None])
def test_no_such_answer(number):
    with pytest.raises(ValueError, match="numbered 1 to 2"):
        Quiz("Is it?", ANSWERS).answer(number)


@pytest.mark.parametrize(
    "answers", [{}, {"a": (True, "x")}, {"a": (True, "x"), "b": (True, "y")}, {"a": (False, "x"), "b": (False, "y")}]
)
def test_a_question_has_one_right_answer(answers):
    with pytest.raises(ValueError, match="one of them right"):
        Quiz("Is it?", answers)
    with pytest.raises(ValueError, match="needs a sentence"):
        Quiz("Is it?", {"a": (True, " "), "b": (False, "x")})


def test_the_panel_answers_only_when_something_is_chosen(capsys):
    quiz = Quiz("Is <it>?", ANSWERS)
    panel = QuizPanel(quiz)
    assert panel.button.disabled
    assert "&lt;it&gt;" in panel.children[0].value
    panel.choice.value = 2
    assert not panel.button.disabled
    panel.button.click()
    assert "Look again" in capsys.readouterr().out
    assert "application/vnd.jupyter.widget-view+json" in quiz._repr_mimebundle_()


@pytest.mark.parametrize("name", lesson_names())
def test_every_lesson_ends_with_a_question_that_can_be_answered(name, capsys, tmp_path):
    quiz = lesson(name, tmp_path).quiz()
    for number in range(1, len(quiz.answers) + 1):
        quiz.answer(number)
    assert capsys.readouterr().out.count("✓") == 1
    assert len(quiz.answers) >= 3
