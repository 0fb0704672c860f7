"""Can a server listen where it is told to: what `localhost` means here, and whether that address is this machine's."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from packaging.version import InvalidVersion, Version

from doctor.catalogue import found
from doctor.checks.jupyter.effective import effective
from doctor.facts import Facts, Jupyter, Packages
from doctor.finding import Finding
from doctor.text import Text

PASSES_OVER = Version("6.1")  # the first tornado that passes over a ::1 which is not there
OFF = Text("IPv6 is switched off on this machine", "本机已关闭 IPv6")
ELSEWHERE = Text("no address of this machine itself", "不是本机自身的地址")


def check(jupyter: Jupyter, facts: Facts) -> Iterator[Finding]:
    if effective(jupyter).get("ServerApp.ip", "localhost") not in ("localhost", "::1"):
        return
    lost = "::1" in jupyter.localhost and jupyter.no_ipv6
    near = [one for one in jupyter.localhost if _is_near(one)]
    if effective(jupyter).get("ServerApp.ip") == "::1" and jupyter.no_ipv6:
        yield _finding(("::1",), OFF)
    elif jupyter.localhost and not near:
        yield _finding(jupyter.localhost, ELSEWHERE)
    elif lost and (near == ["::1"] or _stops(facts)):
        yield _finding(jupyter.localhost, OFF)


def _finding(addresses: tuple[str, ...], why: Text) -> Finding:
    return found("jupyter", "jupyter-localhost-not-here", addresses=addresses, why=why)


def _is_near(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _stops(facts: Facts) -> bool:
    """Whether this tornado ends at the first address that it does not get, though 127.0.0.1 would do."""
    installed = facts.packages.installed if isinstance(facts.packages, Packages) else {}
    try:
        return Version(installed["tornado"]) < PASSES_OVER
    except (InvalidVersion, KeyError):
        return False
