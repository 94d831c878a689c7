import re
from html.parser import HTMLParser

from transferlab.explain.words import WordAttributions, word_spans
from transferlab.plots import alternative_text, save_figure, word_axes, word_html

TEXT = 'Fine <script>alert("1")</script> & "so" on\n\n$5 costs 𝄞'


def attributed(text=TEXT, **fields):
    spans = tuple(word_spans(text))
    values = tuple((-1) ** i * (i + 1) / 10 for i in range(len(spans)))
    score = sum(values) + 0.5
    return WordAttributions(text, spans, values, 0, "<b>good</b>", score, 0.5, 0.0, 0.0, 32, **fields)


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.said = [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.said += data


def test_a_text_cannot_become_html():
    page = Reader()
    html = word_html(attributed(cut=True))
    page.feed(html)
    assert set(page.tags) <= {"figure", "div", "strong", "span", "small"}
    assert TEXT in page.said  # letter for letter
    assert "<b>good</b>" in page.said
    assert "longer than what the model reads" in page.said


def test_a_shade_has_a_sign_besides_its_colour():
    html = word_html(attributed("yes no"))
    yes, no = re.findall(r"<span title[^>]*>", html)
    assert "underline solid" in yes
    assert "underline dotted" in no
    assert "background:rgb(86, 180, 233)" in no  # the strongest has the full colour
    assert 'title="-0.20"' in no
    assert 'aria-label="What each word adds to the score of' in html


def test_a_figure_shows_every_word_and_says_it_in_words(tmp_path):
    ax = word_axes(attributed("a " * 100 + "b" * 200), width=40)
    shown = [text.get_text() for text in ax.texts]
    assert shown.count("a") == 100
    assert shown[-1] == "b" * 39 + "…"
    assert max(text.get_position()[0] + len(text.get_text()) for text in ax.texts) <= 40
    assert f"For it: {'b' * 29}… +" in alternative_text(ax)
    assert save_figure(ax, tmp_path / "words.png").stat().st_size > 1000


def test_dollars_are_no_formulas():
    ax = word_axes(attributed("costs $5 and $6"))
    ax.figure.canvas.draw()
    assert sum(text.get_text() == r"\$" for text in ax.texts) == 2


def test_nothing_to_say_is_drawn_too():
    flat = WordAttributions("a b", ((0, 1), (2, 3)), (0.0, 0.0), 0, "good", 0.1, 0.1, 0.0, 0.0, 32)
    assert "underline solid 2px;text-underline" not in word_html(flat).split("speaks")[0].split("</div>")[1]
    word_axes(flat).figure.canvas.draw()
