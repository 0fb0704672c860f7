"""Hosts of programs that /etc/hosts fixes to an address: does somebody answer there, and what does the name server say?"""

from __future__ import annotations

import secrets
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

from doctor.facts.network import Pin
from doctor.probes.network.line.names import is_address, walk
from doctor.probes.network.line.resolvers import PORT, servers
from doctor.probes.network.told.proxies import proxy_for
from doctor.reading.peek import peek_text

# What installers, git and libraries of this field fetch from. The Hub's own name is asked of elsewhere.
HOSTS = (
    "github.com", "api.github.com", "codeload.github.com", "raw.github.com", "raw.githubusercontent.com",
    "objects.githubusercontent.com", "release-assets.githubusercontent.com", "gist.githubusercontent.com",
    "pypi.org", "files.pythonhosted.org", "download.pytorch.org", "conda.anaconda.org", "repo.anaconda.com",
    "cdn-lfs.huggingface.co", "cdn-lfs.hf.co", "cas-server.xethub.hf.co", "cas-bridge.xethub.hf.co", "astral.sh",
    "openaipublic.blob.core.windows.net", "storage.googleapis.com",
)  # fmt: skip
MOST = 8
SECONDS = 1.5


def pinned(path: Path = Path("/etc/hosts")) -> Iterator[tuple[str, str]]:
    """Host and address of each line that counts: the first of a host, where no proxy leads to it."""
    seen: set[str] = set()
    for line in peek_text(path).splitlines():
        address, *names = [*line.partition("#")[0].split(), ""][:40]
        for host in (name.lower() for name in names):
            if host in HOSTS and host not in seen and is_address(address) and len(seen) < MOST:
                seen.add(host)
                if proxy_for(f"https://{host}/") is None:
                    yield host, address


def look(host: str, address: str) -> Pin:
    """The name server is asked only where nobody answers at the address of the file."""
    error = walk(address, 443, SECONDS).error
    others = told_by_server(host) if error else ()
    reached = next((one for one in others if one != address and not walk(one, 443, SECONDS).error), "")
    return Pin(host=host, address=address, error=error, other=reached)


def told_by_server(host: str) -> tuple[str, ...]:
    """What the first name server that answers says, past the file (RFC 1035). Two addresses are enough."""
    for server in servers():
        number = secrets.token_bytes(2)
        labels = b"".join(bytes([len(part)]) + part for part in host.encode("ascii").split(b".")) + b"\0"
        question = labels + struct.pack("!HH", 1, 1)
        try:
            family, kind, _, _, place = socket.getaddrinfo(
                server, PORT, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST
            )[0]
            with socket.socket(family, kind) as port:
                port.connect(place)
                port.settimeout(SECONDS)
                port.send(number + struct.pack("!HHHHH", 0x0100, 1, 0, 0, 0) + question)
                said = port.recv(2048)
        except OSError:  # no way there, or silence
            continue
        if said[:2] == number:
            return tuple(_addresses(said, 12 + len(question)))[:2]
    return ()


def _addresses(said: bytes, at: int) -> Iterator[str]:
    """The IPv4 addresses of an answer whose records begin at `at`."""
    while at + 12 <= len(said):
        while said[at : at + 1] not in (b"", b"\0") and said[at] < 0xC0:  # a name that is written out
            at += 1 + said[at]
        at += 2 if said[at : at + 1] != b"\0" else 1
        if at + 10 > len(said):
            return
        kind, _, _, length = struct.unpack("!HHIH", said[at : at + 10])
        at += 10
        if kind == 1 and length == 4 and at + 4 <= len(said):
            yield socket.inet_ntoa(said[at : at + 4])
        at += length
