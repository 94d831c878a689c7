"""Fifty random things done to the lab by somebody who cannot read, while it trains."""

import random

from tests.browser.keyboard import controls
from tests.browser.labs import open_lab, start, state, training_threads, until_state
from transferlab.lab.session import STATES

ACTIONS = 50
# No page answers these: the browser asks for a file or a camera, or begins a download.
LEFT_ALONE = ("camera", "picture", "download", "save", "export")


def touch(page, control, chance):
    """One thing that can be done to a control."""
    if control.kind == "press":
        control.place.click(timeout=3000, no_wait_after=True)
    elif control.kind == "type":
        is_number = control.place.get_attribute("type") == "number"
        control.place.fill(str(chance.choice([-1, 0, 1, 7, 1e9])) if is_number else chance.choice(["", "fc", "💥"]))
        page.keyboard.press("Enter")
    elif control.kind == "move":
        control.place.focus()
        for _ in range(chance.randint(1, 4)):
            page.keyboard.press(chance.choice(["ArrowRight", "ArrowLeft", "Home", "End", "PageUp"]))


def test_fifty_random_actions_leave_a_lab_that_works(notebook):
    from playwright.sync_api import Error  # not above: where it is missing the fixture says so

    open_lab(notebook, "monkey")
    chance, done = random.Random(0), []
    while len(done) < ACTIONS:
        found = [one for one in controls(notebook.page) if one.kind not in ("file", "read")]
        control = chance.choice([one for one in found if not any(word in one.name.lower() for word in LEFT_ALONE)])
        done.append(control.name)
        try:
            touch(notebook.page, control, chance)
        except Error as error:  # it was disabled or went away between the look and the touch, as a student's may
            if "Timeout" not in error.message:
                raise
        assert state(notebook) in STATES, done
        assert notebook.errors == [], done
    assert len(set(done)) > 8, done

    failures = "print([one.failures for one in lab.panels if one.failures], lab.session.listener_failures)"
    assert notebook.ask(failures) == "[] []", done
    notebook.ask("lab.session.end()")
    until_state(notebook, "ready", "finished", "stopped", "failed")
    assert training_threads(notebook) == [], done
    finite = "all(0 <= one.run.accuracy <= 1 for one in lab.session.runs if one.run.epochs)"
    assert notebook.ask(f"print({finite})") == "True", done
    start(notebook)
    notebook.check()
