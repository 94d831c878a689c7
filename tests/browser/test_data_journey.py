"""Sounds and texts in the lab: made, heard, looked at and learned from, as a student would."""

from tests.browser.axe import violations
from tests.browser.labs import finish, open_lab, show_tab

TEXTS = """from transferlab import Lab
from transferlab.language import LastToken, load_language_model, sentence_set
from transferlab.text import sentences

given = sentences()
model, tokenizer = load_language_model()
labels = [given.class_names.index(label) for label in given.labels]
data = sentence_set(tokenizer, given.texts, labels, given.class_names).split(0.8)
lab = Lab(LastToken(model, tokenizer), data, recipe="mine", epochs=2)
lab"""


def nothing_to_say(notebook, title):
    """What axe finds in a panel, light and dark: nothing."""
    found = []
    for dark in (False, True):
        notebook.darken(dark)
        found += violations(notebook.page, f'.tl-panel[aria-label="{title}"]')
    notebook.darken(False)
    return found


def test_sounds_are_made_heard_and_learned_from(notebook):
    open_lab(notebook, "sounds", epochs=2, line="fc")
    show_tab(notebook, "Data")
    notebook.press("Data", "Sounds")
    notebook.until_text("Data", r"timbre")
    panel = notebook.panel("Data")
    notebook.until(lambda: panel.locator(".tl-sound-image").get_attribute("alt"), "for a sound to look at")
    assert "Hz" in panel.locator(".tl-sound-image").get_attribute("alt")
    tile = panel.locator(".tl-data-tile").nth(5)
    tile.click()
    label, number = tile.get_attribute("aria-label").split(", sound ")
    wanted = f"Sound {number}: {label}"
    notebook.until(lambda: panel.locator("audio").get_attribute("aria-label") == wanted, f"for {wanted}")
    notebook.until(lambda: panel.locator("audio").evaluate("audio => audio.duration") == 1.0, "for its length")
    assert panel.locator("audio").evaluate("audio => audio.paused"), "nothing plays by itself"
    painted = "one => one.getContext('2d').getImageData(0, 0, one.width, one.height).data.some(value => value > 0)"
    assert panel.locator(".tl-sound-wave").evaluate(painted)
    panel.get_by_label("Their class").select_option("struck")
    notebook.press("Data", "Relabel")
    notebook.until(lambda: panel.locator(".tl-sound-title").inner_text() == "struck", "for its new name")
    assert panel.locator("audio").get_attribute("aria-label") == f"Sound {number}: struck", "the same sound is on view"
    assert nothing_to_say(notebook, "Data") == []
    notebook.press("Data", "Use these sounds")
    notebook.until_text("Data", r"✓ in use")
    finish(notebook)
    notebook.check()


def test_texts_are_shown_and_their_words_shaded(notebook):
    notebook.open("texts", [TEXTS])
    notebook.run_all()
    show_tab(notebook, "Data")
    panel = notebook.panel("Data")
    notebook.until(lambda: panel.locator(".tl-data-tile").first.inner_text().strip(), "for the texts")
    assert nothing_to_say(notebook, "Data") == []
    finish(notebook)
    show_tab(notebook, "Reasons")
    reasons = notebook.panel("What the answers rest on")
    notebook.until(lambda: reasons.locator(".tl-word").count() > 8, "for shaded words")
    assert nothing_to_say(notebook, "What the answers rest on") == []
    show_tab(notebook, "Filters")
    notebook.until_text("Filters and activations", r"look at pictures; this one reads texts")
    notebook.check()
