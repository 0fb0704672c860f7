"""The parts below HTTP: routes, name servers, names, and TCP to each family of address."""

from __future__ import annotations

import ipaddress
import socket
import time
from pathlib import Path

from doctor.facts.network import Name, Way
from doctor.reading.peek import is_there, peek, peek_text

# Well-known anycast resolvers, which have TCP 443 open: do packets leave at all? One in mainland China, one outside.
CONTROLS = ("223.5.5.5", "1.1.1.1")
REJECT = 0x0200  # a route that refuses


def routes() -> tuple[str, ...] | None:
    """The families with a route off this machine, as the kernel lists them; None where it lists nothing to us."""
    v4, v6 = _table("/proc/net/route"), _table("/proc/net/ipv6_route")
    if v4 is None:
        return None
    leading = any(line[0] != "lo" for line in v4[1:])
    six = any(_leads_away(line) for line in v6 or [])
    return (*(("v4",) if leading else ()), *(("v6",) if six else ()))


def _table(path: str) -> list[list[str]] | None:
    said = peek(path)
    return (
        None
        if said is None
        else [line.split() for line in said.decode("ascii", "replace").splitlines() if line]
    )


def _leads_away(line: list[str]) -> bool:
    """A line of ipv6_route: every network interface has a link-local route, which leads nowhere."""
    destination, device, flags = line[0], line[-1], int(line[-2], 16)
    return device != "lo" and not flags & REJECT and not destination.startswith(("fe80", "ff"))


def name_servers(path: Path = Path("/etc/resolv.conf")) -> int | None:
    """How many name servers are listed; None when the file cannot be read."""
    if not is_there(path):
        return 0
    said = peek(path)
    if said is None:
        return None
    lines = said.decode("utf-8", "replace").splitlines()
    return sum(1 for line in lines if line.split()[:1] == ["nameserver"] and len(line.split()) > 1)


def name_order(path: Path = Path("/etc/nsswitch.conf")) -> tuple[str, ...]:
    """The sources of host names, in their order; () where the file is not there or does not say.

    What follows a # in the line counts: the C library takes it for sources too.
    """
    lines = (line.split() for line in peek_text(path).splitlines())
    return next((tuple(words[1:]) for words in lines if words[:1] == ["hosts:"]), ())


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def look_up(host: str) -> Name:
    """May block for as long as the resolver likes: to be asked in a thread of its own."""
    pinned = is_pinned(host)
    try:
        found = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        silent = error.errno in (socket.EAI_AGAIN, socket.EAI_FAIL, socket.EAI_SYSTEM)
        return Name(host=host, error=error.strerror or str(error), silent=silent)
    except (OSError, UnicodeError) as error:
        return Name(host=host, error=str(error))
    return Name(host=host, addresses=tuple(dict.fromkeys(str(entry[4][0]) for entry in found)), pinned=pinned)


def is_pinned(host: str, path: Path = Path("/etc/hosts")) -> bool:
    """Does the hosts file name it?"""
    return any(host in line.partition("#")[0].split()[1:] for line in peek_text(path).splitlines())


def ways(host: str, port: int, name: Name) -> list[tuple[str, int]]:
    """The first address of each family."""
    addresses = (host,) if is_address(host) else name.addresses
    first = {":" in address: address for address in reversed(addresses)}
    return [(address, port) for address in first.values()]


def walk(address: str, port: int, seconds: float) -> Way:
    """Connect, and hang up."""
    began, error = time.monotonic(), ""
    try:
        socket.create_connection((address, port), seconds).close()
    except OSError as trouble:
        error = trouble.strerror or str(trouble) or "timed out"
    took = round(time.monotonic() - began, 3)
    return Way(family="v6" if ":" in address else "v4", address=address, error=error, seconds=took)


def connects(address: str, seconds: float) -> bool:
    return not walk(address, 443, seconds).error
