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
    safe: bool = True
    reboot: bool = False


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One fault of a machine. `blocked_by` names the findings that would explain it when present."""

    id: str
    area: str
    severity: Severity
    title: Text
    evidence: str
    cause: Text
    remedy: Remedy = Remedy()
    blocked_by: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


def settle(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Mark as blocked each finding whose cause is another finding that is present too."""
    present = {finding.id for finding in findings}
    return tuple(_settle_one(finding, present) for finding in findings)


def _settle_one(finding: Finding, present: set[str]) -> Finding:
    causes = tuple(cause for cause in finding.blocked_by if cause in present and cause != finding.id)
    severity: Severity = "blocked" if causes else finding.severity
    return msgspec.structs.replace(finding, blocked_by=causes, severity=severity)


def due_steps(findings: tuple[Finding, ...]) -> frozenset[str]:
    """The steps that some finding asks for. What is merely worth knowing asks for nothing."""
    asking = (f for f in findings if f.severity in ("warn", "fail", "blocked"))
    return frozenset(f.remedy.step for f in asking if f.remedy.step)
