"""A Hugging Face Hub on the loopback interface: the part of its API that downloading uses, with faults to order.

It speaks to huggingface_hub 0.36 and 2.x, counts what it is asked and sends, and serves any folder as a repository:

    with serve(Repo.of_folder("openai-community/gpt2", folder)) as hub:
        ...  # hub.url is an HF_ENDPOINT
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

import msgspec

from doctor.mirrors.tape import AGENT
from tests.serving import serving

FLIPPED = bytes(byte ^ 1 for byte in range(256))
STALL_LIMIT = 60.0  # seconds after which a stalling answer is abandoned, so that no test can hang on it
SIGNATURE = "X-Amz-Signature=not-for-logs"
Kind = Literal[
    "status",
    "cut",
    "reset",
    "wrong",
    "stall",
    "html",
    "no-ranges",
    "dead-cdn",
    "circle",
    "long",
    "short",
    "drip",
    "chunked",
]


@dataclass
class Fault:
    """What goes wrong with requests whose path holds `path`, the first `times` times."""

    path: str
    kind: Kind
    status: int = 500
    after: int = 0  # bytes of the body that are sent before a cut, a reset or a stall
    times: int = 1_000_000
    wait: str = "30"  # Retry-After
    code: str = ""  # X-Error-Code


@dataclass(frozen=True)
class Repo:
    """A model repository: what lies in a folder, as one commit. Weights are LFS files, as on the Hub."""

    id: str
    commit: str
    folder: Path
    aliases: tuple[str, ...] = ()
    licence: str = ""  # as its card states it
    gated: str = ""  # auto or manual
    main: str = ""  # the commit of `main`, where that has moved on

    @staticmethod
    def of_folder(model: str, folder: Path, commit: str | None = None, aliases: tuple[str, ...] = ()) -> Repo:
        made_up = hashlib.sha1(model.encode()).hexdigest()
        return Repo(model, commit or made_up, folder, aliases)

    def names(self) -> list[str]:
        return sorted(p.relative_to(self.folder).as_posix() for p in self.folder.rglob("*") if p.is_file())

    def is_lfs(self, name: str) -> bool:
        return name.endswith((".safetensors", ".bin", ".h5", ".model"))

    def etag(self, name: str) -> str:
        """As the Hub names content: SHA-256 for LFS files, git's blob SHA-1 for the others."""
        data = (self.folder / name).read_bytes()
        return hashlib.sha256(data).hexdigest() if self.is_lfs(name) else git_sha1(data)


