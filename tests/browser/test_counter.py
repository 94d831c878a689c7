"""The harness itself: a counter is pressed, reloaded, bereaved of its kernel, looked at by axe."""

import pytest

from tests.browser.axe import violations

CELLS = ["from tests.browser.counter import Counter", "counter = Counter(); counter"]


@pytest.fixture
def counter(notebook):
    notebook.open("counter", CELLS)
    notebook.run_all()
    notebook.panel("Counter").wait_for()
    return notebook


def test_a_press_reaches_python_and_comes_back(counter):
    counter.press("Counter", "Count")
    counter.until_text("Counter", "counted 1")
    slider = counter.panel("Counter").get_by_label("Step")
    slider.focus()
    counter.page.keyboard.press("ArrowRight")
    assert slider.input_value() == "2", "the notebook took the key"
    counter.press("Counter", "Count")
    counter.until_text("Counter", "counted 3")
    assert counter.ask("print(counter.count)") == "3"
    assert violations(counter.page, ".tl-panel") == []
    counter.darken()
    assert violations(counter.page, ".tl-panel") == []
    counter.check()
