"""After a run: mixing it with the pretrained network, and scrubbing through what it looked like on the way."""

from tests.browser.labs import finish, open_lab, show_tab


def look_at_mixtures(notebook):
    """At both ends of the slider stands what the run recorded; in between a mixture is measured."""
    panel = notebook.panel("What is kept and what is forgotten")
    slider = panel.get_by_label("Mix α")
    notebook.until(slider.is_enabled, "for the slider")
    told = {}
    for alpha, key in ((1, "End"), (0, "Home")):
        slider.press(key)
        notebook.until(lambda alpha=alpha: f"Measured at α = {alpha}" in panel.inner_text(), f"for α = {alpha}")
        told[alpha] = panel.locator(".tl-meter-value").all_inner_texts()
    run = "lab.session.runs[-1].run"
    assert told[1] == notebook.ask(f"print(f'{{{run}.accuracy:.1%}} {{{run}.source_after:.1%}}')").split()
    assert told[0][1] == notebook.ask(f"print(f'{{{run}.source_before:.1%}}')")  # all of the source task is back
    box = slider.bounding_box()
    slider.click(position={"x": 0.37 * box["width"], "y": box["height"] / 2})
    notebook.until(lambda: "Measured at α = 0.3" in panel.inner_text(), "for a mixture in between")


def look_at_filters(notebook):
    """Each epoch on the time slider has filters of its own."""
    panel = notebook.panel("Filters and activations")
    slider, now = panel.get_by_label("Time", exact=True), panel.locator("figure", has_text="Now").locator("canvas")
    notebook.until(slider.is_enabled, "for the slider")
    where, seen = [], set()
    for key in ("End", "Home", "ArrowRight"):
        slider.press(key)
        notebook.until(lambda: "…" not in panel.locator(".tl-time-where").inner_text(), "for the picture")
        where.append(panel.locator(".tl-time-where").inner_text())
        seen.add(now.evaluate("one => one.toDataURL()"))
    assert where[0].startswith("epoch 3"), where
    assert len(set(where)) == len(seen) == 3, where


def test_the_mixing_slider_moves_both_accuracies_and_the_time_slider_the_filters(notebook):
    open_lab(notebook, "after", line="conv1", epochs=3)
    finish(notebook)
    show_tab(notebook, "Forgetting")
    look_at_mixtures(notebook)
    show_tab(notebook, "Filters")
    look_at_filters(notebook)
    notebook.check()
