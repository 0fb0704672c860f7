"""What setup keeps for the doctor, which need not find it out again while no file of it changes (doctor/reading/unchanged.py)."""

from __future__ import annotations

import msgspec

from bootstrap.safety.files import write_atomically
from doctor.elf import Elf, read
from doctor.elf.seen import see
from doctor.facts import Unknown
from doctor.goal import Goal
from doctor.probes import ffmpeg, torch
from doctor.probes.ffmpeg import proof


def keep(goal: Goal) -> None:
    """What ffmpeg tells of itself, and what the environment's native modules and their libraries ask for and offer."""
    proved = proof.prove(ffmpeg.look(goal))
    if proved:
        write_atomically(proof.path_in(goal), msgspec.json.encode(proved))
    asked: dict[str, None] = {}

    def note(path: str) -> Elf | Unknown:
        asked[path] = None
        return read(path)

    torch.look(goal, note)
    write_atomically(torch.seen_in(goal), see(asked))
