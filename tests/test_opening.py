import ast
import json

import pytest

from transferlab import opening
from transferlab.opening import notebook, open_lab


def test_the_notebook_is_one():
    import nbformat

    nbformat.validate(nbformat.from_dict(notebook()))
    for cell in notebook("timm/resnet50", 'my "images"/')["cells"][1:]:
        ast.parse(cell["source"])
    assert (
        "Lab(backbone='timm/resnet50', data='satellite')"
        in notebook("timm/resnet50", "satellite")["cells"][1]["source"]
    )


def test_it_is_written_once_and_opened(tmp_path, monkeypatch):
    called = []
    monkeypatch.setattr(opening.subprocess, "call", lambda command: called.append(command) or 0)
    path = tmp_path / "mine.ipynb"
    assert open_lab(path, data="tissue", options=["--no-browser"]) == 0
    assert "tissue" in json.loads(path.read_text())["cells"][1]["source"]
    assert called[0][1:] == ["-m", "jupyterlab", str(path), "--no-browser"]
    path.write_text("the student's own")
    open_lab(path)
    assert path.read_text() == "the student's own"


def test_what_cannot_be_opened_is_a_sentence(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"transferlab lab .*mine\.ipynb"):
        open_lab(tmp_path / "mine")
    monkeypatch.setattr(opening.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="pip install"):
        open_lab(tmp_path / "mine.ipynb")
    assert not list(tmp_path.iterdir())
