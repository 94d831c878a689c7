"""After a run: mixing it with the pretrained network, and scrubbing through what it looked like on the way."""

from tests.browser.labs import finish, open_lab, show_tab


def drag(slider, share):
    """Put a slider where a pointer would, as a share of its width."""
    box = slider.bounding_box()
    slider.click(position={"x": max(1, min(box["width"] - 1, share * box["width"])), "y": box["height"] / 2})


def test_mixing_with_the_pretrained_network_moves_both_accuracies(notebook):
    open_lab(notebook, "mixing", line="layer4", epochs=2)
    finish(notebook)
    show_tab(notebook, "Forgetting")
    panel = notebook.panel(notebook.ask("print(lab.forgetting.title)"))
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
    drag(slider, 0.5)
    notebook.until(lambda: panel.inner_text().count("Measured at α = 0.") == 1, "for a mixture in between")
    notebook.check()


def test_the_time_slider_shows_the_filters_of_earlier_epochs(notebook):
    open_lab(notebook, "time", line="conv1", epochs=3)
    finish(notebook)
    show_tab(notebook, "Filters")
    panel = notebook.panel(notebook.ask("print(lab.filters.title)"))
    slider, now = panel.get_by_label("Time", exact=True), panel.locator("figure", has_text="Now").locator("canvas")
    notebook.until(slider.is_enabled, "for the slider")
    seen = {}
    for key in ("End", "Home", "ArrowRight"):
        slider.press(key)
        notebook.until(lambda: "…" not in panel.locator(".tl-time-where").inner_text(), "for the picture")
        seen[key] = (panel.locator(".tl-time-where").inner_text(), now.evaluate("one => one.toDataURL()"))
    where = [text for text, _ in seen.values()]
    assert where[0].startswith("epoch 3"), where
    assert len({picture for _, picture in seen.values()}) == 3, where
    notebook.check()
