"""What became of the kernel that a server was started with: written by whoever starts it, read by the doctor."""

from __future__ import annotations

from pathlib import Path

import msgspec

from doctor.facts import KernelProof
from doctor.goal import Goal
from doctor.reading.peek import peek


def proof_path(goal: Goal) -> Path:
    return Path(goal.jupyter_dir) / "proof.json"


def read_proof(goal: Goal) -> KernelProof | None:
    """None where no server was started by the steps yet: a launcher that is run by hand proves nothing."""
    try:
        return msgspec.json.decode(peek(proof_path(goal)) or b"", type=KernelProof)
    except ValueError:
        return None
