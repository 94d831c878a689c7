"""A real web server and a real client in this process, joined by a Unix socket: tests may not touch the network.

What is served is said by host and path; how well it behaves, by `Manners`.
"""

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
