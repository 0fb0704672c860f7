"""The real thing (--deep): the target imports torch and computes, in a child that can be ended."""

from __future__ import annotations

from pathlib import Path

import msgspec

from doctor.facts import Unknown
from doctor.facts.torch import DeepImport
from doctor.goal import Goal
from doctor.reading.ask import APART, ask

PROGRAM = Path(__file__).resolve().parents[3] / "scripts" / "torch_probe.py"
SECONDS = 120  # a cold import from a network file system


def really_import(goal: Goal) -> DeepImport:
    """-B: nothing is written beside the modules."""
    said = ask([goal.interpreter, *APART, "-B", str(PROGRAM)], seconds=SECONDS)
    if isinstance(said, Unknown):
        return DeepImport(stage="import", chain=(said.reason,))
    told = _last(said.stdout)
    if told.stage == "done" or told.chain:
        return told
    # It died: a signal, or an exit inside a library.
    tail = said.stderr.strip()[-300:] or f"ended with {said.returncode}"
    how = f"killed by signal {-said.returncode}: {tail}" if said.returncode < 0 else tail
    return msgspec.structs.replace(told, chain=(how,))


def _last(printed: str) -> DeepImport:
    """How far it came, by the last line that it printed."""
    for line in reversed(printed.strip().splitlines()):
        try:
            return msgspec.json.decode(line, type=DeepImport)
        except ValueError:
            continue
    return DeepImport(stage="import")
