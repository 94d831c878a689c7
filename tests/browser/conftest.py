"""One Jupyter server and one Chromium for all browser tests; each test gets a page of it."""

import os
from pathlib import Path

import pytest

from tests.browser.jupyter_server import JupyterServer
from tests.browser.pages import NotebookPage
from tests.browser.tools import SWITCHES, chromium, missing, must_run


def require_tools():
    """Skips, or in CI fails, where something is not installed."""
    sentences = missing()
    if sentences:
        (pytest.fail if must_run() else pytest.skip)(" ".join(sentences))


@pytest.fixture(scope="session")
def tools():
    require_tools()


@pytest.fixture(scope="session")
def server(tools, tmp_path_factory):
    with JupyterServer(tmp_path_factory.mktemp("jupyter")) as started:
        yield started


@pytest.fixture(scope="session")
def browser(tools):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=list(SWITCHES))
        # One context: what a page of Jupyter is made of is loaded once.
        yield started.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
        started.close()


@pytest.fixture
def notebook(server, browser, request):
    """A page for one notebook, whose kernel ends with the test; $TRANSFERLAB_SCREENSHOTS takes a picture."""
    page = NotebookPage(browser.new_page(), server)
    yield page
    folder = os.environ.get("TRANSFERLAB_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(Path(folder) / f"{request.node.name}.png")
    page.end_kernels()
    page.page.close()
