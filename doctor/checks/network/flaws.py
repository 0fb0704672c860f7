"""Settings with which pip or uv cannot work, as their files and variables tell by themselves."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.network.packages import has_gpu
from doctor.facts import Facts, Network
from doctor.facts.network import Flaw
from doctor.finding import Finding, Severity

IDS = {
    "unreadable": "pip-config-unreadable",
    "uv-unreadable": "uv-config-unreadable",
    "uv-ignored": "uv-project-settings-ignored",
    "no-effect": "pip-setting-without-effect",
    "uv-stops": "uv-setting-stops-installs",
    "uv-cache": "uv-cache-not-writable",
    "uv-offline": "uv-offline-left-on",
    "uv-old": "uv-sees-old-releases",
    "uv-cpu": "uv-torch-pinned-to-cpu",
    "uv-first-index": "uv-takes-first-index",
    "uv-certs": "uv-system-certs-missing",
    "uv-no-effect": "uv-variable-without-effect",
    "uv-of-others": "uv-variable-without-effect",
    "index": "pip-index-not-an-address",
    "plain-http": "pip-index-not-trusted",
    "no-index": "pip-no-index-left-on",
    "constraint": "pip-constraint-missing",
    "elsewhere": "pip-installs-elsewhere",
    "stops": "pip-setting-stops-installs",
    "pip-log": "pip-cannot-write",
    "pip-cache": "pip-cannot-write",
    "pip-links": "pip-links-gone",
    "pip-wheels": "pip-takes-wheels-only",
    "pip-links-only": "pip-asks-no-index",
    "pip-sudo": "pip-by-sudo-in-another-home",
    "uv-other-disk": "uv-cache-on-another-disk",
}


SEVERITIES: dict[str, Severity] = {
    "uv-of-others": "info",
    "pip-cache": "info",
}  # of one kind among others of the id
MILDER = (
    ("uv-no-effect", "uv-of-others"),
    ("pip-log", "pip-cache"),
    ("no-index", "pip-links"),
)  # the first says it


def flaw_findings(network: Network, facts: Facts) -> Iterator[Finding]:
    """Each kind once: the first of its files is enough to begin with."""
    first: dict[str, Flaw] = {}
    for flaw in network.flaws:
        if flaw.kind == "uv-cpu" and not has_gpu(facts):  # there it is what one wants
            continue
        first.setdefault(flaw.kind, flaw)
    for worse, milder in MILDER:
        if worse in first:
            first.pop(milder, None)
    for kind, flaw in first.items():
        yield found(
            "network",
            IDS[kind],
            severity=SEVERITIES.get(kind),
            source=flaw.source,
            setting=flaw.key or "?",
            said=flaw.said,
            commands=undo(flaw),
        )


def beside(prefix: str) -> str:
    """A cache in the folder that the environment lies in: the same disk, as far as a path tells."""
    return f"{prefix.rstrip('/').rpartition('/')[0]}/.uv-cache"


def undo(flaw: Flaw) -> tuple[tuple[str, ...], ...]:
    if flaw.kind == "pip-sudo":
        return (("sudo", "-H", "python3", "-m", "pip", "install", "NAME"),)
    if flaw.kind == "uv-other-disk":
        return (("export", f"UV_CACHE_DIR={beside(flaw.source)}"),)
    if flaw.kind == "uv-first-index":
        return (("export", "UV_INDEX_STRATEGY=unsafe-best-match"),)
    if flaw.source == flaw.said:  # the usual place of a cache
        return (("export", "UV_NO_CACHE=1" if flaw.kind == "uv-cache" else "PIP_NO_CACHE_DIR=1"),)
    if flaw.source.isupper():
        return (("unset", flaw.source),)
    return (("$EDITOR", flaw.source),)
