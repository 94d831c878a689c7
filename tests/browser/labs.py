"""Labs that are quick enough for a journey: the bundled backbone on a few drawn things.

notebook.open("journey", [lab_cell(epochs=5)])
"""

import json
from typing import Any


def lab_cell(**settings: Any) -> str:
    """A cell that shows a lab with these settings; by default it trains for longer than any journey takes."""
    settings = {"recipe": "mine", "line": "layer4", "epochs": 300, "seed": 0, **settings}
    given = ", ".join(f"{name}={value!r}" for name, value in settings.items())
    return f"from transferlab import Lab\nlab = Lab('bundled', 'objects', {given})\nlab"


def open_lab(notebook: Any, name: str, app: str = "lab", **settings: Any) -> None:
    """Open a notebook with a lab in it and wait until it can be used."""
    notebook.open(name, [lab_cell(**settings)], app=app)
    if app != "voila":
        notebook.run_all()
    notebook.button("Training", "Start").wait_for()


def pictures(notebook: Any) -> list[str]:
    """What the charts of the run show, to tell whether it has changed."""
    return notebook.panel("Training").locator("canvas").evaluate_all("all => all.map(one => one.toDataURL())")


def steps(notebook: Any) -> int:
    """How many batches the run has trained, as the page says."""
    return int(notebook.until_text("Training", r"step ([\d,]+)")[1].replace(",", ""))


def state(notebook: Any) -> str:
    """The state of the run, one of `STATES`, as the page has it."""
    return str(notebook.panel("Training").locator("[data-state]").first.get_attribute("data-state"))


def until_state(notebook: Any, *wanted: str) -> None:
    notebook.until(lambda: state(notebook) in wanted, f"for {' or '.join(wanted)}")


def start(notebook: Any, batches: int = 3) -> None:
    """Press Start, whatever else it is called after a run, and wait until so many batches are trained."""
    panel = notebook.panel("Training")
    panel.evaluate("one => { delete one.dataset.milliseconds }")
    panel.locator("button.tl-main").click()
    # The answer comes after the new state: what is on view from then on is not of the run before.
    notebook.until(lambda: panel.get_attribute("data-milliseconds"), "for an answer to Start")
    until_state(notebook, "running", "finished")
    notebook.until(lambda: steps(notebook) >= batches, "for the first batches")


def finish(notebook: Any) -> None:
    """Train to the end."""
    start(notebook)
    until_state(notebook, "finished")


def show_tab(notebook: Any, name: str) -> None:
    notebook.press("What to look at", name)
    notebook.until(
        lambda: notebook.button("What to look at", name).get_attribute("aria-pressed") == "true", f"for '{name}'"
    )


def tabs(notebook: Any) -> list[str]:
    return notebook.panel("What to look at").get_by_role("button").all_inner_texts()


def training_threads(notebook: Any) -> list[str]:
    """The names of the kernel's threads that train."""
    names = "[one.name for one in threading.enumerate() if one.name == 'transferlab training']"
    return json.loads(notebook.ask(f"import json, threading; print(json.dumps({names}))"))


def titles(notebook: Any) -> list[str]:
    """The panels on view."""
    return notebook.page.locator(".tl-panel:visible").evaluate_all("all => all.map(one => one.ariaLabel)")
