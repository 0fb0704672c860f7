"""Choosing among sources by measurement: those that answer, fastest first."""

from __future__ import annotations

from doctor.facts import Answer, said_by
from doctor.goal import Goal
from doctor.mirrors import Kind, sources
from doctor.probes.network import ask_sources


def measure(kind: Kind, goal: Goal) -> tuple[tuple[Answer, ...], tuple[Answer, ...]]:
    """Ask all sources of one kind now. Returns those that answer, fastest first, and those that do not."""
    answers = ask_sources(sources(kind, goal), goal)
    answering = sorted((a for a in answers if a.seconds is not None), key=lambda a: a.seconds or 0.0)
    return tuple(answering), tuple(a for a in answers if a.seconds is None)


def why_silent(silent: tuple[Answer, ...]) -> str:
    """The silent sources and what they said, on one line."""
    return said_by(silent) or "none configured"
