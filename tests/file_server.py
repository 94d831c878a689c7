"""A real web server and a real client in this process, joined by a Unix socket: tests may not touch the network.

What is served is said by host and path; how well it behaves, by `Manners`.
"""

import hashlib
import io
import socket
import socketserver
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector

import huggingface_hub
import torch
import torchvision
from huggingface_hub import HfFileMetadata
from huggingface_hub.utils import EntryNotFoundError
from safetensors.torch import save as to_bytes
from torchvision.models import SqueezeNet1_1_Weights

from tests.backbone_files import COMMIT
from transferlab import downloading


@dataclass
class Manners:
    """How a server behaves: well, unless it is told otherwise. `breaks_after` counts bytes of one answer."""

    honours_range: bool = True
    breaks_after: int | None = None
    announces: int | None = None  # a length other than the true one; 0 for none at all
    shifts_range: int = 0  # begins elsewhere than it was asked to
    leads_to: str = ""


@dataclass
class Web:
    """Files by address, without the scheme; `asked` lists address and range of each request."""

    files: dict[str, bytes] = field(default_factory=dict)
    manners: Manners = field(default_factory=Manners)
    asked: list[tuple[str, str]] = field(default_factory=list)


class _UnixServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    web: Web

    def get_request(self):
        request, _ = super().get_request()
        return request, ("a socket", 0)

    def handle_error(self, *_):
        pass  # a client that hung up


class _Handler(BaseHTTPRequestHandler):
    server: _UnixServer

    def log_message(self, *_):
        pass

    def do_GET(self):
        web, manners = self.server.web, self.server.web.manners
        address = f"{self.headers['Host']}{self.path}"
        wanted = self.headers.get("Range", "")
        web.asked.append((address, wanted))
        if manners.leads_to:
            self.send_response(302)
            self.send_header("Location", manners.leads_to)
            self.end_headers()
            return
        if address not in web.files:
            self.send_error(404)
            return
        content = web.files[address]
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and manners.honours_range else 0
        if start and start >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.end_headers()
            return
        if start:
            start += manners.shifts_range
        body = content[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if manners.announces != 0:
            self.send_header("Content-Length", str(manners.announces or len(body)))
        self.end_headers()
        self.wfile.write(body if manners.breaks_after is None else body[: manners.breaks_after])


@contextmanager
def served(monkeypatch):
    """Every http and https address is answered by the `Web` that this gives; nothing is encrypted on a Unix socket."""
    web = Web()
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders have names too long for a socket
        path = str(Path(folder) / "socket")

        class Connection(HTTPConnection):
            def connect(self):
                self.sock = socket.socket(socket.AF_UNIX)
                self.sock.connect(path)

        class Http(HTTPHandler):
            def http_open(self, request):
                return self.do_open(Connection, request)

        class Https(HTTPSHandler):
            def https_open(self, request):
                return self.do_open(Connection, request)

        make = downloading.web_opener

        def opener() -> OpenerDirector:
            made = make()
            for handler in (Http(), Https()):
                handler.handler_order = 100  # before the real ones
                made.add_handler(handler)
            return made

        monkeypatch.setattr(downloading, "web_opener", opener)
        with _UnixServer(path, _Handler) as server:
            server.web = web
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
            thread.start()
            yield web
            server.shutdown()
            thread.join()


def publish_checkpoint(monkeypatch, web: Web) -> tuple[torch.nn.Module, bytes, str]:
    """A checkpoint as torchvision publishes it: the model, the file's bytes, and its name, which carries their hash."""
    source = torchvision.models.squeezenet1_1()
    content = _saved(source.state_dict())
    file = f"squeezenet1_1-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    monkeypatch.setattr(SqueezeNet1_1_Weights.IMAGENET1K_V1.value, "url", f"https://download.pytorch.org/models/{file}")
    web.files[f"download.pytorch.org/models/{file}"] = content
    return source, content, file


def hub_answers(monkeypatch, web: Web, content: dict | Exception, file: str = "model.safetensors") -> list[str]:
    """Stand in for the hub's answer to what it has; the bytes come from `web`, as from the hub's own storage."""
    asked: list[str] = []

    def metadata(url):
        asked.append(url)
        if isinstance(content, Exception):
            raise content
        if not url.endswith(f"/resolve/main/{file}"):
            raise EntryNotFoundError("404")
        payload = to_bytes(content) if file.endswith(".safetensors") else _saved(content)
        address = f"storage.example.org/{asked.index(url)}?signed=1"
        web.files[address] = payload
        known = dict.fromkeys(HfFileMetadata.__dataclass_fields__)  # versions differ in their number
        known |= {"commit_hash": COMMIT, "etag": hashlib.sha256(payload).hexdigest()}
        return HfFileMetadata(**known | {"location": f"https://{address}", "size": len(payload)})

    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", metadata)
    return asked


def _saved(tensors: dict) -> bytes:
    buffer = io.BytesIO()
    torch.save(tensors, buffer)
    return buffer.getvalue()
