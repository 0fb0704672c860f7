"""The diagnosis as one HTML file that can be sent: no script, nothing loaded from elsewhere."""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template

from doctor.finding import Finding
from doctor.report.page import MARKS
from doctor.report.snapshot import Snapshot
from doctor.report.summary import NAMES, summary
from doctor.report.terminal import LABELS, TOLD, headline
from doctor.shell import typed
from doctor.text import Lang

PAGE = Path(__file__).resolve().parent / "page.html"


def html(snapshot: Snapshot, findings: tuple[Finding, ...], areas: tuple[str, ...], lang: Lang) -> str:
    """The page. Every text of the machine is escaped."""
    roots = [f for severity in (*TOLD, "info") for f in findings if f.severity == severity]
    return Template(PAGE.read_text(encoding="utf-8")).substitute(
        lang=lang,
        headline=escape(headline(findings).get(lang)),
        whose=escape(snapshot.goal.prefix),
        taken_at=escape(snapshot.facts.taken_at),
        areas="\n".join(_area(area, snapshot, findings, lang) for area in areas),
        findings="\n".join(_finding(root, findings, lang) for root in roots),
    )


def _area(area: str, snapshot: Snapshot, findings: tuple[Finding, ...], lang: Lang) -> str:
    own = {f.severity for f in findings if f.area == area}
    worst = next((severity for severity in (*TOLD, "blocked") if severity in own), "ok")
    said = summary(area, snapshot.goal, snapshot.facts).get(lang)
    name = NAMES[area].get(lang)
    return f'<tr class="{worst}"><td>{MARKS[worst]}</td><th>{escape(name)}</th><td>{escape(said)}</td></tr>'


def _finding(finding: Finding, findings: tuple[Finding, ...], lang: Lang) -> str:
    commands = "\n".join(typed(command) for command in finding.remedy.commands)
    behind = [f for f in findings if f.severity == "blocked" and f.blocked_by[:1] == (finding.id,)]
    parts = [
        f'<section class="{finding.severity}" id="{escape(finding.id)}">',
        f"<h2>{MARKS[finding.severity]} {escape(finding.title.get(lang))} <code>{escape(finding.id)}</code></h2>",
        f"<p><b>{LABELS['seen'].get(lang)}</b> {escape(finding.evidence.get(lang))}</p>",
        f"<p><b>{LABELS['why'].get(lang)}</b> {escape(finding.cause.get(lang))}</p>",
        f"<pre>{escape(commands)}</pre>" if commands else "",
        *(
            f"<p>{MARKS['blocked']} {escape(f.title.get(lang))} <code>{escape(f.id)}</code></p>"
            for f in behind
        ),
        "</section>",
    ]
    return "\n".join(part for part in parts if part)
