"""Loopback hosts in the layout of the official ones, honest or with one fault each."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from tests.conda_host.builder import repodata
from tests.serving import serving as loopback


@dataclass
class Host:
    """One host: the files it serves, by path, and how it misbehaves."""

    files: dict[str, bytes]
    ranges: bool = True
    cut_after: int | None = None  # bytes of a body after which it hangs up
    cuts: int = 10**9  # how many times it does so
    drip: float = 0.0  # seconds between single bytes
    requests: list[tuple[str, str | None]] = field(default_factory=list)  # path, Range
    url: str = ""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"
    host: Host

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.host.requests.append((self.path, asked))
        body = self.host.files.get(self.path)
        if body is None:
            self.send_error(404)
            return
        start, end = self._range(asked, len(body))
        if start >= len(body) and start:
            self.send_response(416)
            self.end_headers()
            return
        self._head(start, end, len(body), bool(asked))
        self._body(body[start:end])

    def _range(self, asked: str | None, size: int) -> tuple[int, int]:
        found = re.match(r"bytes=(\d+)-(\d*)$", asked or "")
        if not found or not self.host.ranges:
            return 0, size
        return int(found[1]), min(size, int(found[2]) + 1) if found[2] else size

    def _head(self, start: int, end: int, size: int, asked: bool) -> None:
        if asked and self.host.ranges:
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(end - start))
        self.end_headers()

    def _body(self, body: bytes) -> None:
        try:
            if self.host.drip:
                for byte in body:
                    self.wfile.write(bytes([byte]))
                    time.sleep(self.host.drip)
            elif self.host.cut_after is not None and len(body) > self.host.cut_after and self.host.cuts > 0:
                self.host.cuts -= 1
                self.wfile.write(body[: self.host.cut_after])
            else:
                self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            return

    def log_message(self, *args: object) -> None:
        return


@contextmanager
def serving(host: Host) -> Iterator[Host]:
    """Serve on a free port of loopback; `host.url` is where."""
    with loopback(type("OneHost", (Handler,), {"host": host})) as host.url:
        yield host


def channel_files() -> dict[str, bytes]:
    return {
        f"/conda-forge/{subdir}/repodata.json": json.dumps(data).encode()
        for subdir, data in repodata().items()
    }


def official(installer: bytes, file: str = "Miniconda3-test-Linux.sh") -> Host:
    """A host that has the installer and the channel."""
    return Host({f"/miniconda/{file}": installer, **channel_files()})
