"""What several cards need to talk to each other, and to those of other machines: bridges, interfaces, memory to lock."""

from __future__ import annotations

import re
import resource
import socket
import struct
from collections.abc import Iterable
from pathlib import Path

import msgspec

from doctor.facts import PciCard
from doctor.probes.gpu.cards.pci import DEVICES
from doctor.probes.listing import names_in
from doctor.reading.peek import peek, peek_text

ADDRESS = re.compile(r"[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\Z")
EXTENDED, ACS = 0x100, 0x000D  # where extended capabilities begin; the number of access control services
MOST = 64  # capabilities in a list; a broken one may go round
REDIRECT = 0x04 | 0x08  # requests and completions between devices below go up to the root first
UVERBS = Path("/dev/infiniband")
IPC_LOCK = 14  # the capability to lock as much as one likes
ENOUGH = 1 << 30  # bytes; NCCL registers buffers of some hundred megabytes
ASK_ADDRESS = 0x8915  # SIOCGIFADDR
LOOPBACK = "lo"


def with_ways(cards: tuple[PciCard, ...], root: Path = DEVICES) -> tuple[PciCard, ...]:
    """The cards, each with the bridges above it that send talk among cards the long way, and whether it is translated."""
    return tuple(
        msgspec.structs.replace(
            card, redirected=tuple(_redirecting(root / card.address)), translated=_domain(root / card.address)
        )
        for card in cards
    )


def _redirecting(card: Path) -> Iterable[str]:
    """The kernel's folders lie in each other as bridges and devices do."""
    for folder in card.resolve().parents:
        if not ADDRESS.match(folder.name):
            return
        if _control(peek(folder / "config", 4096) or b"") & REDIRECT:
            yield folder.name


def _control(config: bytes) -> int:
    """The control register of the access control services; 0 where there are none, or the list is closed to us."""
    at, seen = EXTENDED, 0
    while at >= EXTENDED and at + 8 <= len(config) and seen < MOST:
        header, _, control = struct.unpack_from("<IHH", config, at)
        if header & 0xFFFF == ACS:
            return int(control)
        at, seen = header >> 20, seen + 1
    return 0


def _domain(card: Path) -> str:
    """How the IOMMU handles it: it is in a group wherever there is one that works."""
    group = card / "iommu_group"
    return (peek_text(group / "type").strip() or "DMA") if group.exists() else ""


def with_link(adapters: Path) -> tuple[str, ...]:
    """Adapters with a port that is active."""
    return tuple(
        name
        for name in sorted(names_in(adapters))
        if any("ACTIVE" in peek_text(state) for state in (adapters / name).glob("ports/*/state"))
    )


def unaddressed() -> bool:
    """Whether no interface but loopback has an address."""
    names = [name for _, name in socket.if_nameindex() if name != LOOPBACK]
    with_six = {line.split()[-1] for line in peek_text("/proc/net/if_inet6").splitlines() if line.strip()}
    return not any(name in with_six or _has_address(name) for name in names)


def _has_address(name: str) -> bool:
    import fcntl  # where several cards are

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            fcntl.ioctl(one.fileno(), ASK_ADDRESS, struct.pack("256s", name.encode()[:15]))
        except OSError:
            return False
    return True


def locked_most() -> int | None:
    """How much this process may lock in memory, where an adapter for RDMA is handed to it and that is little."""
    if not any(name.startswith("uverbs") for name in names_in(UVERBS)):
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    held = re.search(r"^CapEff:\s*([0-9a-f]+)", peek_text("/proc/self/status"), re.MULTILINE)
    may = held is not None and int(held.group(1), 16) >> IPC_LOCK & 1
    return None if may or soft == resource.RLIM_INFINITY or soft >= ENOUGH else soft
