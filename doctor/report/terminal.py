"""Findings for a person: the root causes first, what follows from them under them, the remedy last."""

from __future__ import annotations

import shlex
import sys

from doctor.finding import Finding
from doctor.text import Lang, Text

MARK = {"ok": "✓", "info": "·", "warn": "!", "fail": "✗", "unknown": "?", "blocked": "↳"}
ORDER = ("fail", "warn", "unknown", "info")
FINE = Text("nothing is wrong", "一切正常")
TYPE = Text("type", "请运行")


def lines(findings: tuple[Finding, ...], lang: Lang) -> list[str]:
    """The findings as lines of plain text."""
    roots = [f for severity in ORDER for f in findings if f.severity == severity]
    if not any(f.severity in ("fail", "warn", "unknown") for f in roots):
        return [f"✓ {FINE.get(lang)}", *(line for root in roots for line in _root(root, findings, lang))]
    return [line for root in roots for line in _root(root, findings, lang)]


def _root(root: Finding, findings: tuple[Finding, ...], lang: Lang) -> list[str]:
    told = [f"{MARK[root.severity]} {root.title.get(lang)}  [{root.id}]", f"    {root.evidence.get(lang)}"]
    if root.severity != "info":
        told.append(f"    {root.cause.get(lang)}")
        told += [f"    {TYPE.get(lang)}: {shlex.join(command)}" for command in root.remedy.commands]
    behind = [f for f in findings if f.severity == "blocked" and f.blocked_by[0] == root.id]
    return told + [f"    {MARK['blocked']} {f.title.get(lang)}  [{f.id}]" for f in behind]


def show(text: list[str]) -> None:
    print("\n".join(text))


def emit(data: bytes) -> None:
    """JSON to standard output, and nothing else."""
    sys.stdout.buffer.write(data + b"\n")
