"""What the browser tests need of the machine, and what is missing here.

    missing() == []                    # everything is there
    missing()                          # ["Chromium: …", "playwright: …"]

Chromium is $TRANSFERLAB_CHROMIUM or what the PATH holds; axe-core comes with the package axe-playwright-python. Left
out: fetching anything; `.ci/run` says how to install them.
"""

import os
import shutil
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = ("playwright", "axe_playwright_python", "jupyterlab", "notebook", "voila")
# Chromium looks for nothing but what the tests open, and finds no machine but this one.
SWITCHES = (
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
    "--disable-component-update", "--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip


def chromium(environment: Mapping[str, str] = os.environ) -> str | None:
    """Where Chromium is, or None."""
    named = environment.get("TRANSFERLAB_CHROMIUM")
    if named:
        return named if os.access(named, os.X_OK) else None
    found = (shutil.which(name, path=environment.get("PATH")) for name in NAMES)
    return next((one for one in found if one), None)


def missing(environment: Mapping[str, str] = os.environ) -> list[str]:
    """A sentence for each thing that is not there."""
    sentences = []
    if chromium(environment) is None:
        sentences.append(
            "Chromium is not installed (apt-get install chromium), or set TRANSFERLAB_CHROMIUM to where it is."
        )
    absent = [name for name in PACKAGES if find_spec(name) is None]
    if absent:
        sentences.append(f"{', '.join(absent)} cannot be imported: pip install -e '.[test]'.")
    return sentences


def must_run(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a missing tool is a failure, as it is in CI, and no reason to skip."""
    return environment.get("CI_BROWSER") == "1"


def axe_script(environment: Mapping[str, str] = os.environ) -> str:
    """axe-core as text to run in a page; $TRANSFERLAB_AXE names another version's file."""
    named = environment.get("TRANSFERLAB_AXE")
    if named:
        return Path(named).read_text(encoding="utf-8")
    spec = find_spec("axe_playwright_python")
    assert spec is not None, "missing() is asked first"
    return (Path(spec.submodule_search_locations[0]) / "axe.min.js").read_text(encoding="utf-8")
