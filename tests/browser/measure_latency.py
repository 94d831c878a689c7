"""How soon the lab answers while it trains, and what being watched costs the training.

    python -m tests.browser.measure_latency    # some minutes, on a machine that does nothing else

Clicks are timed in the page, from the event to the change on view. The cost of being live is measured in CPU seconds of
the whole kernel, the same run without and with a lab in turn: seconds on the clock would measure the machine's other
guests. Left out: the browser's own CPU time, which it spends on another core.
"""

import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.browser.jupyter_server import JupyterServer
from tests.browser.labs import lab_cell, open_lab, start, state, until_state
from tests.browser.pages import NotebookPage
from tests.browser.tools import SWITCHES, chromium

CLICKS, REPEATS = 60, 5
# Presses a button and waits until the panel's state, which its badge shows, is another one.
PRESS = """([button, panel]) => new Promise(done => {
  const shown = panel.querySelector("[data-state]"), before = shown.dataset.state, began = performance.now();
  const watch = new MutationObserver(() => {
    if (shown.dataset.state === before) return;
    watch.disconnect();
    requestAnimationFrame(() => done(performance.now() - began));
  });
  watch.observe(shown, { attributes: true });
  button.click();
})"""
# Changes a control as a user's last move would, and waits until Python has answered.
CHANGE = """([control, panel, value]) => new Promise(done => {
  const before = panel.dataset.milliseconds, began = performance.now();
  const watch = new MutationObserver(() => { watch.disconnect(); done(performance.now() - began); });
  watch.observe(panel, { attributes: true, attributeFilter: ["data-milliseconds"] });
  control.value = value;
  for (const type of ["input", "change"]) control.dispatchEvent(new Event(type, { bubbles: true }));
})"""
# In the kernel: CPU seconds of the process while the same settings train without a lab, and while they train in it.
KERNEL = """
import json, threading, time
from transferlab.training import fit

def headless():
    session, settings = lab.session, lab.session.settings
    data, model = session.workshop.data(settings), session.workshop.model(settings)
    memory, recipe = session.workshop.memory(settings), settings.to_recipe(session.stage_names)
    began = time.process_time()
    for record in fit(model, data, recipe, memory=memory, seed=settings.seed, device=settings.device,
                      measurements_per_epoch=settings.measurements_per_epoch):
        pass
    return time.process_time() - began

def busy():
    return sum("transferlab" in thread.name for thread in threading.enumerate())

moments = {}
def note(event):
    if event == "state":
        moments.setdefault(lab.session.state, time.process_time())
lab.session.subscribe(note)
"""


def click_latencies(notebook: NotebookPage, clicks: int = CLICKS) -> dict[str, list[float]]:
    """Milliseconds from a click to its effect on view, during a run: Pause, Go on, a learning rate.

    >>> click_latencies(notebook)["Pause"]
    """
    found: dict[str, list[float]] = {"Pause": [], "Go on": [], "learning rate": []}
    panel = notebook.panel("Training").element_handle()
    rates = notebook.panel("Learning rates").element_handle()
    rate = notebook.panel("Learning rates").get_by_label("fc", exact=True).element_handle()
    start(notebook)
    for number in range(clicks):
        value = -3 - (number % 10) / 10
        found["learning rate"].append(notebook.page.evaluate(CHANGE, [rate, rates, value]))
        for name in ("Pause", "Go on"):
            button = notebook.button("Training", name).element_handle()
            found[name].append(notebook.page.evaluate(PRESS, [button, panel]))
            until_state(notebook, "paused" if name == "Pause" else "running")
    notebook.press("Training", "Stop")
    until_state(notebook, "stopped")
    return found


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def live_costs(notebook: NotebookPage, repeats: int = REPEATS) -> dict[str, list[float]]:
    """CPU seconds of the kernel for the same run, `headless` and `live`, in turn.

    >>> live_costs(notebook)["live"]
    """
    notebook.ask(KERNEL)
    found: dict[str, list[float]] = {"headless": [], "live": []}
    for _ in range(repeats + 1):
        # After a run its mixtures with the pretrained network are measured in the background: not a part of it.
        notebook.until(lambda: notebook.ask("print(busy())") == "0", "for the background to be quiet")
        found["headless"].append(float(notebook.ask("print(headless())")))
        notebook.ask("moments.clear()")
        start(notebook)
        until_state(notebook, "finished")
        assert state(notebook) == "finished"
        moments: dict[str, Any] = json.loads(notebook.ask("print(json.dumps(moments))"))
        found["live"].append(moments["finished"] - moments["running"])
    return {name: values[1:] for name, values in found.items()}  # the first of each warms up


def main() -> int:
    from playwright.sync_api import sync_playwright

    with (
        tempfile.TemporaryDirectory() as folder,
        JupyterServer(Path(folder)) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(SWITCHES))
        notebook = NotebookPage(browser.new_page(viewport={"width": 1280, "height": 900}), server)
        open_lab(notebook, "clicks", line="layer3", epochs=500)
        for name, values in click_latencies(notebook).items():
            median, slow = statistics.median(values), percentile(values, 0.95)
            print(f"{name}: median {median:.0f} ms, 95th percentile {slow:.0f} ms, n = {len(values)}")
        notebook.open("cost", [lab_cell(line="layer3", epochs=8)])
        notebook.run_all()
        costs = live_costs(notebook)
        for name, values in costs.items():
            print(f"{name}: median {statistics.median(values):.2f} CPU s of {[round(one, 2) for one in values]}")
        headless, live = (statistics.median(costs[name]) for name in ("headless", "live"))
        print(f"being live costs {live / headless - 1:+.1%}")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
