"""The word `doctor`: the same for `groundwork doctor`, `make doctor` and `python -m doctor`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from doctor.diagnose import diagnose, exit_code, pick_areas, write
from doctor.errors import Exit
from doctor.finding import Finding
from doctor.goal.settings import resolve
from doctor.goal.target import look_at_active
from doctor.report.envelope import emit, envelope, words_envelope
from doctor.report.snapshot import Snapshot, encode
from doctor.settle.hosted import look_at_runtime
from doctor.settle.manager import settle_by_sight
from doctor.text import Lang


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """How the doctor was called, besides the settings."""

    as_json: bool = False
    area: str | None = None
    offline: bool = False
    deep: bool = False
    listing: bool = False
    save: Path | None = None
    html: Path | None = None
    facts: Path | None = None


def run(flags: Mapping[str, str | None], lang: Lang, asked: Asked) -> int:
    """Diagnose and tell. Raises Trouble on bad input."""
    if asked.listing:
        return _list(lang, asked.as_json)
    areas = pick_areas(asked.area)
    goal = look_at_runtime(resolve(flags, changes=False), os.environ)
    goal = look_at_active(settle_by_sight(goal), os.environ)
    goal = msgspec.structs.replace(goal, deep=asked.deep, offline=asked.offline)
    snapshot, findings = diagnose(goal, areas, asked.facts)
    code = exit_code(findings)
    if asked.save:
        write(asked.save, encode(snapshot))
    if asked.html:
        _write_html(asked.html, snapshot, findings, areas, lang)
    if asked.as_json:
        emit(envelope(snapshot.goal, snapshot.facts, findings, code, lang))
    else:
        from doctor.report.terminal import (  # a program that asks for JSON has no use for it
            page,
            report,
            show,
        )

        show(report(snapshot.goal, snapshot.facts, findings, areas, lang, page()))
    return code


def _write_html(
    path: Path, snapshot: Snapshot, findings: tuple[Finding, ...], areas: tuple[str, ...], lang: Lang
) -> None:
    from doctor.report.html import html

    write(path, html(snapshot, findings, areas, lang).encode())


def _list(lang: Lang, as_json: bool) -> int:
    """Every finding that the doctor knows; looks at nothing."""
    from doctor.catalogue import catalogue
    from doctor.explain.page import listing
    from doctor.report.terminal import page, show
    from doctor.texts.match import Match, body

    if as_json:
        known = [
            Match(id=name, area=area, entry=entry)
            for name, (area, entry) in catalogue().items()
            if not entry.told
        ]
        emit(words_envelope(Exit.FINE, known=[body(match, lang) for match in known]))
    else:
        show(listing(lang, page()))
    return Exit.FINE
