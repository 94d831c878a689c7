"""Links to Binder: only where the project says its address, and then in every lesson, in the README and on the site."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "data_scripts"))
import build_lessons
import launching

ROOT = Path(__file__).resolve().parents[1]
ADDRESS = "https://mybinder.org/v2/gh/we/transferlab/v0.1.0"
OPENED = f"{ADDRESS}?urlpath=lab/tree/lessons/05_forgetting.ipynb"
README = "# transferlab\n\n<!-- binder -->\n{}<!-- /binder -->\n\nText.\n"


def project(folder, urls):
    (folder / "pyproject.toml").write_text(f'[project]\nname = "transferlab"\n{urls}')
    return folder / "pyproject.toml"


def test_the_address_is_one_line_of_the_project(tmp_path):
    assert launching.address(project(tmp_path, "")) == ""
    assert launching.address(project(tmp_path, f'[project.urls]\nBinder = "{ADDRESS}"\n')) == ADDRESS
    with pytest.raises(SystemExit, match=r"OWNER/REPOSITORY/TAG; it is https://github\.com/we/transferlab"):
        launching.address(project(tmp_path, '[project.urls]\nBinder = "https://github.com/we/transferlab"\n'))


def test_a_lesson_gets_its_link_and_none_without_an_address():
    source = ROOT / "lessons" / "_src" / "05_forgetting.py"
    first = nbformat.reads(build_lessons.built(source, ADDRESS), as_version=4).cells[0]
    assert first.source.endswith(f"[Open this lesson on Binder]({OPENED})")
    assert "inder" not in nbformat.reads(build_lessons.built(source), as_version=4).cells[0].source


def test_the_readme_gets_its_badge_and_loses_it_again():
    with_badge = launching.with_badge(README.format(""), ADDRESS)
    assert (
        f"(https://mybinder.org/badge_logo.svg)]({ADDRESS}?urlpath=lab/tree/lessons/00_first_transfer.ipynb)"
        in with_badge
    )
    assert launching.with_badge(with_badge, ADDRESS) == with_badge
    assert launching.with_badge(with_badge, "") == README.format("")
    assert launching.with_badge("# nothing\n", "") == "# nothing\n"
    with pytest.raises(SystemExit, match="no place for a badge"):
        launching.with_badge("# nothing\n", ADDRESS)


def test_the_repository_is_as_its_setting_says():
    command = [sys.executable, str(ROOT / "data_scripts" / "build_lessons.py"), "--check"]
    shown = subprocess.run(command, capture_output=True, text=True)
    assert shown.stdout.strip() == "changed: nothing"
    assert shown.returncode == 0
