"""`transferlab lab`: a notebook with the lab in it, and JupyterLab opened on it.

    open_lab(Path("transferlab.ipynb"), backbone="bundled", data="objects")

The notebook is an ordinary one, without outputs, for its user to keep. One that is there already is opened as it is.
"""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from transferlab.files import write_atomically

INTRODUCTION = """# The lab

Run the cell below (Shift+Enter). Press **Start** to train; drag the freeze line or a learning rate before or while it
trains. **Show me the code** has the same in plain PyTorch."""


def notebook(backbone: str = "bundled", data: str = "objects") -> dict:
    """A notebook of two cells, in nbformat's JSON.

    >>> notebook()["cells"][1]["source"]
    'from transferlab import Lab\\n\\nlab = Lab()\\nlab'
    """
    given = [f"backbone={backbone!r}"] if backbone != "bundled" else []
    given += [f"data={data!r}"] if data != "objects" else []
    code = f"from transferlab import Lab\n\nlab = Lab({', '.join(given)})\nlab"
    return {
        "cells": [
            {"cell_type": "markdown", "id": "introduction", "metadata": {}, "source": INTRODUCTION},
            {
                "cell_type": "code", "id": "lab", "metadata": {}, "source": code, "outputs": [],
                "execution_count": None,
            },
        ],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }  # fmt: skip


def open_lab(path: Path, backbone: str = "bundled", data: str = "objects", options: Sequence[str] = ()) -> int:
    """Write the notebook unless it is there, open JupyterLab on it, and wait for its end; returns the exit status.

        >>> open_lab(Path("transferlab.ipynb"), options=["--no-browser"])

    Raises:
        ValueError: JupyterLab is not installed, or the path is no notebook's.
        OSError: the notebook cannot be written.
    """
    if path.suffix != ".ipynb":
        raise ValueError(f"A notebook's name ends in .ipynb; you gave '{path}'. Type transferlab lab {path}.ipynb.")
    if importlib.util.find_spec("jupyterlab") is None:
        raise ValueError('JupyterLab is not installed. Type: pip install "transferlab[lab]"')
    if not path.exists():
        text = json.dumps(notebook(backbone, data), indent=1, ensure_ascii=False) + "\n"
        write_atomically(path, lambda partial: partial.write_text(text, encoding="utf-8"))
    return subprocess.call([sys.executable, "-m", "jupyterlab", str(path), *options])
