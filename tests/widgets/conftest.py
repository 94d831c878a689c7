"""Panels without a browser: what they send is recorded, what a page would send is given to them."""

import pytest

from tests.lab.conftest import make_session, slow_steps
from tests.widgets.data_pages import here, opened, worlds_are_drawn_once

__all__ = ["here", "make_session", "opened", "slow_steps", "worlds_are_drawn_once"]


class Page:
    """What a browser's page would see of a panel."""

    def __init__(self, panel):
        self.panel, self.sent = panel, []
        panel.send = lambda content, buffers=None: self.sent.append((content, list(buffers or [])))

    def press(self, name, /, buffers=(), **content):
        """Press a control; returns what was sent until the answer."""
        before = len(self.sent)
        self.panel._receive(None, {"kind": "act", "name": name, "content": content, "number": 7}, list(buffers))
        return self.sent[before:]

    def hello(self):
        before = len(self.sent)
        self.panel._receive(None, {"kind": "hello"}, [])
        return self.sent[before:]

    @property
    def state(self):
        return [content["state"] for content, _ in self.sent if content["kind"] == "state"][-1]

    @property
    def sentences(self):
        return [content["text"] for content, _ in self.sent if content["kind"] == "sentence"]

    def messages(self, name):
        return [(c["content"], buffers) for c, buffers in self.sent if c["kind"] == "message" and c["name"] == name]


@pytest.fixture
def page():
    """Opens panels, and closes them afterwards."""
    opened = []

    def open_page(panel):
        opened.append(Page(panel))
        return opened[-1]

    yield open_page
    for one in opened:
        one.panel.close()
