"""The same lab in Notebook 7 and in Voila."""

import pytest

from tests.browser.labs import open_lab, pictures, start, until_state


@pytest.mark.parametrize("app", ["notebook", "voila"])
def test_the_lab_trains_in_the_other_faces_of_jupyter(notebook, app):
    open_lab(notebook, f"lab_in_{app}", app=app)
    start(notebook)
    early = pictures(notebook)
    notebook.until(lambda: pictures(notebook) != early, "for the curves to grow")
    notebook.press("Training", "Pause")
    until_state(notebook, "paused")
    notebook.press("Training", "Stop")
    until_state(notebook, "stopped")
    notebook.check()
