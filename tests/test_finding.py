"""Findings: consequences are shown under their cause, and still ask for their step."""

from __future__ import annotations

from doctor.finding import Finding, Remedy, due_steps, settle
from doctor.report.terminal import lines
from doctor.text import Text


def finding(name: str, severity: str = "fail", step: str | None = None, *causes: str) -> Finding:
    return Finding(
        id=name,
        area="host",
        severity=severity,  # type: ignore[arg-type]
        title=Text(f"{name} is wrong", f"{name} 有问题"),
        evidence=Text("seen", "看到"),
        cause=Text("because", "因为"),
        remedy=Remedy(step=step, commands=(("make", "setup"),)),
        blocked_by=causes,
    )


def test_a_consequence_is_blocked_only_while_its_cause_is_there() -> None:
    cause, effect = finding("no-env"), finding("no-torch", "fail", None, "no-env", "other")
    settled = settle((cause, effect))
    assert [f.severity for f in settled] == ["fail", "blocked"]
    assert settled[1].blocked_by == ("no-env",)
    assert settle((effect,))[0].severity == "fail"


def test_a_consequence_of_a_consequence_is_told_under_the_root() -> None:
    chain = (finding("a"), finding("b", "fail", None, "a"), finding("c", "fail", None, "b"))
    assert [f.blocked_by for f in settle(chain)] == [(), ("a",), ("a",)]


def test_causes_in_a_ring_do_not_hang() -> None:
    ring = (finding("a", "fail", None, "b"), finding("b", "fail", None, "a"))
    assert [f.id for f in settle(ring)] == ["a", "b"]


def test_what_is_merely_worth_knowing_explains_nothing() -> None:
    assert settle((finding("a", "info"), finding("b", "fail", None, "a")))[1].severity == "fail"


def test_a_cause_is_as_bad_as_the_worst_that_follows() -> None:
    cause, effect = settle((finding("a", "warn"), finding("b", "fail", None, "a")))
    assert (cause.severity, effect.severity) == ("fail", "blocked")


def test_due_steps_are_those_of_faults_and_their_consequences() -> None:
    found = (finding("a", "info", "one"), finding("b", "blocked", "two"), finding("c", "warn", "three"))
    assert due_steps(found) == {"two", "three"}


def test_seven_consequences_are_told_under_one_cause() -> None:
    effects = tuple(finding(f"effect-{n}", "fail", None, "root") for n in range(7))
    told = lines(settle((finding("root"), *effects)), "en")
    assert told[0].startswith("✗ root is wrong")
    assert sum(line.startswith("✗") for line in told) == 1
    assert sum("↳ effect-" in line for line in told) == 7


def test_nothing_wrong_is_said_so_in_both_languages() -> None:
    assert lines((), "en") == ["✓ nothing is wrong"]
    assert lines((), "zh") == ["✓ 一切正常"]
