"""A package index on the loopback interface that counts requests and can be told to misbehave."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tests.serving import serving

STALL_LIMIT = 60  # seconds after which a stalling answer is abandoned, so that no test can hang on it


@dataclass
class Index:
    """A running index: what it serves, how it misbehaves, and what it was asked for."""

    files: Path
    url: str = ""
    href: str = "../../files/{name}"
    login: str = ""
    corrupt: bool = False
    stall: bool = False
    drip: float = 0.0  # seconds before each hundred bytes of a file
    cut_after: int = 0  # bytes after which a file's connection is cut (only for files longer than that)
    requests: list[str] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)
    on_request: Callable[[int], None] = lambda count: None
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def simple(self) -> str:
        return f"{self.url}/simple"


def normalise(name: str) -> str:
    return name.replace("_", "-").replace(".", "-").lower()


def page(index: Index, project: str) -> str:
    """The PEP 503 page of a project; empty when there is no such project."""
    names = [f.name for f in sorted(index.files.iterdir()) if normalise(f.name.split("-")[0]) == project]
    host = urlsplit(index.url).netloc
    links = [f'<a href="{link(index, n, host)}">{n}</a><br/>' for n in names]
    return "<!DOCTYPE html><html><body>\n" + "\n".join(links) + "\n</body></html>" if names else ""


def link(index: Index, name: str, host: str) -> str:
    """As the index writes it; `{sha256}` is what the file should be, whatever is sent."""
    said = hashlib.sha256((index.files / name).read_bytes()).hexdigest() if "{sha256}" in index.href else ""
    return index.href.format(name=name, url=index.url, host=host, sha256=said)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    index: Index

    def log_message(self, *args: object) -> None:
        """Quiet."""

    def do_HEAD(self) -> None:
        """Enough for uv, which asks whether it may read a wheel in parts: it may not."""
        path = self.index.files / unquote(Path(self.path).name)
        self.send_response(200 if path.is_file() else 404)
        self.send_header("Content-Length", str(path.stat().st_size if path.is_file() else 0))
        self.end_headers()

    def do_GET(self) -> None:
        index = self.index
        index.requests.append(self.path)
        index.on_request(len(index.requests))
        if index.stall:
            index.closing.wait(STALL_LIMIT)
            self.close_connection = True
        elif index.login and self.headers.get("Authorization") != authorization(index.login):
            self.send(401, b"", {"WWW-Authenticate": 'Basic realm="x"'})
        elif self.path.startswith("/simple/"):
            body = page(index, self.path.split("/")[2]).encode()
            self.send(200 if body else 404, body, {"Content-Type": "text/html"})
        else:
            self.send_file(index.files / unquote(Path(self.path).name))

    def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def send_file(self, path: Path) -> None:
        if not path.is_file():
            self.send(404, b"", {})
            return
        body = path.read_bytes()
        if self.index.corrupt:
            body = body[:-1] + bytes([body[-1] ^ 1])
        wanted = self.headers.get("Range", "")
        start = int(wanted.removeprefix("bytes=").partition("-")[0] or 0)
        end = min(int(wanted.partition("-")[2] or len(body)), len(body) - 1)
        self.index.ranges.append(wanted)
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{end}/{len(body)}")
        self.send_header("Content-Length", str(end + 1 - start))
        self.end_headers()
        self.send_piece(body[start : end + 1])

    def send_piece(self, piece: bytes) -> None:
        while self.index.drip and piece and not self.index.closing.wait(self.index.drip):
            self.wfile.write(piece[:100])
            piece = piece[100:]
        cut = self.index.cut_after
        self.wfile.write(piece[:cut] if cut else piece)
        if cut and len(piece) > cut:
            self.close_connection = True


def authorization(login: str) -> str:
    return "Basic " + base64.b64encode(login.encode()).decode()


@contextlib.contextmanager
def serve(files: Path, context: ssl.SSLContext | None = None) -> Iterator[Index]:
    """Serve the wheels in `files`, over HTTPS when a TLS context is given."""
    index = Index(files)
    with serving(type("BoundHandler", (Handler,), {"index": index}), index.closing, context) as index.url:
        yield index
