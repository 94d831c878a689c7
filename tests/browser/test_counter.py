"""The harness itself, shown on the smallest panel: what it sees, and that it would see what is wrong."""

import pytest

from tests.browser.axe import violations

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
    slider = counter.panel("Counter").get_by_label("Step")
    slider.focus()
    counter.page.keyboard.press("ArrowRight")
    assert slider.input_value() == "2", "the notebook took the key"
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
    counter.check()


def test_axe_is_content_in_light_and_dark_and_would_say_what_is_wrong(counter):
    assert violations(counter.page, ".tl-panel") == []
    counter.darken()
    assert violations(counter.page, ".tl-panel") == []
    counter.page.evaluate("document.querySelector('.tl-panel').append(document.createElement('select'))")
    (found,) = violations(counter.page, ".tl-panel")
    assert found.startswith("select-name (critical)")
    with pytest.raises(AssertionError, match="would be content"):
        violations(counter.page, ".no-such-panel")


def test_a_restarted_kernel_is_noticed_and_the_cell_can_be_run_again(counter):
    counter.press("Counter", "Count")
    counter.restart_kernel()
    counter.press("Counter", "Count")
    counter.until_text("Counter", "The kernel does not answer")
    counter.run_all()
    counter.until_text("Counter", "counted 0")
    counter.press("Counter", "Count")
    counter.until_text("Counter", "counted 1")
    counter.check()


@pytest.mark.parametrize("app", ["notebook", "voila"])
def test_the_other_faces_of_jupyter_show_it_as_well(notebook, app):
    notebook.open("counter_elsewhere", CELLS, app=app)
    if app == "notebook":
        notebook.run_all()
    slider = notebook.panel("Counter").get_by_label("Step")
    slider.focus()
    notebook.page.keyboard.press("ArrowRight")
    notebook.press("Counter", "Count")
    notebook.until_text("Counter", "counted 2")
    notebook.check()


def test_an_error_on_the_console_and_a_request_beyond_this_machine_are_seen(counter):
    counter.check()
    counter.page.evaluate("setTimeout(() => { throw new Error('a mistake of the panel') })")
    counter.until(lambda: counter.errors, "for the error")
    with pytest.raises(AssertionError, match="a mistake of the panel"):
        counter.check()
    counter.errors.clear()
    counter.page.evaluate("fetch('http://example.org/').catch(() => {})")
    with pytest.raises(AssertionError, match=r"example\.org"):
        counter.check()


def test_what_runs_in_the_kernel_reaches_no_other_machine(counter):
    asked = "import urllib.request\ntry:\n urllib.request.urlopen('http://example.org', timeout=20)\n"
    assert "refused" in counter.ask(asked + "except OSError as error: print(error)")
