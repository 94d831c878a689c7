"""A student's hour in half a minute: start, watch, slow down, pause, go on, unfreeze, stop, read the code."""

from tests.browser.labs import open_lab, pictures, show_tab, steps, until_state


def test_a_run_is_started_steered_paused_resumed_and_stopped(notebook):
    open_lab(notebook, "run")
    empty = pictures(notebook)
    notebook.press("Training", "Start")
    notebook.until(lambda: steps(notebook) > 5, "for five batches")
    early = pictures(notebook)
    assert all(one != other for one, other in zip(empty, early, strict=True)), "a chart stayed empty"
    notebook.until(lambda: pictures(notebook) != early, "for the curves to grow")
    assert notebook.until_text("Training", r"held-out\s+(\d+\.\d)%")
    assert notebook.until_text("Training", r"source kept\s+(\d+\.\d)%")

    notebook.press("Training", "Pause")
    until_state(notebook, "paused")
    stood_at = steps(notebook)
    later = notebook.ask("import time; time.sleep(0.5); print(lab.session.log.steps)")
    assert stood_at == int(later) == steps(notebook), "it trained on during the pause"
    notebook.press("Training", "Step")
    notebook.until(lambda: steps(notebook) == stood_at + 1, "for one more batch")
    until_state(notebook, "paused")
    notebook.press("Training", "Go on")
    notebook.until(lambda: steps(notebook) > stood_at + 3, "for the run to go on")

    rate = notebook.panel("Learning rates").get_by_label("Learning rate of fc")
    rate.select_text()
    rate.press_sequentially("5e-4", delay=200)  # slower than the panel is drawn anew
    rate.press("Enter")
    notebook.until(
        lambda: notebook.ask("print(f'{lab.session.log.last(\"lr/fc\"):.3e}')") == "5.000e-04", "for the rate"
    )
    notebook.until_text("Training", r"fc\s+5e-4")

    line = notebook.panel("Freeze line").get_by_role("slider", name="Freeze line")
    assert line.get_attribute("aria-valuetext") == "everything below layer4 is frozen"
    moved = "sum(one.requires_grad for one in lab.session._trainer.model.layer3.parameters())"
    assert notebook.ask(f"print({moved})") == "0"
    line.press("ArrowDown")
    assert line.get_attribute("aria-valuetext") == "everything below layer3 is frozen"
    notebook.until(lambda: int(notebook.ask(f"print({moved})")) > 0, "for layer3 to train")
    notebook.until_text("Training", r"layer3\s+\de-\d")  # its curve among the learning rates
    stood_at = steps(notebook)
    notebook.until(lambda: steps(notebook) > stood_at + 2, "for the run to go on")

    notebook.press("Training", "Stop")
    until_state(notebook, "stopped")
    assert notebook.button("Training", "Start again").is_enabled()
    commands = "[(one.what, one.stage) for one in lab.session.runs[0].run.commands]"
    assert notebook.ask(f"print({commands})") == "[('set_lr', 'fc'), ('freeze_to', 'layer3')]"
    show_tab(notebook, "Show me the code")
    code = notebook.panel("Show me the code").get_by_role("region").inner_text()
    assert "5e-4" in code or "0.0005" in code, "the code leaves out what was done by hand"
    notebook.check()


def test_the_code_follows_the_settings(notebook):
    open_lab(notebook, "code", recipe="fine_tuning")
    show_tab(notebook, "Show me the code")
    code = notebook.panel("Show me the code").get_by_role("region")
    assert "fine_tuning(" in code.inner_text()
    notebook.panel("Recipe").get_by_label("Recipe", exact=True).select_option("gradual_unfreezing")
    notebook.until(lambda: "gradual_unfreezing(" in code.inner_text(), "for the code to follow")
    assert code.inner_text().strip() == notebook.ask("print(lab.session.code())")
    with notebook.page.expect_download() as download:
        notebook.press("Show me the code", "Save as transfer.py")
    assert download.value.suggested_filename == "transfer.py"
    assert download.value.path().read_text().strip() == code.inner_text().strip()
    notebook.check()
