"""Lines of /etc/hosts that lead programs to where nobody answers any more."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.network.judge import all_replies, bare_host
from doctor.facts import Network
from doctor.finding import Finding


def pins(network: Network) -> Iterator[Finding]:
    """Where the name server knows an address that answers, the line is at fault; else the host may be out of reach anyway."""
    indexes = {bare_host(index.url) for index in network.indexes}  # of these more is said
    dead = [pin for pin in network.pins if pin.error and pin.host not in indexes]
    online = any(reply.stage == "answered" for reply in all_replies(network)) or network.outside
    for pin in (
        sorted(dead, key=lambda pin: not pin.other)[:1] if online or any(p.other for p in dead) else ()
    ):
        yield found(
            "network",
            "hosts-file-pins-host",
            severity="warn" if pin.other else "info",
            commands=tuple(
                ("sudo", "sed", "-i.bak", f"/{one.host.replace('.', '[.]')}/d", "/etc/hosts")
                for one in dead
                if one.other or not pin.other
            ),
            host=pin.host,
            address=pin.address,
            said=pin.error,
            other=pin.other or "-",
            count=str(len(dead)),
        )
