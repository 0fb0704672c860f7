"""The proof that a server is of use: a kernel starts in it and imports torch. Kept, so that a failed one is not forgotten."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec

from bootstrap import process
from bootstrap.lab.password import password_path
from bootstrap.safety.files import write_atomically
from doctor.errors import Exit, Trouble
from doctor.facts import KernelProof
from doctor.goal import Goal
from doctor.lab.process import running_server
from doctor.lab.proof import proof_path, read_proof
from doctor.lab.wanted import local_url
from doctor.text import Text

PROVE = Path(__file__).resolve().parents[2] / "scripts" / "prove_kernel.py"
SECONDS = 240.0  # torch may have to be read from a slow disk


def pending(goal: Goal) -> None:
    """Said before a server is started: killed from here on, the proof is still to be made."""
    _keep(goal, KernelProof(state="pending"))


def is_due(goal: Goal) -> bool:
    proof = read_proof(goal)
    return proof is None or proof.state != "works"


def prove(goal: Goal, tell: Callable[[str], None]) -> None:
    """Raises Trouble with what the kernel said."""
    tell("a kernel imports torch")
    log = Path(goal.logs) / "kernel.log"
    password = password_path(goal).read_text(encoding="utf-8")
    done = process.run(_argv(goal), log=log, seconds=SECONDS + 20, check=False, stdin=password)
    proof = _proof(done)
    _keep(goal, proof)
    if proof.state == "fails":
        raise Trouble(
            Text(
                f"JupyterLab runs, but its kernel does not work: {proof.said}",
                f"JupyterLab 已运行，但内核无法工作：{proof.said}",
            ),
            Exit.FAILED,
            Text(f"make doctor; full log: {log}", f"make doctor；完整日志：{log}"),
        )


def _argv(goal: Goal) -> list[str]:
    server = running_server(goal)
    settings = server.settings if server else {}
    certificate = settings.get("ServerApp.certfile")
    pinned = ["--certificate", str(certificate)] if certificate else []
    url = ["--url", local_url(settings), "--seconds", f"{SECONDS:.0f}"]
    return [goal.interpreter, "-I", str(PROVE), *url, *pinned]


def _proof(done: process.Done) -> KernelProof:
    last = done.tail[-1] if done.tail else ""
    try:
        said = json.loads(last)
        return KernelProof(state="works" if said["works"] else "fails", said=said["said"])
    except (ValueError, TypeError, KeyError):
        return KernelProof(state="fails", said=last or f"exit code {done.code}")


def _keep(goal: Goal, proof: KernelProof) -> None:
    write_atomically(proof_path(goal), msgspec.json.encode(proof), 0o600)
