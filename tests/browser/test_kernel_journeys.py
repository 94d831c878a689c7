"""What happens to a lab when the cell is run again, the page is loaded again, the kernel dies, the training breaks."""

from tests.browser.labs import open_lab, pictures, start, steps, training_threads, until_state


def test_the_curves_come_back_after_a_reload_and_the_same_cell_run_again_ends_the_run(notebook):
    open_lab(notebook, "again")
    notebook.press("Training", "Start")
    notebook.until_text("Training", r"held-out\s+(\d+\.\d)%")
    notebook.reload()
    notebook.button("Training", "Stop").wait_for()
    assert steps(notebook) > 0
    grown = pictures(notebook)
    notebook.until(lambda: pictures(notebook) != grown, "for the curves to grow after the reload")
    points = notebook.ask("print(len(lab.session.log.series['held_out'].x))")
    assert int(points) > 0

    notebook.ask("first = lab")
    notebook.run_all()
    until_state(notebook, "ready")
    assert notebook.ask("print(first.session.state, lab.session.state)") == "stopped ready"
    assert training_threads(notebook) == []
    start(notebook)
    notebook.check()


def test_a_restarted_kernel_is_said_in_the_panel_and_running_the_cell_again_mends_it(notebook):
    open_lab(notebook, "restarted")
    start(notebook)
    notebook.restart_kernel()
    notebook.until_text("Training", "The kernel does not answer.*run this cell again")
    notebook.run_all()
    until_state(notebook, "ready")
    start(notebook)
    notebook.check()


BREAK = """
from transferlab.batch_gradient import BatchGradient
gradient = BatchGradient.__call__
def broken(*_): raise RuntimeError("an injected failure")
BatchGradient.__call__ = broken
"""


def test_a_failure_in_the_middle_of_a_run_can_be_read_and_the_lab_goes_on(notebook):
    open_lab(notebook, "failing")
    start(notebook)
    notebook.ask(BREAK)
    until_state(notebook, "failed")
    failure = notebook.panel("Training").locator("[role=alert]")
    said = failure.inner_text()
    assert "RuntimeError: an injected failure" in said
    assert "Start begins anew" in said
    assert "Traceback" not in notebook.page.locator(".jp-OutputArea").first.inner_text()
    notebook.ask("BatchGradient.__call__ = gradient")
    start(notebook)
    assert failure.text_content() == ""
    notebook.check()
