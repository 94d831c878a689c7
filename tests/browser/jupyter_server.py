"""A Jupyter server of its own for the browser tests: JupyterLab, Notebook 7 and Voila behind one port.

    with JupyterServer(folder) as server:
        server.write_notebook("first", ["1 + 1"])
        page.goto(server.address("lab/tree/first.ipynb"))

Its settings, kernels' histories and notebooks lie in `folder`; nothing of the user's is read or written, and what runs
in it reaches no other machine. Left out: more than one server a test run; each takes some seconds to start.
"""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

REPOSITORY = Path(__file__).resolve().parents[2]
SECONDS_TO_START = 90.0  # a cold machine that others use as well
SETTINGS = "@jupyterlab/apputils-extension"
NOWHERE = "http://127.0.0.1:9"  # a proxy that nobody runs: whatever asks for another machine fails at once


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class JupyterServer:
    """Starts with `with`, and is gone afterwards; `address(path)` is what the browser opens.

    >>> with JupyterServer(tmp_path) as server: ...

    Raises:
        RuntimeError: it did not start; the message ends with what it said last.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.token = Path(folder), free_port(), secrets.token_hex(16)
        self.notebooks = self.folder / "notebooks"
        self.process: subprocess.Popen[bytes] | None = None

    def address(self, path: str, **query: str) -> str:
        asked = "&".join(f"{name}={value}" for name, value in {"token": self.token, **query}.items())
        return f"http://127.0.0.1:{self.port}/{path}?{asked}"

    def write_notebook(self, name: str, cells: Sequence[str]) -> Path:
        """A notebook with these cells of code; without a kernel's name JupyterLab would ask for one."""
        content = {
            "cells": [
                {"cell_type": "code", "execution_count": None, "id": f"cell-{number}", "metadata": {}, "outputs": [],
                 "source": source}
                for number, source in enumerate(cells)
            ],
            "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
            "nbformat": 4, "nbformat_minor": 5,
        }  # fmt: skip
        path = self.notebooks / f"{name}.ipynb"
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    def start(self) -> "JupyterServer":
        self._write_settings()
        environment = {**os.environ, **self._environment()}
        with (self.folder / "log.txt").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"],
                cwd=self.notebooks, env=environment, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        ends = time.monotonic() + SECONDS_TO_START
        # This file is written when the port is open already, so that nobody has to knock.
        while not list((self.folder / "runtime").glob("jpserver-*.json")):
            if self.process.poll() is not None or time.monotonic() > ends:
                self.stop()
                raise RuntimeError(f"Jupyter did not start. It said last:\n{self.said()[-3000:]}")
            time.sleep(0.05)
        return self

    def said(self) -> str:
        return (self.folder / "log.txt").read_text(errors="replace")

    def forget_theme(self) -> None:
        """Light again, whatever a test chose before; JupyterLab keeps a theme for the next page."""
        (self.folder / "settings" / SETTINGS / "themes.jupyterlab-settings").unlink(missing_ok=True)

    def stop(self) -> None:
        """End the server with its kernels; it asks back at the first signal, so there is a second."""
        if self.process is None:
            return
        for end in (self.process.terminate, self.process.terminate, self.process.kill):
            end()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                continue
            break
        self.process = None

    def _environment(self) -> dict[str, str]:
        folders = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime",
                   "IPYTHONDIR": "ipython"}  # fmt: skip
        paths = [str(REPOSITORY), *filter(None, [os.environ.get("PYTHONPATH")])]
        proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), NOWHERE)
        return {
            **{name: str(self.folder / folder) for name, folder in folders.items()},
            **proxies, "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost",
            "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1", "JUPYTER_PLATFORM_DIRS": "1",
        }  # fmt: skip

    def _write_settings(self) -> None:
        for name in ("config", "data", "runtime", "ipython", "notebooks", "settings", "workspaces"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        shown = {"expose_app_in_browser": True, "user_settings_dir": str(self.folder / "settings"),
                 "workspaces_dir": str(self.folder / "workspaces")}  # fmt: skip
        config = {
            "ServerApp": {
                "ip": "127.0.0.1",
                "port": self.port,
                "port_retries": 0,
                "root_dir": str(self.notebooks),
                "shutdown_no_activity_timeout": 900,
            },
            # Where a test run was killed, what it left ends by itself.
            "MappingKernelManager": {"cull_idle_timeout": 600, "cull_interval": 60},
            "IdentityProvider": {"token": self.token},
            "LabApp": {**shown, "extension_manager": "readonly"},
            "JupyterNotebookApp": shown,
            # Voila would load JupyterLab's own extensions too, and stumble over what they expect of JupyterLab.
            "VoilaConfiguration": {"extension_denylist": ["@jupyter-notebook/lab-extension", "jupyterlab-jupytext"]},
        }
        (self.folder / "config" / "jupyter_config.json").write_text(json.dumps(config))
        quiet = self.folder / "settings" / SETTINGS
        quiet.mkdir(parents=True, exist_ok=True)
        (quiet / "notification.jupyterlab-settings").write_text(
            json.dumps({"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True})
        )

    def __enter__(self) -> "JupyterServer":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
