"""Who listens where: sock_diag and /proc tell the same."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from doctor.lab import sockets
from doctor.lab.sockets import Listening, listening

PLACES = (
    (socket.AF_INET, "127.0.0.1"),
    (socket.AF_INET, "0.0.0.0"),
    (socket.AF_INET6, "::1"),
    (socket.AF_INET6, "::"),
)
INTERFACES = Path("/proc/net/if_inet6")
HAS_IPV6 = INTERFACES.exists() and f"{1:032x} " in INTERFACES.read_text()


@pytest.fixture
def opened() -> Iterator[dict[int, Listening]]:
    """A listener in each kind of place, by its port; and one with an open connection, which is not of them."""
    with ExitStack() as stack:
        found = {}
        for family, address in PLACES:
            if family == socket.AF_INET6 and not HAS_IPV6:
                continue
            one = stack.enter_context(socket.socket(family))
            one.bind((address, 0))
            one.listen()
            port, inode = one.getsockname()[1], str(os.fstat(one.fileno()).st_ino)
            found[port] = Listening(address, port, inode, os.geteuid())
            if address == "127.0.0.1":
                stack.enter_context(socket.create_connection((address, port)))
                stack.enter_context(one.accept()[0])
        yield found


def mine(opened: dict[int, Listening]) -> dict[int, Listening]:
    seen = [one for one in listening() if one.port in opened]
    assert len(seen) == len(opened), "each once"
    return {one.port: one for one in seen}


def test_the_kernel_tells(opened: dict[int, Listening], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(sockets, "_in_tables")
    assert mine(opened) == opened


def test_where_it_does_not_the_tables_do(
    opened: dict[int, Listening], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "SOCK_DIAG", 31)  # a protocol that no kernel has
    with pytest.raises(OSError):
        list(sockets._told())
    assert mine(opened) == opened


def test_many_take_several_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(sockets, "_in_tables")
    with ExitStack() as stack:
        ports = set()
        for _ in range(400):
            one = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            ports.add(one.getsockname()[1])
        assert ports <= {one.port for one in listening()}
