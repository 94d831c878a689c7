"""What is missing is said: a reason to skip here, a failure in CI."""

import socket
import urllib.request

import pytest

from tests.browser import conftest, tools
from tests.conftest import NetworkTouched


def test_chromium_is_found_by_name_on_the_path_or_where_the_variable_says(tmp_path):
    assert tools.chromium({"PATH": str(tmp_path)}) is None
    (sentence, *_) = tools.missing({"PATH": str(tmp_path)})
    assert "TRANSFERLAB_CHROMIUM" in sentence
    program = tmp_path / "google-chrome"
    program.touch(mode=0o755)
    assert tools.chromium({"PATH": str(tmp_path)}) == str(program)
    assert tools.chromium({"PATH": "", "TRANSFERLAB_CHROMIUM": str(program)}) == str(program)
    program.chmod(0o644)
    assert tools.chromium({"PATH": "", "TRANSFERLAB_CHROMIUM": str(program)}) is None


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(tools, "PACKAGES", ("playwright", "no_such_package"))
    assert "no_such_package cannot be imported: pip install -e '.[test]'." in tools.missing()


@pytest.mark.parametrize(("variable", "outcome"), [("1", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_what_is_missing_skips_and_fails_in_ci(monkeypatch, variable, outcome):
    monkeypatch.setenv("CI_BROWSER", variable)
    monkeypatch.setattr(conftest, "missing", lambda: ["Chromium is not installed."])
    with pytest.raises(outcome, match="Chromium is not installed"):
        conftest.require_tools()


def test_nothing_is_missing_where_everything_is(monkeypatch):
    monkeypatch.setattr(conftest, "missing", list)
    conftest.require_tools()


def test_sockets_stay_blocked_here_as_well():
    # Chromium and Jupyter are processes of their own, so that the tests themselves need no exception.
    for host in ("127.0.0.1", "192.0.2.1"):
        with pytest.raises(NetworkTouched):
            socket.create_connection((host, 9))
        with pytest.raises(NetworkTouched):
            urllib.request.urlopen(f"http://{host}:9/")
