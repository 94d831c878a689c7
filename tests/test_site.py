"""What the site's pages are made of, without running a lesson: `.ci/run` runs them all and looks at every page."""

import base64
import re
import sys
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import transferlab

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "data_scripts"))
import api_page
import build_site
import check_site
import citations
import executed_lessons
import lesson_pages

ROOT = Path(__file__).resolve().parents[1]
NAMES = executed_lessons.names()
PNG = base64.b64encode(b"not looked at").decode()


def out(kind, data, **metadata):
    return new_output("display_data", {kind: data, "text/plain": "what it is"}, metadata=metadata)


def said(sentence):
    return new_output("display_data", {"text/html": f"<div>{sentence}</div>", "text/plain": sentence})


def code(source, *outputs, tags=()):
    return new_code_cell(source, outputs=list(outputs), metadata={"tags": list(tags)})


def exercise(*outputs):
    cell = code("frozen = tl.load('bundled')", *outputs)
    cell.metadata |= {"exercise": "frozen", "untouched": "frozen = ..."}
    return cell


def page(folder, *cells, small=False, launch=""):
    about = {"minutes": 45, "title": "Feature extraction", "objectives": ["put a new head on"]}
    book = new_notebook(cells=[new_markdown_cell("# 02 · Feature extraction"), *cells], metadata={"transferlab": about})
    return lesson_pages.page("02_feature_extraction", book, folder, small, launch)


# What is run.


@pytest.mark.parametrize("name", NAMES)
def test_every_exercise_is_solved_and_remembers_what_it_was(name):
    book = executed_lessons.prepared(name, "normal")
    exercises = [cell for cell in book.cells if "exercise" in cell.metadata]
    assert exercises
    assert all("..." in cell.metadata.untouched and cell.source != cell.metadata.untouched for cell in exercises)


def test_the_small_profile_changes_the_settings_and_the_normal_one_nothing():
    def settings(profile):
        cells = executed_lessons.prepared("06_how_much_data", profile).cells
        return next(cell.source for cell in cells if "setup" in cell.metadata.get("tags", []))

    assert "BUDGETS = [2, 4]  # pictures of each kind\nSEEDS = [0, 1]\nMOST_IMAGES = 32  #" in settings("small")
    assert "BUDGETS = (5, 20, 50)  # pictures of each kind\nSEEDS = (0, 1)\nMOST_IMAGES = 1500  #" in settings("normal")
    with pytest.raises(ValueError, match="Did you mean 'small'"):
        executed_lessons.prepared("06_how_much_data", "smal")


def test_a_cell_that_fails_ends_the_build_and_is_named(monkeypatch):
    books = {"02_feature_extraction": new_notebook(cells=[code("x = 1"), code("y = x + none_such"), code("z = 1")])}
    monkeypatch.setattr(executed_lessons, "WITH_WORDS", "pass")
    monkeypatch.setattr(executed_lessons, "prepared", lambda name, profile: books[name])
    with pytest.raises(SystemExit, match=r"Lesson 02_feature_extraction, cell 2:\ny = x \+ none_such(?s:.*)NameError"):
        executed_lessons.executed(["02_feature_extraction"])


def test_a_figure_carries_its_words_out_of_the_kernel(monkeypatch):
    source = (
        "import matplotlib.pyplot as plt\nplt.plot([0.125, 0.5], label='frozen')\nplt.ylabel('accuracy')\nplt.show()"
    )
    book = new_notebook(cells=[code(source)])
    monkeypatch.setattr(executed_lessons, "prepared", lambda name, profile: book)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    executed_lessons.executed(["02_feature_extraction"])
    (output,) = (one for one in book.cells[0].outputs if "data" in one)
    about = output.metadata["image/png"]
    assert about["alt"] == "Accuracy. Frozen from 0.125 to 0.5."
    assert about["width"] > 300


# What a page shows.


def test_an_exercise_is_shown_untouched_with_hints_and_a_solution_folded(tmp_path):
    text = page(tmp_path, exercise(), code("here.exercise('frozen').check()", said("✓ Correct."), tags=["check"]))
    parts = [
        "frozen = ...",
        "<summary>First hint",
        "<summary>Second hint",
        "<summary>A solution",
        "tl.load",
        "</details>",
        "✓ Correct.",
    ]
    assert [text.index(part, text.index("frozen = ...")) for part in parts[:5]] == sorted(
        text.index(part) for part in parts[:5]
    )
    assert text.index("tl.load") < text.rindex("</details>") < text.index("✓ Correct.")
    assert text.count("<details") == text.count("</details>")


