"""What the tests of real faults share: an environment to break, and the doctor run on it as its own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tests.conftest import ROOT

# stage 0 finds our code by a .pth file in the tool environment; here the folders are the first argument.
ISOLATED = "import runpy, sys; sys.path[:0] = sys.argv.pop(1).split(':'); runpy.run_module('doctor', run_name='__main__', alter_sys=True)"


class Installation(msgspec.Struct, frozen=True):
    """Where the doctor is: an interpreter, and the folders that it imports from."""

    python: str
    path: tuple[str, ...]

    @property
    def start(self) -> list[str]:
        """As stage 0 starts it, out of reach of PYTHONHOME and PYTHONPATH."""
        return [self.python, "-I", "-c", ISOLATED, ":".join(self.path)]


OURS = Installation(sys.executable, (str(ROOT),))


class Diagnosis(msgspec.Struct, frozen=True):
    """What the doctor said, and its exit code."""

    code: int
    findings: tuple[dict[str, Any], ...]
    stderr: str

    @property
    def failed(self) -> list[str]:
        """The root causes: findings of severity fail, consequences left out."""
        return [f["id"] for f in self.findings if f["severity"] == "fail"]

    @property
    def complaints(self) -> list[str]:
        """All that is held against the machine at the top level."""
        return [f["id"] for f in self.findings if f["severity"] in ("fail", "warn", "unknown")]

    def of(self, name: str) -> dict[str, Any]:
        """The finding of that id; the test fails when it is not there."""
        found = {f["id"]: f for f in self.findings}
        assert name in found, f"{name} is not among {sorted(found)}"
        return found[name]


def diagnose(
    environ: Mapping[str, str],
    *args: str,
    offline: bool = True,
    prefix: Sequence[str] = (),
    seconds: float = 60,
    installation: Installation | None = None,
) -> Diagnosis:
    """Run the doctor with exactly `environ`. `prefix` is what to start it through, such as `unshare -m`.

    With an `installation` it is started as stage 0 does.
    """
    start = installation.start if installation else [sys.executable, "-m", "doctor"]
    argv = [*prefix, *start, "--json", *(["--offline"] if offline else []), *args]
    done = subprocess.run(
        argv, cwd=ROOT, env=dict(environ), capture_output=True, text=True, timeout=seconds, check=False
    )
    assert done.stdout.startswith("{"), f"no JSON: {done.stdout[:300]}\n{done.stderr[-3000:]}"
    said = json.loads(done.stdout)
    return Diagnosis(done.returncode, tuple(said["findings"]), done.stderr)


def linked_copy(prefix: Path, to: Path) -> Path:
    """A copy of an environment in a second or two, its files shared by hard links.

    To change a file in it use `replace`; writing in place would change the original too.
    """
    try:
        subprocess.run(["cp", "-al", str(prefix), str(to)], check=True, capture_output=True)
    except subprocess.CalledProcessError:  # another filesystem
        subprocess.run(["cp", "-a", str(prefix), str(to)], check=True)
    for script in (
        to / "bin"
    ).iterdir():  # they name the original's Python: a copied environment is a broken one
        if script.is_file() and not script.is_symlink() and script.stat().st_size < 200_000:
            content = script.read_bytes()
            if str(prefix).encode() in content:
                replace(script, content.replace(str(prefix).encode(), str(to).encode()))
                script.chmod(0o755)
    return to


def replace(path: Path, content: str | bytes) -> None:
    """Write a file of a linked copy, leaving the original alone."""
    data = content.encode() if isinstance(content, str) else content
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def bare_environ(home: Path, **more: str) -> dict[str, str]:
    """The environment variables of a person whose HOME is `home`, with nothing of ours in them."""
    home.mkdir(parents=True, exist_ok=True)
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", **more}
