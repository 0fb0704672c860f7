"""What a check says: one fault, its evidence, its cause and its remedy."""

from __future__ import annotations

from typing import Literal

import msgspec

from doctor.text import Text

Severity = Literal["ok", "info", "warn", "fail", "unknown", "blocked"]


class Remedy(msgspec.Struct, frozen=True):
    """How to mend it: what to type (argv lists), and the step that does it, where one can."""

    commands: tuple[tuple[str, ...], ...] = ()
    step: str | None = None
    safe: bool = True  # nothing of the person's is lost or restarted by it
    reboot: bool = False


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One fault of a machine. `blocked_by` names the findings that would explain it when present."""

    id: str
    area: str
    severity: Severity
    title: Text
    evidence: Text
    cause: Text
    remedy: Remedy = Remedy()
    blocked_by: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


def by_hand(finding: Finding) -> Finding:
    """The same finding about something of the person's, which no step of setup mends."""
    return msgspec.structs.replace(finding, remedy=msgspec.structs.replace(finding.remedy, step=None))


def settle(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Mark as blocked each finding whose cause is present too, and name its root causes only.

    What is merely worth knowing explains nothing. A cause is as bad as the worst that follows from it.
    """
    causes = {f.id: f.blocked_by for f in findings if f.severity != "info"}
    settled = tuple(_settle_one(finding, causes) for finding in findings)
    worse = {
        root
        for before, after in zip(findings, settled, strict=True)
        if before.severity == "fail"
        for root in after.blocked_by
    }
    return tuple(
        msgspec.structs.replace(f, severity="fail") if f.severity == "warn" and f.id in worse else f
        for f in settled
    )


def _settle_one(finding: Finding, causes: dict[str, tuple[str, ...]]) -> Finding:
    roots = _roots(finding.id, finding.blocked_by, causes, frozenset({finding.id}))
    severity: Severity = "blocked" if roots and finding.severity != "info" else finding.severity
    return msgspec.structs.replace(finding, blocked_by=roots, severity=severity)


def _roots(
    finding_id: str, blocked_by: tuple[str, ...], causes: dict[str, tuple[str, ...]], seen: frozenset[str]
) -> tuple[str, ...]:
    """The causes that are present and have no present cause themselves, each once, in the order of the list."""
    found: dict[str, None] = {}
    for cause in blocked_by:
        if cause in causes and cause not in seen:
            above = _roots(cause, causes[cause], causes, seen | {cause})
            found.update(dict.fromkeys(above or (cause,)))
    return tuple(found)


def due_steps(findings: tuple[Finding, ...]) -> frozenset[str]:
    """The steps that some finding asks for. What is merely worth knowing asks for nothing."""
    asking = (f for f in findings if f.severity in ("warn", "fail", "blocked"))
    return frozenset(f.remedy.step for f in asking if f.remedy.step)
