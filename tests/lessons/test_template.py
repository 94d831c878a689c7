"""Every lesson keeps to the template: front matter, sections, lengths, links, words that can be read."""

import re
import subprocess
import sys
from functools import cache

import nbformat
import pytest

from tests.lessons.sources import FOLDER, NAMES, source
from transferlab.learning import lesson
from transferlab.learning.lessons import lesson_names

MOST_CELLS, MOST_LINES, MOST_WORDS = 32, 15, 170
TAGS = {"setup", "exercise", "solution", "check", "widget", "slow", "instructor"}
lessons = pytest.mark.parametrize("name", NAMES)


@lessons
def test_the_front_matter_says_what_a_teacher_asks_first(name):
    about = source(name).about
    assert about["id"] == name
    assert len(about["objectives"]) == 3
    assert 5 <= about["minutes"] <= 60
    assert about["peak_mb"] <= 900
    assert all(one in NAMES for one in about["prerequisites"])
    first = source(name).cells[0]
    assert first.kind == "markdown"
    assert first.text.startswith(f"# {name[:2]} · {about['title']}")
    words = " ".join(first.text.split())
    assert all(objective in words for objective in about["objectives"]), "the first cell says other objectives"


@lessons
def test_it_has_the_parts_of_the_template_and_no_more_than_fits_an_hour(name):
    found = source(name)
    assert len(found.cells) <= MOST_CELLS
    for cell in found.code:
        assert len(cell.text.splitlines()) <= MOST_LINES, f"cell {cell.number} has {len(cell.text.splitlines())} lines"
        assert {tag for tag in cell.tags if ":" not in tag} <= TAGS
    for cell in found.cells:
        if cell.kind == "markdown":
            words = len([word for word in cell.text.split() if word.strip("|-*#:")])
            assert words <= MOST_WORDS, f"cell {cell.number} has {words} words"
    assert sum("setup" in cell.tags for cell in found.code) == 1
    assert "here.predict(" in "".join(cell.text for cell in found.code)
    assert found.code[-1].text == "here.quiz()"  # without the answers
    assert "## Key points" in found.prose
    if name[:2] not in ("00", "11"):
        assert re.search(r"## Now with (ResNet-50|EfficientNet-B4)", found.prose)
        assert re.search(r"## A recorded run", found.prose)


@lessons
def test_exercises_in_the_notebook_are_those_that_can_be_checked(name):
    found = source(name)
    there = [cell.exercise for cell in found.code if cell.exercise]
    assert tuple(there) == lesson(name).names
    for cell in found.code:
        if cell.exercise:
            checking = next(one for one in found.code if one.number > cell.number)
            assert "check" in checking.tags
            assert f'here.exercise("{cell.exercise}").check()' in checking.text
            assert "..." in cell.text, "an untouched cell has three dots where work is to go"


def test_every_lesson_has_its_exercises():
    assert sorted(lesson_names()) == sorted(NAMES)


@lessons
def test_every_setting_of_the_small_profile_stands_in_the_notebook_once(name):
    found = source(name)
    text = "\n".join(cell.text for cell in found.code)
    for setting, value in found.about["profile"].items():
        assert len(re.findall(rf"^{setting} = ", text, flags=re.MULTILINE)) == 1, setting
        assert f"{setting} = {value!r}  " in "\n".join(found.small(cell) for cell in found.code)


@lessons
def test_the_notebook_is_what_its_source_says_and_holds_no_output(name):
    book = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in book.cells)
    assert name not in changed_lessons(), "type python data_scripts/build_lessons.py"


@cache
def changed_lessons():
    command = [sys.executable, str(FOLDER.parent / "data_scripts" / "build_lessons.py"), "--check"]
    return subprocess.run(command, capture_output=True, text=True).stdout


@lessons
def test_links_and_figures_lead_somewhere_and_figures_have_words(name):
    for words, target in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", source(name).prose):
        assert len(words) > 15, f"the figure {target} has no alternative text"
        assert (FOLDER / target).is_file(), target
    for target in re.findall(r"(?<!!)\[[^\]]+\]\(([^)]+)\)", source(name).prose):
        assert target.startswith(("https://", "#")) or (FOLDER / target).is_file(), target


@lessons
def test_sentences_are_short_enough_to_be_read_aloud(name):
    prose = re.sub(r"```.*?```", "", source(name).prose, flags=re.DOTALL)
    prose = re.sub(r"^\|.*$|^#.*$|`[^`\n]*`|\([^)\n]*\d{4}[^)\n]*\)|[*_]", "", prose, flags=re.MULTILINE)
    sentences = [one.split() for one in re.split(r"[.!?:;]\s|\n\n|\n- ", prose)]
    lengths = [len(words) for words in sentences if len(words) > 2]
    assert sum(lengths) / len(lengths) <= 16
    assert max(lengths) <= 45, max(sentences, key=len)
