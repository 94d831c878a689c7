from transferlab.widgets.code_panel import CodePanel
from transferlab.widgets.live_run import LiveRun
from transferlab.widgets.tabs import Tabs


def test_one_panel_is_on_view(make_session, page):
    session, shown = make_session(), []
    panels = {"Run": LiveRun(session), "Code": CodePanel(session)}
    tabs = page(Tabs(panels, shown.append))
    assert [one.layout.display for one in panels.values()] == [None, "none"]
    tabs.press("show", name="Code")
    assert [one.layout.display for one in panels.values()] == ["none", None]
    assert tabs.state == {"names": ["Run", "Code"], "shown": "Code"}
    assert shown == ["Code"]
    tabs.press("show", name="Cod")
    assert "Did you mean 'Code'" in tabs.sentences[-1]
