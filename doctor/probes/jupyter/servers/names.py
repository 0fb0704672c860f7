"""What the name localhost means on this machine, where Jupyter listens unless it is told otherwise."""

from __future__ import annotations

from pathlib import Path

from doctor.reading.peek import is_there, peek_text

HOSTS = Path("/etc/hosts")
IN_USE = Path("/proc/net/if_inet6")  # addresses of the cards; not there where the kernel has no IPv6
ITSELF = "0" * 31 + "1"


def of_localhost(hosts: Path = HOSTS) -> tuple[str, ...]:
    """Its addresses by /etc/hosts, in that order; none where the file does not name it."""
    lines = (line.partition("#")[0].split() for line in peek_text(hosts).splitlines())
    return tuple(words[0] for words in lines if "localhost" in words[1:])


def has_no_ipv6() -> bool:
    """Whether ::1 is no address of this machine. Not known where /proc is not to be read."""
    return is_there(Path("/proc/net/dev")) and ITSELF not in peek_text(IN_USE)
