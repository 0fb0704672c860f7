"""Who listens where, from /proc/net/tcp and tcp6: the address that Jupyter prints says nothing about it."""

from __future__ import annotations

import ipaddress
import os
import struct
from pathlib import Path

import msgspec
import psutil

LISTEN = "0A"


class Listening(msgspec.Struct, frozen=True):
    address: str
    port: int
    inode: str
    uid: int


def listening() -> tuple[Listening, ...]:
    """All sockets that listen. The kernel walks tables of a hundred thousand places for it: asked once in a look."""
    found = []
    for table in ("tcp", "tcp6"):
        try:
            lines = Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        except OSError:
            continue
        fields = (line.split() for line in lines)
        found += [_of(f[1], f[9], int(f[7])) for f in fields if f[3] == LISTEN]
    return tuple(found)


def _of(place: str, inode: str, uid: int) -> Listening:
    address, _, port = place.partition(":")
    return Listening(_address(address), int(port, 16), inode, uid)


def _address(text: str) -> str:
    """`0100007F` is 127.0.0.1: words of 32 bits, each in the machine's own order."""
    words = [struct.pack("=I", int(text[i : i + 8], 16)) for i in range(0, len(text), 8)]
    address = ipaddress.ip_address(b"".join(words))
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def sockets_of(pid: int) -> frozenset[str]:
    """The inodes of a process's sockets; empty where this user may not see them."""
    folder = f"/proc/{pid}/fd"
    found = set()
    try:
        for name in os.listdir(folder):  # noqa: PTH208 - names alone
            link = os.readlink(f"{folder}/{name}")  # noqa: PTH115 - thousands of them
            if link.startswith("socket:["):
                found.add(link[8:-1])
    except OSError:  # it ended, or is somebody else's
        return frozenset(found)
    return frozenset(found)


def is_absent(address: str) -> bool:
    """Whether this is an address, and none of this machine's: no server can listen there."""
    try:
        wanted = ipaddress.ip_address(address.strip("[]"))
    except ValueError:  # a name, or every address
        return False
    if wanted.is_loopback or wanted.is_unspecified:
        return False
    cards = psutil.net_if_addrs().values()
    return str(wanted) not in {one.address.partition("%")[0] for card in cards for one in card}
