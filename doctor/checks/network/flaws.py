"""Settings with which pip or uv cannot work, as their files and variables tell by themselves."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.facts import Network
from doctor.facts.network import Flaw
from doctor.finding import Finding

IDS = {
    "unreadable": "pip-config-unreadable",
    "uv-unreadable": "uv-config-unreadable",
    "uv-ignored": "uv-project-settings-ignored",
    "no-effect": "pip-setting-without-effect",
    "uv-stops": "uv-setting-stops-installs",
    "index": "pip-index-not-an-address",
    "plain-http": "pip-index-not-trusted",
    "no-index": "pip-no-index-left-on",
    "constraint": "pip-constraint-missing",
    "elsewhere": "pip-installs-elsewhere",
    "stops": "pip-setting-stops-installs",
}


def flaw_findings(network: Network) -> Iterator[Finding]:
    """Each kind once: the first of its files is enough to begin with."""
    first: dict[str, Flaw] = {}
    for flaw in network.flaws:
        first.setdefault(flaw.kind, flaw)
    for kind, flaw in first.items():
        yield found(
            "network",
            IDS[kind],
            source=flaw.source,
            setting=flaw.key or "?",
            said=flaw.said,
            commands=undo(flaw),
        )


def undo(flaw: Flaw) -> tuple[tuple[str, ...], ...]:
    if flaw.source.isupper():
        return (("unset", flaw.source),)
    return (("$EDITOR", flaw.source),)
