"""The harness itself, shown on the smallest panel: what it sees, and that it would see what is wrong."""

import pytest

from tests.browser.axe import violations
from tests.browser.keyboard import controls, obeys, walk

# It has no name, and keys do nothing to it.
BAD_SELECT = """() => {
  const bad = document.createElement("select");
  bad.append(new Option("one"), new Option("two"));
  bad.addEventListener("keydown", event => event.preventDefault());
  document.querySelector(".tl-panel").append(bad);
}"""
CELLS = ["from tests.browser.counter import Counter", "counter = Counter(); counter"]


@pytest.fixture
def counter(notebook):
    notebook.open("counter", CELLS)
    notebook.run_all()
    notebook.panel("Counter").wait_for()
    return notebook


def test_a_panel_answers_to_mouse_and_keys_stumbles_readably_and_survives_a_reload(counter):
    counter.press("Counter", "Count")
    counter.until_text("Counter", "counted 1")
    found = controls(counter.page)
    assert [(one.name, one.kind) for one in found] == [("Count", "press"), ("Stumble", "press"), ("Step", "move")]
    assert walk(counter.page, found) == []
    assert all(obeys(counter.page, one) for one in found), "the notebook took the keys"
    assert counter.ask("print(counter.count)") == "1", "looking whether it obeys must do nothing"
    found[2].place.press("ArrowRight")
    counter.press("Counter", "Count")
    counter.until_text("Counter", "counted 3")
    assert counter.ask("print(counter.count)") == "3"

    counter.press("Counter", "Stumble")
    counter.until_text("Counter", "Did you mean 'layer4'")
    counter.press("Counter", "Count")
    counter.until(lambda: "layer4" not in counter.text("Counter"), "for the sentence to go")

    counter.reload()
    counter.until_text("Counter", "counted 5")
    counter.press("Counter", "Count")
    counter.until_text("Counter", "counted 6")
    assert violations(counter.page, ".tl-panel") == []
    counter.darken()
    assert violations(counter.page, ".tl-panel") == []
    counter.check()


def test_what_would_be_wrong_is_seen(counter):
    page = counter.page
    counter.check()
    page.evaluate("setTimeout(() => { throw new Error('a mistake of the panel') })")
    counter.until(lambda: counter.errors, "for the error")
    with pytest.raises(AssertionError, match="a mistake of the panel"):
        counter.check()
    counter.errors.clear()
    page.evaluate("fetch('http://example.org/').catch(() => {})")
    with pytest.raises(AssertionError, match=r"example\.org"):
        counter.check()
    # What runs in the kernel reaches no other machine either.
    asked = "import urllib.request\ntry:\n urllib.request.urlopen('http://example.org', timeout=20)\n"
    assert "refused" in counter.ask(asked + "except OSError as error: print(error)")

    with pytest.raises(AssertionError, match="would be content"):
        violations(page, ".no-such-panel")
    page.evaluate(BAD_SELECT)
    (found,) = violations(page, ".tl-panel")
    assert found.startswith("select-name (critical)")
    select = controls(page)[-1]
    assert not obeys(page, select)
    page.evaluate("document.querySelector('.tl-panel select').addEventListener('focus', event => event.target.blur())")
    assert len(walk(page, controls(page))) == 1


def test_a_cell_that_fails_is_shown_with_its_error(notebook):
    notebook.open("failing", ["1 / 0"])
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        notebook.run_all()
