"""A student's own pictures: uploaded, looked at, trained on; and what is no picture."""

import io

import pytest
from PIL import Image

from tests.browser.labs import open_lab, show_tab, start


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
    notebook.press("Data", "My pictures")
    return notebook


def test_two_classes_of_pictures_are_uploaded_and_trained_on_and_a_text_file_is_refused(images):
    panel = images.panel("Data")
    shows, chosen = panel.get_by_label("These pictures show"), panel.locator("input[type=file]")
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
