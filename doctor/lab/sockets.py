"""Who listens where, as the kernel has it: the address that Jupyter prints says nothing about it.

Asked by sock_diag(7) for these sockets alone. /proc/net/tcp tells the same, but the kernel walks tables of a hundred thousand
places for it, open connections among them: for where sock_diag is not to be had (gVisor, a closed seccomp profile).
"""

from __future__ import annotations

import ipaddress
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil

LISTEN = "0A"
SOCK_DIAG = 4  # the protocol of such a netlink socket, and in linux/sock_diag.h and inet_diag.h:
BY_FAMILY, DUMP, STATE = 20, 0x301, 1 << 10
DONE, ERROR = 3, 2
HEAD = struct.Struct("=IHHII")  # length, type, flags, number, port
QUESTION = struct.Struct("=BBBBI48x")  # family, protocol, more, -, states
PORT, OWNER = struct.Struct("!H"), struct.Struct("=II")  # user and inode
ADDRESSES = {socket.AF_INET: slice(8, 12), socket.AF_INET6: slice(8, 24)}
SECONDS = 1.0


class Listening(msgspec.Struct, frozen=True):
    address: str
    port: int
    inode: str
    uid: int


def listening() -> tuple[Listening, ...]:
    """All sockets that listen with TCP."""
    try:
        return tuple(_told())
    except (OSError, struct.error):
        return _in_tables()


def _told() -> Iterator[Listening]:
    for family, place in ADDRESSES.items():
        for said in _ask(family):
            (port,), (uid, inode) = PORT.unpack_from(said, 4), OWNER.unpack_from(said, 64)
            yield Listening(_plain(said[place]), port, str(inode), uid)


def _ask(family: int) -> Iterator[bytes]:
    """One inet_diag_msg for each socket. Raises OSError where the kernel refuses."""
    question = QUESTION.pack(family, socket.IPPROTO_TCP, 0, 0, STATE)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, SOCK_DIAG) as kernel:
        kernel.settimeout(SECONDS)
        kernel.send(HEAD.pack(HEAD.size + len(question), BY_FAMILY, DUMP, 1, 0) + question)
        while True:
            answer = kernel.recv(1 << 16)
            while answer:
                length, kind, *_ = HEAD.unpack_from(answer)
                if kind == DONE:
                    return
                if kind == ERROR or length < HEAD.size:
                    raise OSError("the kernel does not tell")
                yield answer[HEAD.size : length]
                answer = answer[(length + 3) & ~3 :]


def _in_tables() -> tuple[Listening, ...]:
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
    return _plain(b"".join(words))


def _plain(packed: bytes) -> str:
    address = ipaddress.ip_address(packed)
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
