"""A machine with a network of its own making: `unshare -n -m python -m tests.faults.island SPEC COMMAND...`

SPEC is JSON of `Island`. Inside the new namespaces the interface, routes, name server and hosts file are made as it
says, then the command runs in it. Nothing outside sees any of it.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import msgspec

from tests.faults.web import HUB, serve_web

LINK = "v0"
GATEWAY, GATEWAY6 = "10.1.1.1", "2001:db8:1::1"
HARDWARE = "02:00:00:00:00:01"  # of a gateway that nobody is: packets to it vanish


class Island(msgspec.Struct, frozen=True, kw_only=True):
    route: bool = False  # a default route, into a black hole
    route6: bool = False
    addresses: tuple[str, ...] = ()  # of the world outside, which this machine plays itself
    accepting: tuple[str, ...] = ()  # those on whose port 443 somebody accepts
    hub: tuple[str, ...] = ()  # those on whose port 80 a Hub answers
    names: dict[str, str] | None = None  # what the name server knows; None: there is none that answers
    resolv_conf: str = "nameserver 127.0.0.1\n"
    hosts: str = "127.0.0.1 localhost\n::1 localhost\n"


def main(spec: str, command: list[str]) -> int:
    island = msgspec.json.decode(spec, type=Island)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        dress(island, folder)
        for address in island.accepting:
            stack.enter_context(accept(address))
        for address in island.hub:
            stack.enter_context(serve_web(HUB, host=address, port=80))
        if island.names is not None:
            stack.enter_context(name_server(island.names))
        began = time.monotonic()
        code = subprocess.run(command, check=False).returncode
        print(f"seconds: {time.monotonic() - began:.2f}", file=sys.stderr)
        return code


def dress(island: Island, folder: Path) -> None:
    ip("link", "set", "lo", "up")
    for address in island.addresses:
        ip("address", "add", address, "dev", "lo")
    if island.route or island.route6:
        black_hole(island)
    for path, text in (("/etc/resolv.conf", island.resolv_conf), ("/etc/hosts", island.hosts)):
        cover = folder / Path(path).name
        cover.write_text(text)
        subprocess.run(["mount", "--bind", str(cover), path], check=True)


def black_hole(island: Island) -> None:
    ip("link", "add", LINK, "type", "veth", "peer", "name", "v1")
    ip("link", "set", "v1", "up")
    ip("link", "set", LINK, "up")
    if island.route:
        ip("address", "add", "10.1.1.2/24", "dev", LINK)
        ip("neigh", "add", GATEWAY, "lladdr", HARDWARE, "dev", LINK, "nud", "permanent")
        ip("route", "add", "default", "via", GATEWAY)
    if island.route6:
        ip("-6", "address", "add", "2001:db8:1::2/64", "dev", LINK, "nodad")
        ip("-6", "neigh", "add", GATEWAY6, "lladdr", HARDWARE, "dev", LINK, "nud", "permanent")
        ip("-6", "route", "add", "default", "via", GATEWAY6, "dev", LINK)


def ip(*args: str) -> None:
    subprocess.run(["ip", *args], check=True, capture_output=True, timeout=10)


@contextlib.contextmanager
def accept(address: str):  # type: ignore[no-untyped-def]
    """A port that takes connections: the kernel does it, as long as somebody listens."""
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((address, 443))
        door.listen(64)
        yield


@contextlib.contextmanager
def name_server(names: dict[str, str]):  # type: ignore[no-untyped-def]
    """UDP port 53 on loopback: A records of `names`, for all others "no such name"."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
        port.bind(("127.0.0.1", 53))
        threading.Thread(target=answer_names, args=(port, names), daemon=True).start()
        yield


def answer_names(port: socket.socket, names: dict[str, str]) -> None:
    while True:
        query, asker = port.recvfrom(512)
        port.sendto(record(query, names), asker)


def record(query: bytes, names: dict[str, str]) -> bytes:
    """The answer to one question (RFC 1035)."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    question, kind = query[12 : at + 5], struct.unpack("!H", query[at + 1 : at + 3])[0]
    known = names.get(".".join(labels))
    found = known is not None and kind == 1
    head = query[:2] + struct.pack("!HHHHH", 0x8180 if known else 0x8183, 1, int(found), 0, 0)
    address = socket.inet_aton(known) if known and found else b""
    return head + question + (b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + address if found else b"")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
