"""The versioned envelope behind every renderer, and the one output of --json."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import msgspec

from doctor.errors import Trouble
from doctor.facts import Facts
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.text import Lang

SCHEMA = 1


def envelope(
    goal: Goal, facts: Facts | None, findings: tuple[Finding, ...], code: int, lang: Lang, **more: Any
) -> bytes:
    """The answer of a word as JSON. `more` holds what only that word has to say."""
    body = {
        "schema": SCHEMA,
        "tool": {
            "name": "groundwork",
            "profile": goal.profile.name,
            "manager": goal.manager,
            "prefix": goal.prefix,
        },
        "facts": facts,
        "findings": [finding_body(finding, lang) for finding in findings],
        "summary": dict(Counter(finding.severity for finding in findings)),
        **more,
        "exit_code": int(code),
    }
    return msgspec.json.format(msgspec.json.encode(body), indent=2)


def words_envelope(code: int, **more: Any) -> bytes:
    """The answer of a word that looks at no machine."""
    body = {"schema": SCHEMA, "tool": {"name": "groundwork"}, **more, "exit_code": int(code)}
    return msgspec.json.format(msgspec.json.encode(body), indent=2)


def finding_body(finding: Finding, lang: Lang) -> dict[str, Any]:
    return {
        "id": finding.id,
        "area": finding.area,
        "severity": finding.severity,
        "title": finding.title.get(lang),
        "evidence": finding.evidence.get(lang),
        "cause": finding.cause.get(lang),
        "blocked_by": list(finding.blocked_by),
        "remedy": finding.remedy,
        "links": list(finding.links),
    }


def refusal(trouble: Trouble, lang: Lang) -> bytes:
    """The answer of a word that was turned away: what is wrong, what to do, and the exit code."""
    error = {"message": trouble.message.get(lang), "hint": trouble.hint.get(lang) if trouble.hint else None}
    return words_envelope(trouble.code, error=error)


def emit(data: bytes) -> None:
    """JSON to standard output, and nothing else."""
    sys.stdout.buffer.write(data + b"\n")