def git_sha1(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Asked(msgspec.Struct, frozen=True):
    """One request as it came in."""

    method: str
    path: str
    authorization: str | None
    range: str | None
    measuring: bool = False


@dataclass
class Hub:
    """A running Hub: what it serves, how it misbehaves, and what it was asked for."""

    repos: tuple[Repo, ...]
    url: str = ""
    latency: float = 0.0  # seconds before each answer
    faults: list[Fault] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    sent: dict[str, int] = field(default_factory=dict)  # bytes of bodies by path
    connections: int = 0  # that were opened
    lock: threading.Lock = field(default_factory=threading.Lock)
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def cdn(self) -> str:
        """Where large files lie: by name another host, as on the Hub, so that the client drops its token."""
        return self.url.replace("127.0.0.1", "localhost")

    def fault(self, path: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.path in path and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None

    def downloads(self) -> list[Asked]:
        """The requests that fetch or look up models, without those that measure the endpoint."""
        with self.lock:
            return [a for a in self.asked if not a.measuring]

    def total_sent(self, part: str) -> int:
        with self.lock:
            return sum(count for path, count in self.sent.items() if part in path)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub
    posted = ""
    measuring = False

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def setup(self) -> None:
        super().setup()
        with self.hub.lock:
            self.hub.connections += 1

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.posted = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        self.answer()

    def answer(self) -> None:
        hub = self.hub
        with hub.lock:
            heads = self.headers
            self.measuring = heads.get("User-Agent") == AGENT
            asked = (self.command, self.path, heads.get("Authorization"), heads.get("Range"))
            hub.asked.append(Asked(*asked, self.measuring))
        hub.closing.wait(hub.latency)
        # Faults are ordered for what is downloaded: they are to come in the middle of the work.
        fault = None if self.measuring else hub.fault(self.path)
        if fault and fault.kind == "status":
            self.reply(fault.status, b"", {"Retry-After": fault.wait, "X-Error-Code": fault.code})
        else:
            self.route(unquote(urlsplit(self.path).path), fault)

    def route(self, path: str, fault: Fault | None) -> None:
        for repo in self.hub.repos:
            for alias in repo.aliases:
                found = re.fullmatch(rf"(/api/models)?/{re.escape(alias)}(/.*)?", path)
                if found:
                    target = f"{found.group(1) or ''}/{repo.id}{found.group(2) or ''}"
                    return self.reply(307, b"", {"Location": target})
            if f"{path}/".startswith((f"/api/models/{repo.id}/", f"/{repo.id}/", f"/cdn/{repo.id}/")):
                return self.repo(repo, path, fault)
        return self.reply(404, b'{"error": "Repository not found"}', {"X-Error-Code": "RepoNotFound"})

    def repo(self, repo: Repo, path: str, fault: Fault | None) -> None:
        if path.startswith("/cdn/"):
            return self.file(repo, path.removeprefix(f"/cdn/{repo.id}/"), fault)
        if path == f"/api/models/{repo.id}":
            return self.json({**info(repo), "sha": repo.main or repo.commit})
        found = re.search(r"/(revision|tree|resolve|paths-info)/([^/]+)/?(.*)$", path)
        if not found or not (found[2] == "main" or repo.commit.startswith(found[2])):
            return self.reply(404, b'{"error": "Revision not found"}', {"X-Error-Code": "RevisionNotFound"})
        if found[1] == "resolve":
            return self.resolve(repo, found[3], fault)
        if found[1] == "paths-info":
            return self.json([entry for entry in tree(repo) if str(entry["path"]) in unquote(self.posted)])
        blobs = "blobs=" in self.path
        return self.json(info(repo, blobs) if found[1] == "revision" else tree(repo))

    def resolve(self, repo: Repo, name: str, fault: Fault | None) -> None:
        commit = {"X-Repo-Commit": repo.commit}
        if name not in repo.names():
            return self.reply(404, b"Entry not found", {**commit, "X-Error-Code": "EntryNotFound"})
        if not repo.is_lfs(name):
            return self.file(repo, name, fault, {**commit, "ETag": f'"{repo.etag(name)}"'})
        linked = {
            "X-Linked-ETag": f'"{repo.etag(name)}"',
            "X-Linked-Size": str((repo.folder / name).stat().st_size),
            "Location": f"{self.hub.cdn}/cdn/{repo.id}/{name}?{SIGNATURE}",
        }
        if fault and fault.kind in ("dead-cdn", "circle"):
            linked["Location"] = f"{dead_url()}/x" if fault.kind == "dead-cdn" else self.path
        return self.reply(302, b"", {**commit, **linked})

    def file(self, repo: Repo, name: str, fault: Fault | None, headers: dict[str, str] | None = None) -> None:
        data = (repo.folder / name).read_bytes()
        if fault and fault.kind == "wrong":
            data = data.translate(FLIPPED)
        if fault and fault.kind in ("long", "short"):
            data = data + b"more" if fault.kind == "long" else data[:-4]
        if fault and fault.kind == "html":
            return self.reply(200, b"<html>log in</html>", {"Content-Type": "text/html"})
        if fault and fault.kind == "no-ranges":
            return self.reply(200, data, headers or {})
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not wanted:
            return self.reply(200, data, headers or {}, fault)
        first, last = int(wanted[1]), min(int(wanted[2] or len(data)), len(data) - 1)
        span = {"Content-Range": f"bytes {first}-{last}/{len(data)}", **(headers or {})}
        return self.reply(206, data[first : last + 1], span, fault)

    def json(self, data: object) -> None:
        self.reply(200, json.dumps(data).encode(), {"Content-Type": "application/json"})

    def reply(self, status: int, body: bytes, headers: dict[str, str], fault: Fault | None = None) -> None:
        self.send_response(status)
        if fault and fault.kind == "chunked":
            self.chunked(body, headers)
            return
        for key, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault and fault.kind == "drip":
            self.drip(body)
            return
        cut = fault.after if fault and fault.kind in ("cut", "reset", "stall") else None
        self.send(body if cut is None else body[:cut])
        if fault and cut is not None and cut < len(body):
            self.break_off(fault)

    def chunked(self, body: bytes, headers: dict[str, str]) -> None:
        """Without a length, as a mirror sends what it is still fetching itself."""
        for key, value in {"Transfer-Encoding": "chunked", **headers}.items():
            self.send_header(key, value)
        self.end_headers()
        for start in range(0, len(body), 100_000):
            part = body[start : start + 100_000]
            self.send(b"%x\r\n%s\r\n" % (len(part), part))
        self.send(b"0\r\n\r\n")

    def send(self, body: bytes) -> None:
        with contextlib.suppress(ConnectionError):  # a client that was killed
            self.wfile.write(body)
            self.wfile.flush()
        with self.hub.lock:
            if self.measuring:
                return
            self.hub.sent[self.path] = self.hub.sent.get(self.path, 0) + len(body)

    def drip(self, body: bytes) -> None:
        """A hundred bytes, then nothing for a while, for ever."""
        self.close_connection = True
        until = time.monotonic() + STALL_LIMIT
        for start in range(0, len(body), 100):
            self.send(body[start : start + 100])
            if self.hub.closing.wait(0.05) or time.monotonic() > until:
                return

    def break_off(self, fault: Fault) -> None:
        self.close_connection = True
        if fault.kind == "stall":
            self.hub.closing.wait(STALL_LIMIT)
        elif fault.kind == "reset":
            # Linger of zero seconds: closing sends a reset instead of an orderly end, and what the client
            # has not read yet is lost.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()


def info(repo: Repo, blobs: bool = False) -> dict[str, object]:
    """With `blobs`: sizes and hashes too, as the Hub adds them when asked."""
    siblings: list[dict[str, object]] = [{"rfilename": name} for name in repo.names()]
    if blobs:
        siblings = [
            {"rfilename": e["path"], "size": e["size"], "blobId": e["oid"]}
            | ({"lfs": lfs_of(e)} if "lfs" in e else {})
            for e in tree(repo)
        ]
    card = {"cardData": {"license": repo.licence}} if repo.licence else {}
    head = {
        "id": repo.id,
        "modelId": repo.id,
        "sha": repo.commit,
        "private": False,
        "gated": repo.gated or False,
    }
    return {**head, **card, "siblings": siblings}


def lfs_of(entry: dict[str, object]) -> dict[str, object]:
    """The model's description calls the hash sha256, the tree calls it oid."""
    lfs = entry["lfs"]
    assert isinstance(lfs, dict)
    return {"sha256": lfs["oid"], "size": lfs["size"], "pointerSize": lfs["pointerSize"]}


def tree(repo: Repo) -> list[dict[str, object]]:
    entries: list[dict[str, object]] = []
    for name in repo.names():
        data = (repo.folder / name).read_bytes()
        entry: dict[str, object] = {"type": "file", "path": name, "size": len(data), "oid": git_sha1(data)}
        lfs = {"oid": repo.etag(name), "size": len(data), "pointerSize": 134}
        entries.append({**entry, "lfs": lfs} if repo.is_lfs(name) else entry)
    return entries


@contextlib.contextmanager
def serve(*repos: Repo, faults: tuple[Fault, ...] = (), latency: float = 0.0) -> Iterator[Hub]:
    """A Hub with these repositories, on a free port, until the block ends."""
    hub = Hub(repos, faults=list(faults), latency=latency)
    with serving(type("HubHandler", (Handler,), {"hub": hub}), hub.closing) as hub.url:
        yield hub


_held: list[socket.socket] = []


def dead_url() -> str:
    """A URL on loopback where nothing listens, and where nothing will as long as the tests run: the port is held."""
    _held.append(socket.socket())
    _held[-1].bind(("127.0.0.1", 0))
    return f"http://127.0.0.1:{_held[-1].getsockname()[1]}"
