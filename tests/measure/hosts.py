"""Mirrors on loopback that have the same objects of every kind, each right and slow, or wrong in its own way."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import platform
import re
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from random import Random

from doctor.mirrors.table import Kind, python_build_file
from doctor.mirrors.tape import AGENT
from tests.serving import serving as loopback

SIZE = 300_000
INSTALLER = b"#!/bin/sh\n# Miniconda3\n" + b"i" * SIZE
WHEEL = b"PK\x03\x04" + b"w" * SIZE
WEIGHTS = (2).to_bytes(8, "little") + b"{}" + b"m" * SIZE
# Begins as uv's builds of Python do; the rest does not pack.
BUILD = gzip.compress(b"python/bin/python3".ljust(512, b"\0") + Random(0).randbytes(SIZE))
REPODATA = b'{"info": {"subdir": "noarch"}, "packages": {"a": "' + b"r" * SIZE + b'"}}'
CONFIG = b'{"model_type": "test"}'
REVISION = "a" * 40
FILE = "Miniconda3-test.sh"
TORCH = f"torch-2.13.0%2Bcpu-cp311-cp311-manylinux_2_28_{platform.machine()}.whl"
PAGE = b"<html><body>Welcome to the hotel. <a href='/login'>Log in</a></body></html>"

PATHS: dict[Kind, str] = {
    "hub": "",
    "package_index": "/simple",
    "torch_index": "/whl/{variant}",
    "conda_installer": "/miniconda/{file}",
    "conda_channel": "/conda-forge",
    "python_build": "/python",
}


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def files() -> dict[str, bytes]:
    demo = f'<!DOCTYPE html><a href="/files/demo-1.0-py3-none-any.whl#sha256={digest(WHEEL)}">demo</a>'
    torch = f'<!DOCTYPE html><a href="/files/{TORCH}#sha256={digest(WHEEL)}">torch</a>'
    return {
        f"/org/model/resolve/{REVISION}/config.json": CONFIG,
        f"/org/model/resolve/{REVISION}/model.safetensors": WEIGHTS,
        "/simple/demo/": demo.encode(),
        "/files/demo-1.0-py3-none-any.whl": WHEEL,
        "/whl/cpu/torch/": torch.encode(),
        "/flat/cpu/": torch.replace("/files/", "").encode(),
        f"/files/{TORCH}": WHEEL,
        f"/flat/cpu/{TORCH}": WHEEL,
        f"/miniconda/{FILE}": INSTALLER,
        "/conda-forge/noarch/repodata.json": REPODATA,
        f"/python/{python_build_file('3.11', platform.machine())}": BUILD,
    }


@dataclass
class Mirror:
    """What it has, and how it sends it."""

    files: dict[str, bytes] = field(default_factory=files)
    page: bytes = b""  # sent for everything, with status 200
    latency: float = 0.0
    rate: float = 0.0  # bytes a second; 0: as fast as it goes
    stall_after: int = 0  # bytes of a body
    stall_downloads: int = 0  # the same, but only when it is not being measured
    packed: bool = False  # pages come gzipped, though nobody asked for that
    json: bool = False  # pages are PEP 691's
    location: str = ""  # where everything is redirected to
    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)  # path and Range of what was downloaded
    closing: threading.Event = field(default_factory=threading.Event)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    mirror: Mirror

    def log_message(self, *args: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        mirror, measuring = self.mirror, self.headers.get("User-Agent") == AGENT
        if not measuring:
            mirror.asked.append((self.path, self.headers.get("Range", "")))
        mirror.closing.wait(mirror.latency)
        if mirror.location:
            return self.head(302, 0, {"Location": mirror.location + self.path})
        body = mirror.page or mirror.files.get(self.path)
        if body is None:
            return self.head(404, 0, {})
        asked = re.fullmatch(
            r"bytes=(\d+)-\d*", self.headers.get("Range", "")
        )  # of other ranges it sends all
        start = int(asked[1]) if asked else 0
        more = {"X-Repo-Commit": REVISION} if "/resolve/" in self.path and not mirror.page else {}
        if self.path.endswith("/"):
            body, named = paged(body, mirror)
            more |= named
        if start:
            more["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        self.head(206 if start else 200, len(body) - start, more)
        return self.send(body[start:], mirror.stall_after or (0 if measuring else mirror.stall_downloads))

    def head(self, status: int, length: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(length), **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def send(self, body: bytes, stall_after: int) -> None:
        mirror = self.mirror
        step = int(mirror.rate / 20) or len(body)
        with contextlib.suppress(OSError):
            for at in range(0, len(body), step):
                piece = body[at : at + step]
                if stall_after and at + len(piece) > stall_after:
                    self.wfile.write(piece[: max(stall_after - at, 0)])
                    mirror.closing.wait(20)
                    self.close_connection = True
                    return
                self.wfile.write(piece)
                if mirror.rate:
                    time.sleep(0.05)


@contextlib.contextmanager
def serving(mirror: Mirror, context: ssl.SSLContext | None = None) -> Iterator[Mirror]:
    handler = type("OneMirror", (Handler,), {"mirror": mirror})
    with loopback(handler, mirror.closing, context) as mirror.url:
        yield mirror


def paged(body: bytes, mirror: Mirror) -> tuple[bytes, dict[str, str]]:
    """A listing in the form of this host, and the headers that say so."""
    form = "text/html"
    if mirror.json:
        form = "application/vnd.pypi.simple.v1+json"
        links = re.findall(r'href="([^"#]*)#?(?:sha256=)?([^"]*)"', body.decode())
        named = [
            {"url": url, "filename": url.rpartition("/")[2], "hashes": {"sha256": sha} if sha else {}}
            for url, sha in links
        ]
        body = json.dumps({"meta": {"api-version": "1.0"}, "name": "demo", "files": named}).encode()
    packed = {"Content-Encoding": "gzip"} if mirror.packed else {}
    return gzip.compress(body) if mirror.packed else body, {"Content-Type": form, **packed}


def table(path: Path, kind: Kind, named: dict[str, str], more: str = "", where: str | None = None) -> Path:
    """A GROUNDWORK_MIRRORS_FILE with these hosts for one kind, and the installer that is pinned."""
    lines = ['mode = "replace"']
    for name, url in named.items():
        lines += ["[[source]]", f'kind = "{kind}"', f'name = "{name}"']
        lines += [f'url = "{url}{PATHS[kind] if where is None else where}"', more]
        lines += ["official = true"] if name == "official" else []
    lines += ["[[installer]]", f'file = "{FILE}"', f'machine = "{platform.machine()}"']
    path.write_text("\n".join([*lines, f'sha256 = "{digest(INSTALLER)}"', ""]))
    return path


def wrong(kind: Kind) -> dict[str, bytes]:
    """The same objects with one byte changed, or other ones where no hash is known."""
    there = files()
    for name, body in there.items():
        if body in (INSTALLER, WHEEL):
            there[name] = body[:-1] + b"?"
        if body == BUILD:
            there[name] = gzip.compress(b"another/".ljust(SIZE))
    there[f"/org/model/resolve/{REVISION}/config.json"] = json.dumps({"model_type": "other"}).encode()
    there["/conda-forge/noarch/repodata.json"] = b'{"error": "no such channel"}'
    return there
