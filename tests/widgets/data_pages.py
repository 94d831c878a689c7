"""A data panel without a browser, on a world that is drawn once for all tests, and what a page does to it."""

import functools

import pytest

from transferlab.lab.data.data_choice import WorldData
from transferlab.widgets.data_panel import DataPanel

SMALL = WorldData(per_class=6)
drawn_once = functools.cache(WorldData.make)  # the same choice gives the same images, so that they serve all tests


@pytest.fixture
def worlds_are_drawn_once(monkeypatch):
    monkeypatch.setattr(WorldData, "make", lambda self: drawn_once(self))


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # uploads go to a folder below the current one
    return tmp_path


@pytest.fixture
def opened(make_session, page, here, worlds_are_drawn_once):
    def open_panel(data=SMALL, **settings):
        shown = page(DataPanel(make_session(data=data, **settings)))
        assert shown.panel.draft.wait()
        shown.hello()
        return shown

    return open_panel


def done(shown):
    assert shown.panel.draft.wait()
    assert shown.panel.failures == []
    return shown


def upload(shown, files, class_name="", piece=1000):
    shown.press("begin")
    for number, (name, content) in enumerate(files):
        for at in range(0, max(1, len(content)), piece):
            buffers = [memoryview(content[at : at + piece])] if content else []
            values = {"file": number, "size": len(content), "at": at, "class_name": class_name}
            before = len(shown.messages("got"))
            shown.panel._receive(
                None, {"kind": "act", "name": "piece", "content": {"name": name, **values}, "number": 1}, buffers
            )
            assert shown.panel.draft.wait()
            answers = shown.messages("got")
            assert len(answers) == before + 1, "each piece is answered, or the page would wait for ever"
            if answers[-1][0].get("refused"):
                break
    shown.press("finish", class_name=class_name, per_class=None, size=64)
    return done(shown)


def tiles(shown):
    return shown.messages("page")[-1][0]["tiles"]
