"""The network interfaces with a route, and Docker's networks among them; what Docker is told to give its containers."""

from __future__ import annotations

import ipaddress
import re
import socket
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from doctor.facts.network import DockerNetwork, Link
from doctor.reading.peek import is_file, is_there, peek, peek_text

OF_DOCKER = re.compile(r"docker0|docker_gwbridge|br-[0-9a-f]{12}")
EVERYWHERE = "0.0.0.0/0"
ROUTES, DEVICES = Path("/proc/net/route"), Path("/sys/class/net")
DAEMON, PERSON = Path("/etc/docker/daemon.json"), "~/.docker/config.json"
UNITS = Path("/etc/systemd/system/docker.service.d")


def links(routes: Path = ROUTES, devices: Path = DEVICES) -> tuple[Link, ...]:
    """Those that the kernel's table of routes names. Networks that are not private are not told."""
    found: dict[str, list[str]] = {}
    for device, network in _routes(peek_text(routes)):
        found.setdefault(device, []).append(network)
    return tuple(
        Link(
            name=device,
            mtu=_number(peek_text(devices / device / "mtu")),
            networks=tuple(
                one for one in networks if ipaddress.ip_network(one).is_private and one != EVERYWHERE
            ),
            default=EVERYWHERE in networks,
            docker=OF_DOCKER.fullmatch(device) is not None,
        )
        for device, networks in found.items()
    )


def _routes(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) > 7 and words[0] != "lo":
            yield words[0], f"{_dotted(words[1])}/{int(words[7], 16).bit_count()}"


def _dotted(word: str) -> str:
    """As the kernel writes an address there: a number in the machine's own order."""
    return socket.inet_ntoa(struct.pack("=I", int(word, 16)))


def _number(text: str) -> int | None:
    return int(text) if text.strip().isdecimal() else None


def docker() -> DockerNetwork | None:
    """None where Docker has no settings of its own here and no network is its."""
    if not (is_there(DAEMON.parent) or is_there(DEVICES / "docker0")):
        return None
    daemon = _decoded(DAEMON)
    person = _decoded(Path(PERSON).expanduser())
    dns, mtu = daemon.get("dns"), daemon.get("mtu")
    return DockerNetwork(
        dns=tuple(str(one) for one in dns) if isinstance(dns, list) else (),
        mtu=mtu if isinstance(mtu, int) else None,
        own_network=any(name in daemon for name in ("bip", "default-address-pools", "fixed-cidr")),
        **_way_out(daemon),
        passes_proxy=isinstance(person.get("proxies"), dict),
        daemon_proxy=isinstance(daemon.get("proxies"), dict) or is_file(UNITS / "http-proxy.conf"),
    )


def _way_out(daemon: Mapping[str, object]) -> dict[str, Any]:
    """Asked only where a network of Docker's is up."""
    if not is_there(DEVICES / "docker0"):
        return {}
    from doctor.probes.network.line import docker_rules  # few machines have it

    return docker_rules.way_out(daemon)


def _decoded(path: Path) -> dict[str, object]:
    """What cannot be read is said by another look."""
    try:
        said = msgspec.json.decode(peek(path) or b"{}")
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def private_servers(path: Path = Path("/etc/resolv.conf")) -> tuple[str, ...]:
    """Name servers of the own network, which a network of Docker's may hide."""
    words = (line.split() for line in peek_text(path).splitlines())
    named = (one[1] for one in words if one[:1] == ["nameserver"] and len(one) > 1)
    return tuple(one for one in named if _is_private(one))


def _is_private(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_private
    except ValueError:
        return False
