"""The network goes wrong at any request of any step: the next source is taken, or the end is clear and in time.

Between setup and each host stands a proxy of our own, which spoils what it is told to.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.nothing_lost.kill import differences, state, strangers, strays
from tests.nothing_lost.world import Urls, World, use
from tests.serving import serving

Kind = Literal["refuse", "stall", "reset", "truncate", "corrupt", "5xx", "drip", "longer"]
KINDS: tuple[Kind, ...] = ("refuse", "stall", "reset", "truncate", "corrupt", "5xx", "drip", "longer")
HOSTS = ("package_index", "torch_index", "conda")
LONGEST = 90.0  # seconds for a setup; its own deadlines for silence are 5 to 20 s
STALL = 60.0
# What a bad link may cost is a matter of tests/measure and tests/steps; here it is how often, and in what.
PATIENCE = {"UV_HTTP_TIMEOUT": "3", "UV_HTTP_RETRIES": "1"}


@dataclass
class Proxy:
    """In front of one host. Requests from the `first` one on are answered as `kind` says."""

    target: str
    kind: Kind | None = None
    first: int = 0
    seen: int = 0
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)
    closing: threading.Event = field(default_factory=threading.Event)

    def spoils(self) -> Kind | None:
        with self.lock:
            self.seen += 1
            return self.kind if self.seen > self.first else None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: Proxy

    def log_message(self, *args: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        kind = self.proxy.spoils()
        if kind == "stall":
            self.proxy.closing.wait(STALL)
        if kind in ("reset", "refuse"):
            linger = struct.pack("ii", 1, 0)  # close() sends a reset
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        if kind in ("stall", "refuse"):
            self.close_connection = True
            return
        self.answer(kind)

    do_HEAD = do_GET

    def answer(self, kind: Kind | None) -> None:
        status, headers, body = self.fetch()
        if kind == "5xx":
            status, body = 503, b"busy"
        if kind == "corrupt" and body:
            middle = len(body) // 2
            body = body[:middle] + bytes([body[middle] ^ 255]) + body[middle + 1 :]
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "connection", "date", "server"):
                self.send_header(name, value)
        head = self.command == "HEAD"
        length = len(body) + (1000 if kind == "longer" else 0)
        said = dict(headers).get("Content-Length", "0") if head else str(length)
        self.send_header("Content-Length", said)
        self.end_headers()
        if not head:
            self.send(kind, body)

    def send(self, kind: Kind | None, body: bytes) -> None:
        if kind == "drip":
            for place in range(len(body)):
                self.wfile.write(body[place : place + 1])
                if self.proxy.closing.wait(0.5):
                    break
        else:
            self.wfile.write(body[: len(body) // 2] if kind in ("truncate", "reset") else body)
        if kind:
            self.close_connection = True

    def fetch(self) -> tuple[int, list[tuple[str, str]], bytes]:
        there = urlsplit(self.proxy.target)
        link = http.client.HTTPConnection(there.netloc, timeout=20)
        passed = {name: value for name, value in self.headers.items() if name.lower() in ("range", "accept")}
        link.request(self.command, self.path, headers=passed)
        with contextlib.closing(link):
            reply = link.getresponse()
            return reply.status, reply.getheaders(), reply.read()


@contextlib.contextmanager
def before(target: str) -> Iterator[Proxy]:
    there = urlsplit(target)
    proxy = Proxy(target)
    with serving(type("Bound", (Handler,), {"proxy": proxy}), proxy.closing) as url:
        proxy.url = url + there.path
        yield proxy


@contextlib.contextmanager
def spoilt(world: World, fault: Fault, more_sources: bool) -> Iterator[None]:
    (honest,) = getattr(world.urls, fault.host)
    with before(honest) as proxy:
        proxy.kind, proxy.first = fault.kind, fault.first
        places = [proxy.url, honest] if more_sources else [proxy.url]
        use(world, Urls(**{**vars(world.urls), fault.host: places}))
        try:
            yield
        finally:
            use(world, world.urls)


def manager(fault: Fault) -> dict[str, str]:
    return {"ENV_MANAGER": "conda"} if fault.host == "conda" else {}


@pytest.fixture(scope="module")
def whole(world: World) -> dict[str, str]:
    world.forget()
    said = world.run()
    assert said.code == 0, said.text
    return state(world)


def alike(world: World, whole: dict[str, str], fault: Fault) -> None:
    """uv looks into its own store of passwords where its default index, the last of all, is asked, and leaves it empty."""
    assert strays(world) == []
    assert strangers(world) == {}
    now = {name: seen for name, seen in state(world).items() if not name.startswith(".local")}
    assert fault.host == "conda" or not (other := differences(whole, now)), other


class Fault(NamedTuple):
    """What goes wrong at one host, and after how many good answers."""

    host: str
    kind: Kind
    first: int

    def __str__(self) -> str:
        return f"{self.host}-{self.kind}-{self.first}"


FAULTS = [
    Fault(host, kind, (number + place) % 4)
    for place, host in enumerate(HOSTS)
    for number, kind in enumerate(KINDS)
]


def test_another_source_is_taken(world: World, whole: dict[str, str], fault: Fault) -> None:
    world.forget()
    with spoilt(world, fault, more_sources=True):
        said = world.run(more={**PATIENCE, **manager(fault)}, seconds=LONGEST)
    assert said.code == 0, said.text
    alike(world, whole, fault)


@pytest.mark.parametrize("alone", [FAULTS[1], FAULTS[11], FAULTS[18]], ids=str)
def test_without_another_source_it_ends_clearly_and_the_next_run_completes(
    world: World, whole: dict[str, str], alone: Fault
) -> None:
    world.forget()
    with spoilt(world, alone, more_sources=False):
        said = world.run(more={**PATIENCE, **manager(alone)}, seconds=LONGEST)
    assert said.code in (0, 5), said.text
    assert said.code == 0 or "This step failed: " in said.out
    assert "Traceback" not in said.text
    again = world.run(more=manager(alone))
    assert again.code == 0, again.text
    alike(world, whole, alone)
