"""What setup keeps for the doctor, which need not find it out again while no file of it changes (doctor/reading/unchanged.py)."""

from __future__ import annotations

from pathlib import Path

import msgspec

from bootstrap.process import note
from bootstrap.safety.files import write_atomically
from doctor.elf import Elf, read
from doctor.elf.seen import see
from doctor.facts import Unknown
from doctor.goal import Goal
from doctor.probes import ffmpeg, short_traceback, torch
from doctor.probes.ffmpeg import proof


def keep(goal: Goal, log: Path) -> None:
    """All of it. What cannot be kept is told in the log alone: it makes a look shorter, and nothing rests on it."""
    for part in (_ffmpeg, _libraries):
        try:
            part(goal)
        except Exception:
            note(log, short_traceback())


def _ffmpeg(goal: Goal) -> None:
    """What it tells of itself."""
    proved = proof.prove(ffmpeg.look(goal))
    if proved:
        write_atomically(proof.path_in(goal), msgspec.json.encode(proved))


def _libraries(goal: Goal) -> None:
    """What the environment's native modules and their libraries ask for and offer."""
    asked: dict[str, None] = {}

    def read_and_note(path: str) -> Elf | Unknown:
        asked[path] = None
        return read(path)

    torch.look(goal, read_and_note)
    write_atomically(torch.seen_in(goal), see(asked))
