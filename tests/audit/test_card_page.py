import re
from html.parser import HTMLParser

import pytest
import torch

from tests.audit.known_models import TwoEvidences, two_evidences
from transferlab.audit.bias_audit import bias_audit
from transferlab.audit.card_page import card_page

HOSTILE = "<img src=x onerror=alert(1)> \"quoted\" & 'more'"


class Outline(HTMLParser):
    """The elements of a page, and whether each is closed in its turn."""

    EMPTY = frozenset({"meta", "line", "circle", "path", "br"})

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.attributes, self.words = [], [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def page():
    images = two_evidences(120, 0.5, seed=1)
    table = {"light": ["day"] * 77 + [HOSTILE] * 40 + ["dusk"] * 3}
    right = torch.zeros(4, 4, dtype=torch.bool)
    right[:, 2:] = True
    audit = bias_audit(TwoEvidences(), images, table, right, method="saliency")
    return audit, card_page(audit, audit, audit.main, audit.main, f"cost {HOSTILE}", ("It says <nothing> more.",))


def test_it_is_whole_and_asks_for_nothing_from_elsewhere(page):
    outline = Outline(page[1])
    assert outline.open == []
    assert not {"script", "link", "img", "iframe", "object"} & set(outline.tags)
    names = {name for name, _ in outline.attributes}
    assert not {"src", "href", "onerror", "onclick", "onload"} & names
    assert "url(" not in page[1]
    assert "@import" not in page[1]
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in outline.attributes


def test_words_from_a_table_stay_words(page):
    assert any(HOSTILE in words for words in Outline(page[1]).words)
    assert "<nothing>" not in page[1]
    assert "&lt;nothing&gt;" in page[1]


def test_it_can_be_read_without_seeing_it(page):
    audit, text = page
    outline = Outline(text)
    assert ("lang", "en") in outline.attributes
    assert outline.tags.count("h1") == 1
    assert outline.tags.count("caption") == outline.tags.count("table") == 2
    chart = next(
        value for name, value in outline.attributes if name == "aria-label" and value.startswith("Accuracy be")
    )
    day = audit.main.groups[next(i for i, one in enumerate(audit.main.groups) if one.name == "day")]
    assert f"day from {day.accuracy:.1%} to {day.accuracy:.1%}" in chart
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_marks_stand_where_the_numbers_say(page):
    audit, text = page
    circles = [float(x) for x in re.findall(r'<circle cx="([\d.]+)%"', text)]
    assert circles == pytest.approx([100 * one.accuracy for one in audit.main.groups], abs=0.01)
    lines = re.findall(r'<g class="after"><line x1="([\d.]+)%" x2="([\d.]+)%"', text)
    expected = [tuple(100 * end for end in one.interval) for one in audit.main.groups]
    assert [tuple(map(float, line)) for line in lines] == [pytest.approx(one, abs=0.01) for one in expected]


def test_it_says_the_verdict_the_cost_the_shortcut_and_the_limits(page):
    words = " ".join(Outline(page[1]).words).replace("\N{NO-BREAK SPACE}", " ")
    assert page[0].main.verdict in words
    assert "as before" in words
    assert "100% of saliency lies on the shortcut" in words
    assert "'dusk' has 3 images and is not compared" in words
    assert "It says <nothing> more." in words
    assert "dusk *" in words
    assert "too few to compare" in words


def test_a_change_is_written_with_its_direction():
    images = two_evidences(120, 0.5, seed=1)
    model, other = TwoEvidences(), TwoEvidences()
    with torch.no_grad():
        other.fc.weight.copy_(torch.tensor([[-5.0, 0], [5, 0]]))
        other.fc.bias.zero_()  # the red, about its middle: better than a coin, if not the best
    before, after = bias_audit(model, images), bias_audit(other, images)
    for one, two in ((before, after), (after, before)):
        text = card_page(one, two, one.main, two.main, "", ())
        points = 100 * (two.accuracy - one.accuracy)
        assert abs(points) > 1
        assert f"{abs(points):.1f} points {'more' if points > 0 else 'less'}." in text
