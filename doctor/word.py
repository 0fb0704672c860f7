"""The word `doctor`: the same for `groundwork doctor`, `make doctor` and `python -m doctor`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from doctor.diagnose import diagnose, exit_code, pick_areas
from doctor.diagnose import save as write
from doctor.manager import settle_by_sight
from doctor.report.envelope import envelope
from doctor.report.terminal import emit, lines, show
from doctor.settings import resolve
from doctor.target import look_at_active
from doctor.text import Lang


def run(
    flags: Mapping[str, str | None],
    lang: Lang,
    *,
    as_json: bool,
    area: str | None,
    offline: bool,
    save: Path | None,
    saved: Path | None,
) -> int:
    areas = pick_areas(area, offline)
    goal = look_at_active(settle_by_sight(resolve(flags, changes=False)), os.environ)
    snapshot, findings = diagnose(goal, areas, saved)
    code = exit_code(findings)
    if save:
        write(snapshot, save)
    if as_json:
        emit(envelope(snapshot.goal, snapshot.facts, findings, code, lang))
    else:
        show(lines(findings, lang))
    return code
