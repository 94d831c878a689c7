"""A race as a class would run it: a guess, start, points that arrive, the end, the guess judged; light and dark."""

import re

import pytest

from tests.browser.axe import violations
from tests.browser.labs import open_lab, show_tab

ENDED = re.compile(r"\b(\d+) of \1 runs")


@pytest.mark.slow  # sixteen whole runs
def test_a_race_is_bet_on_and_watched_to_its_end(notebook):
    open_lab(notebook, "race", line="fc", epochs=2)
    show_tab(notebook, "Race")
    panel = notebook.panel("Race")
    panel.get_by_role("textbox", name="Images a class").fill("1, 2")
    panel.get_by_label("Seeds").select_option("2")
    panel.get_by_label("With 1 a class wins").select_option(label="scratch")
    start = notebook.button("Race", "Start the race")
    start.click()
    notebook.until_text("Race", r"[1-9]\d* of \d+ runs")
    notebook.until(lambda: start.is_enabled() and ENDED.search(notebook.text("Race")), "for the end of the race", 600)
    said = notebook.until_text("Race", r"(?s)Your guess.*Who overtakes whom.*")[0]
    assert "scratch" in said
    assert "crossover" in said or "overtakes" in said
    panel.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
    assert "95" in panel.get_by_role("table").first.inner_text() or "%" in panel.get_by_role("table").first.inner_text()
    assert violations(notebook.page, '.tl-panel[aria-label="Race"]') == []
    notebook.darken()
    assert violations(notebook.page, '.tl-panel[aria-label="Race"]') == []
    notebook.check()
