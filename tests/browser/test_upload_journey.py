"""A student's own pictures and sounds: uploaded, looked at, heard, trained on; and what is neither."""

import io

import pytest
from PIL import Image

from tests.browser.labs import open_lab, show_tab, start
from tests.sound.sound_files import sine, wav


def picture(red, number):
    """A small PNG of one colour with a mark of its own, as bytes."""
    image = Image.new("RGB", (48, 48), (200, 30, 30) if red else (30, 30, 200))
    image.putpixel((number, number), (255, 255, 255))
    held = io.BytesIO()
    image.save(held, "PNG")
    return held.getvalue()


def files(name, red, numbers):
    return [{"name": f"{name}{i}.png", "mimeType": "image/png", "buffer": picture(red, i)} for i in numbers]


@pytest.fixture
def images(notebook):
    open_lab(notebook, "uploads", line="fc", epochs=3)
    show_tab(notebook, "Data")
    notebook.press("Data", "My files")
    return notebook


def test_two_classes_of_pictures_are_uploaded_and_trained_on_and_a_text_file_is_refused(images):
    panel = images.panel("Data")
    shows, chosen = panel.get_by_label("These files are of"), panel.locator("input[type=file]")
    for name, red in (("apple", True), ("plum", False)):
        shows.fill(name)
        chosen.set_input_files(files(name, red, range(6)))
        images.until(lambda name=name: name in panel.inner_text().split("Data")[-1], f"for {name}")
    chosen.set_input_files([{"name": "notes.png", "mimeType": "image/png", "buffer": b"no picture at all"}])
    images.until_text("Data", r"notes\.png")

    images.press("Data", "Use these images")
    images.until(lambda: images.ask("print(lab.session.data.train.class_names)") == "('apple', 'plum')", "for the data")
    start(images)
    images.check()


def test_two_classes_of_sounds_are_uploaded_and_heard(images, tmp_path):
    panel = images.panel("Data")
    kept = panel.get_by_label("Kept under the name")
    kept.fill("tones")
    kept.blur()
    images.until_text("Data", r"transferlab-data/tones")
    shows, chosen = panel.get_by_label("These files are of"), panel.locator("input[type=file]")
    for name, hertz in (("low", 300), ("high", 900)):
        shows.fill(name)
        chosen.set_input_files([wav(tmp_path / f"{name}{i}.wav", 0.5 * sine(0.3, hertz + 20 * i)) for i in range(5)])
        images.until_text("Data", rf"5 sounds added to '{name}'")
    images.until(lambda: "high" in panel.locator(".tl-sound-title").inner_text(), "for the first sound")
    assert panel.locator("audio").is_visible()
    images.press("Data", "Use these sounds")
    images.until_text("Data", r"✓ in use")
    images.check()
