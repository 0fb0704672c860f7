"""Each name server by itself: the C library asks them in turn, and waits five seconds for one that is gone."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

from doctor.facts.network import Resolver
from doctor.reading.peek import peek_text

MOST = 3  # that the C library takes from the file
PORT = 53
TRIES = 2  # a packet may be lost
# One question (RFC 1035): the addresses of a name that every resolver knows.
NAME = b"".join(bytes([len(label)]) + label for label in (b"www", b"python", b"org", b""))
QUERY = struct.pack("!HHHHHH", 0x6777, 0x0100, 1, 0, 0, 0) + NAME + struct.pack("!HH", 1, 1)


def servers(path: Path = Path("/etc/resolv.conf")) -> tuple[str, ...]:
    lines = (line.split() for line in peek_text(path).splitlines())
    return tuple(words[1] for words in lines if words[:1] == ["nameserver"] and len(words) > 1)[:MOST]


def look(server: str, seconds: float) -> Resolver:
    """Does it answer, whatever it answers?"""
    try:
        family, kind, _, _, place = socket.getaddrinfo(
            server, PORT, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST
        )[0]
        with socket.socket(family, kind) as port:
            port.connect(place)
            port.settimeout(seconds / TRIES)
            return Resolver(address=server, answers=any(_asked(port) for _ in range(TRIES)))
    except OSError:  # no address, or no way there
        return Resolver(address=server, answers=False)


def _asked(port: socket.socket) -> bool:
    try:
        port.send(QUERY)
        return port.recv(512)[:2] == QUERY[:2]
    except TimeoutError:
        return False
