"""Every panel of the lab: nothing for axe to say, in light and dark; every control reached and moved by keys alone."""

from tests.browser.axe import violations
from tests.browser.keyboard import controls, obeys, walk
from tests.browser.labs import finish, open_lab, show_tab, tabs, titles


def test_axe_finds_nothing_and_every_control_obeys_keys_with_a_run_behind_the_lab(notebook):
    open_lab(notebook, "accessible", line="fc", epochs=2)
    finish(notebook)
    wrong, looked_at = [], set()
    for tab in tabs(notebook):
        show_tab(notebook, tab)
        notebook.page.evaluate("document.querySelectorAll('.tl-panel details').forEach(one => { one.open = true })")
        for title in titles(notebook):
            if title in looked_at:
                continue  # it is on view whatever the tab
            looked_at.add(title)
            selector = f'.tl-panel[aria-label="{title}"]'
            wrong += [f"{title}, light: {line}" for line in violations(notebook.page, selector)]
            found = controls(notebook.page, selector)
            wrong += [f"{title}: Tab does not reach {name}" for name in walk(notebook.page, found)] if found else []
            wrong += [f"{title}: no key moves {one.name}" for one in found if not obeys(notebook.page, one)]
    assert len(looked_at) == int(notebook.ask("print(len(lab.panels))"))
    notebook.darken()
    for tab in tabs(notebook):
        show_tab(notebook, tab)
        shown = ".tl-panel" if tab == tabs(notebook)[0] else f'.tl-panel[aria-label="{titles(notebook)[-1]}"]'
        wrong += [f"{tab}, dark: {line}" for line in violations(notebook.page, shown)]
    assert wrong == [], "\n".join(wrong)
    notebook.check()
