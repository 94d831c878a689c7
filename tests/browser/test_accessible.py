"""Every panel of the lab: nothing for axe to say, in light and dark; every control reached and moved by keys alone."""

import pytest

from tests.browser.axe import violations
from tests.browser.keyboard import answers_to_keys, name, walk
from tests.browser.labs import finish, open_lab, show_tab, start, until_state


def tabs(notebook):
    return notebook.ask("print(*lab.tabs.panels, sep='|')").split("|")


@pytest.fixture
def after_a_run(notebook):
    """A lab with a run behind it, so that the panels have something to show."""
    open_lab(notebook, "accessible", line="fc", epochs=2)
    finish(notebook)
    return notebook


def test_axe_finds_nothing_before_during_and_after_a_run_in_light_and_dark(notebook):
    open_lab(notebook, "axe")
    found = {"before": violations(notebook.page, ".tl-panel")}
    start(notebook)
    found["during"] = violations(notebook.page, ".tl-panel")
    notebook.press("Training", "Stop")
    until_state(notebook, "stopped")
    for dark in (False, True):
        notebook.darken(dark)
        for tab in tabs(notebook):
            show_tab(notebook, tab)
            found[f"{tab}, {'dark' if dark else 'light'}"] = violations(notebook.page, ".tl-panel")
    assert {where: what for where, what in found.items() if what} == {}
    notebook.check()


def test_every_control_is_reached_by_tab_and_obeys_its_keys(after_a_run):
    notebook = after_a_run
    notebook.page.evaluate("document.querySelectorAll('.tl-panel details').forEach(one => { one.open = true })")
    wrong = []
    for tab in tabs(notebook):
        show_tab(notebook, tab)
        controls = notebook.controls()
        assert len(controls) >= 8, [name(one) for one in controls]
        wrong += [f"{tab}: Tab does not reach {one}" for one in walk(notebook.page, controls)]
        for one in controls:
            if one.is_visible() and one.is_enabled() and not answers_to_keys(notebook.page, one):
                wrong.append(f"{tab}: no key moves {name(one)}")
    assert wrong == []
    notebook.check()
