"""Fifty random things done to the lab by somebody who cannot read, while it trains."""

import random

from tests.browser.keyboard import kind, name
from tests.browser.labs import open_lab, start, state, until_state
from transferlab.lab.session import STATES

ACTIONS = 50
# Nothing of a page answers these: the browser asks for a file or a camera, or begins a download.
LEFT_ALONE = ("file", "webcam", "camera", "picture", "download", "save", "export")


def touch(page, control, random):
    """One thing that can be done to a control."""
    how = kind(control)
    if how == "press":
        control.click(timeout=5000, no_wait_after=True)
    elif how == "type":
        is_number = control.get_attribute("type") == "number"
        control.fill(str(random.choice([-1, 0, 1, 7, 1e9, 0.5])) if is_number else random.choice(["", "fc", "💥", "../x"]))
        page.keyboard.press("Enter")
    elif how == "move":
        control.focus()
        for _ in range(random.randint(1, 4)):
            page.keyboard.press(random.choice(["ArrowRight", "ArrowLeft", "Home", "End", "PageUp"]))


def test_fifty_random_actions_leave_a_lab_that_works(notebook):
    open_lab(notebook, "monkey")
    chance, done = random.Random(0), []
    while len(done) < ACTIONS:
        choice = [one for one in notebook.controls() if not any(word in name(one).lower() for word in LEFT_ALONE)]
        control = chance.choice(choice)
        done.append(name(control))
        try:
            touch(notebook.page, control, chance)
        except Exception as error:  # it went away or was disabled between the look and the touch: a student sees as much
            assert any(word in str(error) for word in ("not attached", "not enabled", "not visible", "Timeout")), done
        assert state(notebook) in STATES, done
        assert notebook.errors == [], done
    assert len(set(done)) > 5, done

    failures = "print([one.failures for one in lab.panels if one.failures], lab.session.listener_failures)"
    assert notebook.ask(failures) == "[] []", done
    threads = "[one.name for one in threading.enumerate() if 'transferlab' in one.name]"
    assert notebook.ask(f"import threading; lab.session.end(); print({threads})") == "[]", done
    finite = "all(0 <= one.run.accuracy <= 1 for one in lab.session.runs if one.run.epochs)"
    assert notebook.ask(f"print({finite})") == "True", done
    until_state(notebook, "ready", "finished", "stopped", "failed")
    start(notebook)
    notebook.check()
