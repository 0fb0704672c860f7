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
NAMES = sorted(str(path.relative_to(MACHINES).with_suffix("")) for path in MACHINES.rglob("*.json"))
HEALTHY = [name for name in NAMES if name.startswith("healthy/")]
MAPPINGS = (
    ("packages", "installed"),
    ("packages", "wanted"),
    ("jupyter", "config"),
)  # of names: there a null removes


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


def recorded(name: str) -> dict[str, Any]:
    """A machine by its name below tests/machines, such as `healthy/cpu`."""
    data: dict[str, Any] = json.loads((MACHINES / f"{name}.json").read_text(encoding="utf-8"))
    if "like" not in data:
        return data
    base = recorded(data["like"])
    facts, goal = merge(base["facts"], data.get("facts", {})), merge(base["goal"], data.get("goal", {}))
    for area, names in MAPPINGS:
        if names in facts[area]:
            facts[area][names] = {
                key: value for key, value in facts[area][names].items() if value is not None
            }
    return {
        **base,
        "facts": facts,
        "goal": goal,
        "expected": data["expected"],
        "faults": data.get("faults", 1),
    }


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
        assert finding.evidence.en and finding.evidence.zh and finding.area in AREAS


@pytest.mark.parametrize("name", HEALTHY)
def test_nothing_is_held_against_a_healthy_machine(name: str) -> None:
    assert not [finding.id for finding in judged(name) if finding.severity != "info"]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in HEALTHY])
def test_one_fault_has_one_root_cause(name: str) -> None:
    """Of a machine with a single fault nothing but that fault fails at the top, unless its file says how many."""
    failed = [finding.id for finding in judged(name) if finding.severity == "fail"]
    assert len(failed) <= recorded(name).get("faults", 1), failed


def test_a_bare_machine_asks_for_every_step_and_one_cause_explains_the_rest() -> None:
    found = judged("python/environment-missing")
    wanted = {"environment", "torch", "packages", "ffmpeg", "kernel", "jupyter", "server", "models", "smoke"}
    assert due_steps(found) == wanted
    assert [f.id for f in found if f.severity == "fail"] == ["environment-missing", "ffmpeg-missing"]
    assert all("environment-missing" in f.blocked_by for f in found if f.severity == "blocked")


def test_a_ready_machine_asks_for_nothing() -> None:
    assert due_steps(judged("healthy/cpu")) == frozenset()


def test_a_saved_machine_comes_back_without_loss() -> None:
    snapshot = msgspec.convert(recorded("healthy/cpu"), Snapshot)
    assert msgspec.json.decode(encode(snapshot), type=Snapshot) == snapshot
