"""A Hub on loopback with made-up models behind a link of a stated kind: `python -m benchmarks.hub FOLDER RATE LATENCY TOTAL`.

A program of its own that sends files with sendfile(2), so that the clients are measured and not it. Prints its address.
Rates in bytes a second (0: unlimited), per connection and in total; latency in seconds before each answer.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from benchmarks.link import Link
from benchmarks.place import ROOT

COMMIT = "a" * 40
LARGE, OTHERS, SMALL = 500_000_000, 9 * [110_000_000], 6  # bytes of the weights; small files of each
HEAD = 136  # bytes of the weights before the tensor
PIECE = 256 * 1024
ASKED = re.compile(r"^(?P<method>GET|HEAD) (?P<url>\S+) HTTP")


def make_models(folder: Path, sizes: Sequence[int] = (LARGE, *OTHERS)) -> list[str]:
    """One repository for each size of weights, by default ten of 1.5 GB together. Returns their names."""
    names = [f"org/m{number}" for number in range(len(sizes))]
    for name, size in zip(names, sizes, strict=True):
        place = folder / name
        place.mkdir(parents=True)
        with (place / "model.safetensors").open("wb") as weights:
            weights.write(weights_head(size))
            for start in range(HEAD, size, 10_000_000):
                weights.write(os.urandom(min(10_000_000, size - start)))
        (place / "config.json").write_text('{"model_type": "bench"}')
        for number in range(1, SMALL):
            (place / f"part{number}.json").write_bytes(os.urandom(2000 + number))
        (place / ".listing.json").write_text(
            json.dumps([entry(path) for path in sorted(place.glob("[!.]*"))])
        )
    return names


def weights_head(size: int) -> bytes:
    """The start of a file of one tensor: who measures a Hub looks whether its weights are some."""
    tensor = {"dtype": "U8", "shape": [size - HEAD], "data_offsets": [0, size - HEAD]}
    return (HEAD - 8).to_bytes(8, "little") + json.dumps({"t": tensor}).encode().ljust(HEAD - 8)


def entry(path: Path) -> dict[str, object]:
    """A file as the Hub lists it: large ones by their SHA-256, small ones by git's."""
    data = path.read_bytes()
    found: dict[str, object] = {"type": "file", "path": path.name, "size": len(data)}
    found["oid"] = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    if path.suffix == ".safetensors":
        found["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}
    return found


class Served:
    """The folder, and how fast it may be sent."""

    def __init__(self, folder: Path, rate: float, latency: float, line: Link | None) -> None:
        self.folder, self.rate, self.latency, self.line = folder, rate, latency, line
        self.listings = {
            str(path.parent.relative_to(folder)): json.loads(path.read_text())
            for path in folder.glob("*/*/.listing.json")
        }

    def talk(self, client: socket.socket) -> None:
        """Answer one connection until it is closed."""
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting = b""
        with client, suppress(OSError):
            while True:
                while b"\r\n\r\n" not in waiting:
                    came = client.recv(65536)
                    if not came:
                        return
                    waiting += came
                head, _, waiting = waiting.partition(b"\r\n\r\n")
                time.sleep(self.latency)
                self.answer(client, head.decode("latin-1"))

    def answer(self, client: socket.socket, head: str) -> None:
        asked = ASKED.match(head)
        path = unquote(urlsplit(asked["url"]).path) if asked else ""
        body = asked is not None and asked["method"] == "GET"
        api = re.fullmatch(r"/api/models/(org/m\d+)(/.*)?", path)
        file = re.fullmatch(r"/(org/m\d+)/resolve/[^/]+/([\w.]+)", path)
        if api:
            data = json.dumps(self.described(api[1], api[2] or "")).encode()
            client.sendall(header(200, len(data), "Content-Type: application/json") + (data if body else b""))
        elif file and (found := next((e for e in self.listings[file[1]] if e["path"] == file[2]), None)):
            self.send(client, head, self.folder / file[1] / file[2], found, body)
        else:
            client.sendall(header(404, 0, "X-Error-Code: EntryNotFound"))

    def described(self, repo: str, what: str) -> object:
        if what.startswith("/tree"):
            return self.listings[repo]
        names = [{"rfilename": one["path"]} for one in self.listings[repo]]
        return {"id": repo, "modelId": repo, "sha": COMMIT, "private": False, "siblings": names}

    def send(
        self, client: socket.socket, head: str, path: Path, found: dict[str, object], body: bool
    ) -> None:
        size = path.stat().st_size
        asked = re.search(r"(?im)^range: bytes=(\d+)-(\d*)", head)
        first = int(asked[1]) if asked else 0
        last = min(int(asked[2] or size - 1), size - 1) if asked else size - 1
        lfs = found.get("lfs")
        tag = lfs["oid"] if isinstance(lfs, dict) else found["oid"]
        more = [f'ETag: "{tag}"', f"X-Repo-Commit: {COMMIT}", "Accept-Ranges: bytes"]
        more += [f"Content-Range: bytes {first}-{last}/{size}"] if asked else []
        client.sendall(header(206 if asked else 200, last - first + 1, *more))
        if body:
            self.shaped(client, path, first, last)

    def shaped(self, client: socket.socket, path: Path, first: int, last: int) -> None:
        began, at = time.monotonic(), first
        with path.open("rb") as source:
            while at <= last:
                sent = os.sendfile(client.fileno(), source.fileno(), at, min(PIECE, last - at + 1))
                at += sent
                late = (at - first) / self.rate - (time.monotonic() - began) if self.rate else 0.0
                wait = max(late, self.line.reserve(sent) if self.line else 0.0)
                if wait > 0:
                    time.sleep(wait)


def header(status: int, length: int, *more: str) -> bytes:
    lines = [f"HTTP/1.1 {status} -", f"Content-Length: {length}", *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@contextmanager
def serving(folder: Path, rate: float, latency: float, total: float) -> Iterator[str]:
    """The address of such a Hub, in a process of its own."""
    argv = [sys.executable, "-m", "benchmarks.hub", str(folder), str(rate), str(latency), str(total)]
    child = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout
        yield child.stdout.readline().strip()
    finally:
        child.terminate()
        child.wait(10)


def address(listening: socket.socket) -> str:
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


def accept(listening: socket.socket, served: Served) -> None:
    """Until the socket is closed."""
    with suppress(OSError):
        while True:
            client, _ = listening.accept()
            threading.Thread(target=served.talk, args=(client,), daemon=True).start()


@contextmanager
def serving_here(folder: Path, line: Link) -> Iterator[str]:
    """The address of such a Hub in this process, for one that shares its line with others."""
    served = Served(folder, 0, line.latency, line)
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listening:
        threading.Thread(target=accept, args=(listening, served), daemon=True).start()
        yield address(listening)


def main() -> None:
    folder, rate, latency, total = sys.argv[1:]
    line = Link(rate=float(total)) if float(total) else None
    served = Served(Path(folder), float(rate), float(latency), line)
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listening:
        print(address(listening), flush=True)
        accept(listening, served)


if __name__ == "__main__":
    main()
