"""A package index on loopback behind a link of a stated speed, so that a download takes here what it takes elsewhere."""

from __future__ import annotations

import hashlib
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from packaging.utils import parse_wheel_filename

RATE = 12_500_000  # bytes a second: 100 Mbit/s
LATENCY = 0.03  # seconds before each answer, as from a server in the same country
PIECE = 64 * 1024


@dataclass
class Link:
    """All connections share its rate, as they share a line."""

    rate: float = RATE
    latency: float = LATENCY
    sent: int = 0  # bytes, since it was reset
    free_at: float = 0.0  # when the line has sent all that it was given
    lock: threading.Lock = field(default_factory=threading.Lock)

    def reserve(self, size: int) -> float:
        """Put so many bytes on the line. Returns the seconds until they are through."""
        with self.lock:
            self.sent += size
            self.free_at = max(self.free_at, time.monotonic()) + size / self.rate
            return self.free_at - time.monotonic()

    def reset(self) -> None:
        with self.lock:
            self.sent = 0

    def floor(self) -> float:
        """Seconds that the bytes since the last reset take when nothing else is waited for."""
        return self.sent / self.rate


def simple_pages(folder: Path) -> dict[str, bytes]:
    """The pages of an index of the wheels in a folder, by path. Metadata is offered by itself, as large indexes do."""
    links: dict[str, list[str]] = {}
    for wheel in sorted(folder.glob("*.whl")):
        name, *_ = parse_wheel_filename(wheel.name)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        known = hashlib.sha256(metadata(wheel)).hexdigest()
        link = f'<a href="/files/{wheel.name}#sha256={digest}" data-core-metadata="sha256={known}">{wheel.name}</a>'
        links.setdefault(name, []).append(link)
    return {
        f"/simple/{name}/": f"<!DOCTYPE html><html><body>{'<br/>'.join(lines)}</body></html>".encode()
        for name, lines in links.items()
    }


def metadata(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA")))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    link: Link
    pages: dict[str, bytes]
    folder: Path

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def do_HEAD(self) -> None:
        self.answer(False)

    def do_GET(self) -> None:
        self.answer(True)

    def answer(self, body: bool) -> None:
        time.sleep(self.link.latency)
        data = self.content()
        first, last = 0, len(data or b"") - 1
        asked = self.headers.get("Range", "").removeprefix("bytes=").partition("-")
        if data is not None and asked[0].isdigit():
            first, last = int(asked[0]), min(int(asked[2] or last), last)
        part = (data or b"")[first : last + 1]
        self.send_response(404 if data is None else 206 if asked[1] else 200)
        self.send_header(
            "Content-Type", "text/html" if self.path.endswith("/") else "application/octet-stream"
        )
        self.send_header("Content-Length", str(len(part)))
        self.send_header("Accept-Ranges", "bytes")
        if asked[1]:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(data or b'')}")
        self.end_headers()
        if body:
            self.send(part)

    def content(self) -> bytes | None:
        name = self.path.removeprefix("/files/")
        wheel = self.folder / name.removesuffix(".metadata").replace("%2B", "+")
        if self.path == name or "/" in name or not wheel.is_file():
            return self.pages.get(self.path)
        return metadata(wheel) if name.endswith(".metadata") else wheel.read_bytes()

    def send(self, data: bytes) -> None:
        with suppress(ConnectionError):  # a client that had enough
            for start in range(0, len(data), PIECE):
                piece = data[start : start + PIECE]
                time.sleep(max(0.0, self.link.reserve(len(piece))))
                self.wfile.write(piece)


@contextmanager
def serving(folder: Path, link: Link) -> Iterator[str]:
    """The address of an index of the wheels in `folder`, behind `link`."""
    bound = type("BoundHandler", (Handler,), {"link": link, "pages": simple_pages(folder), "folder": folder})
    server = ThreadingHTTPServer(("127.0.0.1", 0), bound)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/simple"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