def test_a_solution_that_its_checker_does_not_accept_ends_the_build(tmp_path):
    with pytest.raises(SystemExit, match=r"02_feature_extraction: the checker does not accept(?s:.*)check\(\)"):
        page(tmp_path, code("here.exercise('frozen').check()", said("✗ Not yet."), tags=["check"]))


def test_figures_keep_their_words_and_their_width(tmp_path):
    text = page(
        tmp_path,
        code("plt.show()", out("image/png", PNG, **{"image/png": {"alt": 'Two "lines": a, b.', "width": 300}})),
    )
    assert ':::{image} images/02_feature_extraction_1.png\n:alt: "Two \\"lines\\": a, b."\n:width: 300px\n:::' in text
    assert (tmp_path / "images" / "02_feature_extraction_1.png").read_bytes() == b"not looked at"
    with pytest.raises(SystemExit, match="without alternative text"):
        page(tmp_path, code("plt.show()", out("image/png", PNG)))


def test_a_widget_is_a_picture_with_words_and_a_quiz_unfolds(tmp_path):
    lab = out(lesson_pages.WIDGET, {})
    text = page(tmp_path, code("lab", lab, tags=["widget"]), code("here.quiz()", lab))
    assert "figures/lab.png\n:alt: " in text
    assert text.count('<details class="answer">') >= 2
    assert text.count("✓") == 1
    with pytest.raises(SystemExit, match="a widget that no page can show"):
        page(tmp_path, code("tl.Lab()", lab))


def test_what_a_bar_a_stream_or_a_guess_leaves_behind(tmp_path):
    bar = new_output("display_data", {lesson_pages.WIDGET: {}, "text/plain": "all: 0%|          | 0/2 [00:00<?]"})
    assert "0/2" not in page(tmp_path, code("run", bar))
    assert "a\nb\n```" in page(
        tmp_path, code("run", new_output("stream", text="a\n"), new_output("stream", text="b\n"))
    )
    with pytest.raises(SystemExit, match=r"error stream:\nUserWarning"):
        page(tmp_path, code("run", new_output("stream", name="stderr", text="UserWarning: no")))
    assert "Write your guess down" in page(tmp_path, code("guess", said("Put your guess in place of the three dots.")))
    shown = page(tmp_path, code("compare", said("You made no guess for points lost. It came out as 45.2.")))
    assert "*What was your guess? The points lost came out as 45.2.*" in shown


def test_a_small_page_says_so_and_a_link_to_binder_only_stands_where_there_is_one(tmp_path):
    assert "rehearsal" in page(tmp_path, small=True)
    plain = page(tmp_path)
    assert "rehearsal" not in plain
    assert "Binder" not in plain
    assert "[open it on Binder](https://a.b/v2/gh/c/d/e)" in page(tmp_path, launch="https://a.b/v2/gh/c/d/e")


# Papers, public names, parts of the README.


def test_every_paper_that_a_lesson_cites_is_known_and_every_known_one_is_cited():
    found = set()
    for name in NAMES:
        book = executed_lessons.prepared(name, "normal")
        found |= {key for cell in book.cells if cell.cell_type == "markdown" for key in citations.cited(cell.source)}
    assert found == set(citations.papers())
    assert len(found) > 15
    for key, paper in citations.papers().items():
        assert set(paper) == {"authors", "year", "title", "in", "url"}
        assert key.endswith(f" {paper['year']}")
        assert key.split()[0] in paper["authors"], key
        assert paper["url"].startswith("https://")
        preprint = re.search(r"arXiv:(\S+?)(;|$)", paper["in"])
        assert preprint is None or paper["url"].endswith(preprint[1])


def test_a_citation_becomes_a_link_and_an_unknown_one_ends_the_build():
    assert citations.with_links("as Kumar et al. (2022) say") == "as [Kumar et al. (2022](#kumar-et-al-2022)) say"
    assert citations.with_links("(Simonyan et\nal. 2014)") == "([Simonyan et al. 2014](#simonyan-et-al-2014))"
    with pytest.raises(SystemExit, match=r"'Nobody et al\. 2031' is cited"):
        citations.with_links("(Nobody et al. 2031)")


