"""Recorded machines: each is judged, and must show exactly the findings that it says, at their severity.

A machine is a saved snapshot (`make doctor ARGS='--save FILE'`), or a merge patch (RFC 7396) on another one.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from doctor.checks import judge
from doctor.facts import AREAS
from doctor.finding import Finding, due_steps
from doctor.report.snapshot import Snapshot, encode

MACHINES = Path(__file__).resolve().parent.parent / "machines"
NAMES = sorted(path.stem for path in MACHINES.glob("*.json"))


def merge(base: Any, patch: Any) -> Any:
    """RFC 7396: objects merge, null removes a key of a mapping of names, everything else replaces."""
    if (
        not isinstance(patch, dict)
        or not isinstance(base, dict)
        or patch.get("type", base.get("type")) != base.get("type")
    ):
        return patch
    merged = {name: merge(base.get(name), value) for name, value in patch.items()}
    return {**base, **merged}


def drop_removed(mapping: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if value is not None}


def recorded(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((MACHINES / f"{name}.json").read_text(encoding="utf-8"))
    if "like" not in data:
        return data
    base = recorded(data["like"])
    facts = merge(base["facts"], data["facts"])
    facts["packages"]["installed"] = drop_removed(facts["packages"]["installed"])
    facts["jupyter"]["config"] = drop_removed(facts["jupyter"]["config"])
    return {**base, "facts": facts, "expected": data["expected"]}


def judged(name: str) -> tuple[Finding, ...]:
    snapshot = msgspec.convert(recorded(name), Snapshot)
    return judge(snapshot.facts, snapshot.goal)


@pytest.mark.parametrize("name", NAMES)
def test_a_machine_shows_its_findings_and_no_others(name: str) -> None:
    assert {finding.id: finding.severity for finding in judged(name)} == recorded(name)["expected"]


@pytest.mark.parametrize("name", NAMES)
def test_every_finding_speaks_both_languages_and_says_what_it_saw(name: str) -> None:
    for finding in judged(name):
        assert finding.title.en and finding.title.zh and finding.title.en != finding.title.zh
        assert finding.evidence and finding.area in AREAS


def test_a_bare_machine_asks_for_every_step_and_one_cause_explains_the_rest() -> None:
    found = judged("bare")
    wanted = {"environment", "torch", "packages", "ffmpeg", "kernel", "jupyter", "server", "models", "smoke"}
    assert due_steps(found) == wanted
    assert [f.id for f in found if f.severity == "fail"] == ["environment-missing", "ffmpeg-missing"]
    assert all("environment-missing" in f.blocked_by for f in found if f.severity == "blocked")


def test_a_ready_machine_asks_for_nothing() -> None:
    assert due_steps(judged("ready-cpu")) == frozenset()


def test_a_saved_machine_comes_back_without_loss() -> None:
    snapshot = msgspec.convert(recorded("ready-cpu"), Snapshot)
    assert msgspec.json.decode(encode(snapshot), type=Snapshot) == snapshot
