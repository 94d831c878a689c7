"""The smallest panel, to test the browser's tests with.

from tests.browser.counter import Counter
Counter()
"""

from pathlib import Path

from transferlab.widgets.panel import Panel


class Counter(Panel):
    """Counts, and stumbles when asked to."""

    title, script = "Counter", str(Path(__file__).with_name("counter.js"))

    def __init__(self):
        self.count = 0
        super().__init__()

    def state(self):
        return {"count": self.count}

    def do_add(self, content, buffers):
        self.count += content["by"]
        self.refresh()

    def do_pulse(self, content, buffers):
        pass

    def do_stumble(self, content, buffers):
        raise ValueError("No stage 'layre4'. Did you mean 'layer4'?")
