"""The real thing (--deep): the target imports torch and computes, in a child that can be ended."""

from __future__ import annotations

from pathlib import Path

import msgspec

from doctor.ask import ask
from doctor.facts import Unknown
from doctor.facts.torch import DeepImport
from doctor.goal import Goal

PROGRAM = Path(__file__).resolve().parents[3] / "scripts" / "torch_probe.py"
SECONDS = 120  # a cold import from a network file system


def really_import(goal: Goal) -> DeepImport:
    said = ask([goal.interpreter, str(PROGRAM)], seconds=SECONDS)
    if isinstance(said, Unknown):
        return DeepImport(stage="import", chain=(said.reason,))
    last = said.stdout.strip().splitlines()[-1:]
    try:
        answer = msgspec.json.decode(last[0] if last else "", type=DeepImport)
    except msgspec.DecodeError:  # it died: a signal, or an exit inside a library
        tail = said.stderr.strip()[-300:] or f"ended with {said.returncode}"
        return DeepImport(stage="import", chain=(_died(said.returncode, tail),))
    return answer


def _died(code: int, tail: str) -> str:
    return f"killed by signal {-code}: {tail}" if code < 0 else tail
