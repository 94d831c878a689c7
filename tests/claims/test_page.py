import re
from html.parser import HTMLParser

import pytest

from tests.claims.test_ledger import SURE, UNSURE, made_up
from transferlab.claims.claim import Finding, Scale
from transferlab.claims.drawing import claim_figure, findings_axes, wrapped
from transferlab.claims.ledger import settle
from transferlab.claims.page import write_page
from transferlab.plots.style import alternative_text


@pytest.fixture
def ledger():
    claims = (made_up(1, Finding(SURE), Finding(UNSURE, main=False)), made_up(2, error="No <b>luck</b> & no cell."))
    return settle(Scale("quick"), claims)


class Images(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.found.append(dict(attrs))


def test_the_page_is_one_file_that_fetches_nothing_and_describes_its_figures(ledger, tmp_path):
    text = write_page(ledger, tmp_path / "claims.html").read_text()
    assert not re.search(r"(src|href)=\"(?!data:|#)", text)
    reader = Images()
    reader.feed(text)
    assert len(reader.found) == 1
    assert "gain: +60.0 points" in reader.found[0]["alt"]
    assert "other" in reader.found[0]["alt"]
    assert "No &lt;b&gt;luck&lt;/b&gt; &amp; no cell." in text
    assert 'href="#claim-1"' in text
    assert 'id="claim-1"' in text


def test_a_finding_is_drawn_with_its_seeds_and_its_margin():
    ax = findings_axes((Finding(SURE, margin=0.1),))
    dots = ax.collections[0].get_offsets()
    assert [round(x) for x, _ in dots] == [50, 60, 70]
    assert any(list(line.get_xdata()) == [10.0, 10.0] for line in ax.lines)  # the margin, in points
    assert "gain: +60.0 points" in alternative_text(ax)


def test_a_claim_with_a_picture_of_its_own_has_both(ledger):
    def draw(data, ax):
        ax.plot(data["seeds"])

    from dataclasses import replace

    entry = ledger.entries[0]
    figure = claim_figure(replace(entry, claim=replace(entry.claim, draw=draw)))
    assert len(figure.axes) == 2
    assert list(figure.axes[1].lines[0].get_ydata()) == [0, 1]


def test_long_names_go_over_several_lines():
    assert wrapped("one two three", width=7) == "one two\nthree"
