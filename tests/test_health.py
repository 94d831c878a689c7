import importlib
import sys

import pytest

from transferlab import health
from transferlab.cli import main
from transferlab.health import Finding, Health, examine, free_memory_mb


def test_a_machine_that_runs_these_tests_is_fit():
    report = examine(offline=True)
    assert report.is_fit, str(report)
    assert {"bundled backbone", "a short training", "panels"} <= {one.what for one in report.findings}
    assert len(examine().findings) > len(report.findings)


def test_what_is_missing_is_said_with_the_command_that_mends_it(monkeypatch, capsys):
    found = importlib.import_module

    def without(name, *rest):
        if name in ("anywidget", "captum"):
            raise ImportError(name)
        return found(name, *rest)

    monkeypatch.setattr(health.importlib, "import_module", without)
    assert main(["doctor", "--offline"]) == 1
    said = capsys.readouterr().out
    assert "✗ panels: anywidget is not installed\n    Type pip install anywidget." in said
    assert "✗ attribution maps: captum is not installed" in said
    assert said.endswith("2 missing; see ✗ above.\n")


def test_an_examination_that_stumbles_is_a_finding_and_the_others_go_on(monkeypatch):
    monkeypatch.setattr("transferlab.backbones.load", lambda *_: (_ for _ in ()).throw(ValueError("no file\nmore")))
    report = examine(offline=True)
    assert "✗ backbone: ValueError: no file" in str(report)
    assert any(one.what == "panels" and one.outcome == "works" for one in report.findings)


def test_a_torch_that_does_not_go_with_its_torchvision_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    found = health._torch()
    assert found.outcome == "look"
    assert "from one index" in found.remedy


@pytest.mark.parametrize(("free", "outcome"), [(None, "look"), (300.0, "look"), (5000.0, "works")])
def test_little_memory(monkeypatch, free, outcome):
    monkeypatch.setattr(health, "free_memory_mb", lambda: free)
    assert health._memory().outcome == outcome


def test_memory_is_within_the_machines():
    psutil = pytest.importorskip("psutil")
    assert 0 < free_memory_mb() <= psutil.virtual_memory().total / 2**20


def test_a_folder_that_cannot_be_written_is_no_reason_to_stop(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TRANSFERLAB_CACHE", str(tmp_path / "file" / "cache"))
    found = health._cache()
    assert found.outcome == "look"
    assert "TRANSFERLAB_CACHE" in found.remedy


def test_words():
    report = Health((Finding("a", "works", "yes"), Finding("b", "missing", "no", "Type b.")))
    assert not report.is_fit
    assert str(report) == "✓ a: yes\n✗ b: no\n    Type b.\n1 missing; see ✗ above."
