"""The same lab in Notebook 7 and in Voila."""

import pytest

from tests.browser.labs import open_lab, pictures, steps


@pytest.mark.parametrize("app", ["notebook", "voila"])
def test_the_lab_trains_in_the_other_faces_of_jupyter(notebook, app):
    open_lab(notebook, f"lab_in_{app}", app=app)
    notebook.press("Training", "Start")
    notebook.until(lambda: steps(notebook) > 3, "for the run")
    early = pictures(notebook)
    notebook.until(lambda: pictures(notebook) != early, "for the curves to grow")
    notebook.press("Training", "Pause")
    notebook.until_text("Training", "(?m)^paused$")
    notebook.press("Training", "Stop")
    notebook.until_text("Training", "(?m)^stopped$")
    notebook.check()
