"""Every panel of the lab: nothing for axe to say, in light and dark; every control reached and moved by keys alone."""

from tests.browser.axe import violations
from tests.browser.keyboard import controls, obeys, walk
from tests.browser.labs import finish, open_lab, show_tab, tabs, until_state


def test_axe_finds_nothing_and_every_control_obeys_keys_with_a_run_behind_the_lab(notebook):
    open_lab(notebook, "accessible", line="fc", epochs=2)
    notebook.page.evaluate("document.querySelectorAll('.tl-panel details').forEach(one => { one.open = true })")
    finish(notebook)
    wrong = []
    for tab in tabs(notebook):
        show_tab(notebook, tab)
        found = controls(notebook.page)
        assert len(found) >= 8, found
        wrong += [f"{tab}: Tab does not reach {name}" for name in walk(notebook.page, found)]
        for one in found:
            if one.place.is_enabled() and not obeys(notebook.page, one):
                wrong.append(f"{tab}: no key moves {one.name}")
        wrong += [f"{tab}, light: {line}" for line in violations(notebook.page, ".tl-panel")]
    notebook.darken()
    for tab in tabs(notebook):
        show_tab(notebook, tab)
        wrong += [f"{tab}, dark: {line}" for line in violations(notebook.page, ".tl-panel")]
    assert wrong == [], "\n".join(wrong)
    until_state(notebook, "finished")
    notebook.check()