def test_the_page_of_papers_leads_back_to_the_lessons():
    text = citations.page({key: ["03_fine_tuning"] for key in citations.papers()})
    assert "(kumar-et-al-2022)=\nAnanya Kumar" in text
    assert "Lesson [03](03_fine_tuning.md)." in text
    with pytest.raises(SystemExit, match="No lesson cites 'Adebayo"):
        citations.page({})


def test_every_public_name_stands_on_its_page_with_its_examples_in_boxes():
    text = api_page.page()
    for name in transferlab.__all__:
        assert re.search(rf"\{{py:\w+\}} transferlab\.{name}\b", text), name
    assert "object at 0x" not in text
    assert "Raises:" not in text
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    assert ">>>" not in prose


def test_a_docstring_becomes_markdown():
    given = (
        "Load it.\n\n    >>> load()\n    1\n\n    >>> load(2)\n\nWords.\n\n    a = 1\n\n"
        "Raises:\n    ValueError: no\n        name.\n    OSError: no disk."
    )
    assert api_page.markdown(given) == (
        "Load it.\n\n```pycon\n>>> load()\n1\n\n>>> load(2)\n```\n\nWords.\n\n```python\na = 1\n```\n\n"
        "Raises `ValueError`: no name.\n\nRaises `OSError`: no disk."
    )


def test_a_signature_is_written_with_short_types():
    assert api_page.signature(transferlab.cut_points).startswith("(model: Module")
    assert api_page.signature(transferlab.Run.load.__func__, bound=True).startswith("(path: ")


def test_pages_are_made_of_the_readme_as_it_is():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for title, wanted in build_site.FROM_README.values():
        text = build_site.readme_page(title, wanted, readme)
        assert text.startswith(f"# {title}\n")
        assert "](lessons/" not in text
    with pytest.raises(SystemExit, match="no section 'Nothing'; its sections are: The lab"):
        build_site.readme_page("x", ("Nothing",), readme)


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path, monkeypatch):
    (tmp_path / "thesis.txt").write_text("mine")
    monkeypatch.setattr(sys, "argv", ["build_site.py", str(tmp_path)])
    with pytest.raises(SystemExit, match="holds something else than a site"):
        build_site.main()
    assert (tmp_path / "thesis.txt").read_text() == "mine"


# What is looked for in the pages.

GOOD = (
    "<html><head><title>a</title></head><body><h1>a</h1><h2 id='b'>b</h2>"
    "<img src='a.png' alt='a thing'><a href='#b'>b</a>{}</body></html>"
)


def looked_at(folder, more):
    (folder / "a.png").write_bytes(b"")
    (folder / "index.html").write_text(GOOD.format(more))
    return check_site.faults(folder)


def test_a_good_page_has_no_faults_and_links_to_papers_are_none(tmp_path):
    assert (
        looked_at(tmp_path, '<a href="https://arxiv.org/abs/1411.1792">a paper</a><link rel="next" href="a.png">') == []
    )


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ('<script src="https://cdn.example/x.js"></script>', "from another host"),
        ('<link rel="stylesheet" href="//fonts.example/x.css">', "from another host"),
        ('<p style="background: url(https://x.example/y.png)">a</p>', "from another host"),
        ('<a href="none.html">a</a>', "leads nowhere"),
        ('<img src="b.png" alt="words">', "leads nowhere"),
        ('<a href="#c">c</a>', "no place #c"),
        ('<img src="a.png">', "has no words"),
        ("<h4>d</h4>", "order 4 follows one of 2"),
        ("<h1>e</h1>", "2 headings of the first order"),
        ("<pre>Traceback (most recent call last)</pre>", "Traceback"),
        ("<pre>&lt;Figure size 640x480&gt;</pre>", "<Figure"),
        ("<p>QuizPanel(children=(</p>", "QuizPanel("),
        ("<p>:::{image}</p>", ":::"),
    ],
)
def test_each_fault_is_found(tmp_path, more, fault):
    assert any(fault in line for line in looked_at(tmp_path, more))


def test_a_style_sheet_that_asks_another_host_is_found_and_no_page_at_all_is_said(tmp_path):
    with pytest.raises(SystemExit, match="There is no page"):
        check_site.faults(tmp_path)
    (tmp_path / "a.css").write_text("@font-face { src: url('https://fonts.example/a.woff2') }")
    assert looked_at(tmp_path, "") == ["a.css: loads https://fonts.example/a.woff2 from another host"]
