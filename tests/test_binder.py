"""What can be tested of Binder's files without Binder: pins, scripts, and that they agree with the package."""

import re
import subprocess
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
BINDER = ROOT / "binder"


def pins():
    lines = (BINDER / "requirements.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith(("#", "-")))


def test_every_dependency_is_pinned_exactly_to_a_version_that_the_package_takes():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = pins()
    for text in project["dependencies"]:
        wanted = Requirement(text)
        assert wanted.specifier.contains(Version(found[wanted.name])), wanted
    assert not any("+" in version for version in found.values())  # aarch64 has no such builds
    assert not {"jupyterlab", "notebook"} & set(found)


def test_lines_that_would_undo_the_layer_cache_are_not_there():
    text = (BINDER / "requirements.txt").read_text()
    assert not re.search(r"^-[erc] ", text, re.MULTILINE)
    assert "--extra-index-url https://download.pytorch.org/whl/cpu" in text
    assert sorted(path.name for path in BINDER.iterdir()) == ["postBuild", "requirements.txt", "runtime.txt", "start"]
    assert (BINDER / "runtime.txt").read_text().strip() == "python-3.12"


def test_scripts_can_be_run_and_stop_at_the_first_error():
    for name in ("postBuild", "start"):
        path = BINDER / name
        assert path.stat().st_mode & 0o111, f"{name} is not executable"
        assert subprocess.run(["bash", "-n", str(path)]).returncode == 0
    assert "set -euo pipefail" in (BINDER / "postBuild").read_text()


def test_start_gives_one_thread_to_what_it_starts(tmp_path):
    shown = subprocess.run(
        [str(BINDER / "start"), "bash", "-c", "echo $OMP_NUM_THREADS $HF_HUB_OFFLINE $TRANSFERLAB_PROGRESS"],
        capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
    )  # fmt: skip
    assert shown.stdout.split() == ["1", "1", f"{tmp_path}/progress"]
