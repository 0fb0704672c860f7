"""Findings for a person: a calm first line, a line for each area, then the root causes with what follows from them."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence

from doctor.facts import Facts
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.report.page import Page, columns, page_for, tolerant
from doctor.report.summary import NAMES, summary
from doctor.shell import typed
from doctor.text import Lang, Text

TOLD = ("fail", "warn", "unknown")  # what needs a person's eye, worst first
FINE = Text("nothing is wrong", "一切正常")
LABELS = {
    "seen": Text("seen", "现象"),
    "why": Text("why", "原因"),
    "do": Text("do", "处理"),
}
LABEL_WIDTH = 6
MORE = Text(
    "More about one: make explain ARGS=ID      What can be mended by itself: make fix",
    "了解某一项：make explain ARGS=ID      自动修复：make fix",
)


def report(
    goal: Goal, facts: Facts, findings: tuple[Finding, ...], areas: Sequence[str], lang: Lang, page: Page
) -> list[str]:
    """The whole answer of the doctor as lines of text."""
    bad = any(f.severity in TOLD for f in findings)
    told = lines(findings, lang, page) if bad else _notes(findings, lang, page)
    who = Text(f"looked at: {goal.prefix}", f"检查对象：{goal.prefix}").get(lang)
    out = [headline(findings).get(lang), who, "", *_areas(goal, facts, findings, areas, lang, page)]
    return [*out, *([""] if told else []), *told, *(["", MORE.get(lang)] if bad else [])]


def headline(findings: tuple[Finding, ...]) -> Text:
    """The first line: how bad it is, in plain words."""
    count: Counter[str] = Counter(f.severity for f in findings)
    if not any(count[severity] for severity in TOLD):
        return Text("Everything is fine.", "一切正常。")
    en, zh = [], []
    for severity, one, many, chinese in PARTS:
        if count[severity]:
            en.append(f"{count[severity]} {one if count[severity] == 1 else many}")
            zh.append(f"{count[severity]} {chinese}")
    return Text(f"{', '.join(en)}; the rest is fine.", f"{'，'.join(zh)}；其余正常。")


PARTS = (
    ("fail", "thing is broken", "things are broken", "处故障"),
    ("warn", "could be better", "could be better", "处可以改进"),
    ("unknown", "could not be looked at", "could not be looked at", "处无法检查"),
)


def _areas(
    goal: Goal, facts: Facts, findings: tuple[Finding, ...], areas: Sequence[str], lang: Lang, page: Page
) -> Iterator[str]:
    """One line an area: its worst mark and what is there. Not cut: a terminal wraps it where it is too long."""
    wide = max(columns(NAMES[area].get(lang)) for area in areas)
    for area in areas:
        own = {f.severity for f in findings if f.area == area}
        worst = next((severity for severity in (*TOLD, "blocked") if severity in own), "ok")
        name = NAMES[area].get(lang)
        said = " ".join(summary(area, goal, facts).get(lang).split())
        gap = " " * (wide - columns(name) + 2)
        yield next(iter(page.wrap(said, "", f"{page.mark(worst)} {name}{gap}")), f"{page.mark(worst)} {name}")


def lines(findings: tuple[Finding, ...], lang: Lang, page: Page | None = None) -> list[str]:
    """The findings alone, as lines of plain text: root causes, worst first, then what is worth knowing."""
    page = page or Page()
    roots = [f for severity in TOLD for f in findings if f.severity == severity]
    told = [line for root in roots for line in _root(root, findings, lang, page)]
    if not roots:
        told = [f"{page.mark('ok')} {FINE.get(lang)}"]
    return told + _notes(findings, lang, page)


def _notes(findings: tuple[Finding, ...], lang: Lang, page: Page) -> list[str]:
    """What is worth knowing, a line each."""
    notes = (f for f in findings if f.severity == "info")
    return [line for f in notes for line in page.wrap(_title(f, lang), "  ", f"{page.mark('info')} ")]


def _title(finding: Finding, lang: Lang) -> str:
    return f"{finding.title.get(lang)}  [{finding.id}]"


def _root(root: Finding, findings: tuple[Finding, ...], lang: Lang, page: Page) -> list[str]:
    mark = f"{page.mark(root.severity)} "
    told = page.wrap(_title(root, lang), "  ", mark)
    told += _labelled("seen", root.evidence.get(lang), lang, page)
    told += _labelled("why", root.cause.get(lang), lang, page)
    for number, command in enumerate(root.remedy.commands):
        # A command is never cut: it has to be copied whole.
        told.append(_label("do" if number == 0 else None, lang) + typed(command))
    behind = [f for f in findings if f.severity == "blocked" and f.blocked_by[:1] == (root.id,)]
    for finding in behind:
        told += page.wrap(_title(finding, lang), "      ", f"    {page.mark('blocked')} ")
    return told


def _labelled(label: str, text: str, lang: Lang, page: Page) -> list[str]:
    return page.wrap(text, _label(None, lang), _label(label, lang))


def _label(label: str | None, lang: Lang) -> str:
    said = f"{LABELS[label].get(lang)}:" if label else ""
    return f"    {said}{' ' * max(1, LABEL_WIDTH - columns(said))}"


def show(text: list[str]) -> None:
    """Lines on standard output; what its encoding lacks is replaced."""
    tolerant()
    if text:
        print("\n".join(text))


def page() -> Page:
    """The page of standard output."""
    return page_for(sys.stdout)
