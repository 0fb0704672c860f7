"""A JupyterLab of one's own for tests: real interpreter and packages of the target, own prefix, own folders."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sysconfig
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

from bootstrap.step import Work
from doctor.checks import judge
from doctor.facts import Facts, Jupyter
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.probes import gather
from doctor.settings import resolve
from tests.wait import until

STANDARD_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def make_environment(target: Path, prefix: Path) -> None:
    """A virtual environment that sees the target's packages, so that nothing is written into the target."""
    subprocess.run([target, "-m", "venv", "--without-pip", prefix], check=True, timeout=60)
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    said = subprocess.run([target, "-c", ask], check=True, timeout=60, capture_output=True, text=True)
    site = sysconfig.get_path("purelib", "venv", {"base": str(prefix)})
    version = Path(said.stdout.strip()).parent.name  # python3.11
    own = Path(site).parents[1] / version / "site-packages"
    (own / "target.pth").write_text(said.stdout)
    share = target.parent.parent / "share" / "jupyter"
    for folder in ("static", "schemas", "themes"):
        (prefix / "share/jupyter/lab").mkdir(parents=True, exist_ok=True)
        (prefix / "share/jupyter/lab" / folder).symlink_to(share / "lab" / folder)
    shutil.copytree(share / "kernels", prefix / "share/jupyter/kernels")
    shutil.copytree(target.parent.parent / "etc/jupyter", prefix / "etc/jupyter")


def make_goal(root: Path, **settings: str) -> Goal:
    """A goal whose every folder is under `root`."""
    for folder in ("home", "notebooks"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    environ = {
        "HOME": str(root / "home"),
        "GROUNDWORK_HOME": str(root / "groundwork"),
        "PATH": STANDARD_PATH,
        "ENV_MANAGER": "venv",
        "CACHE": str(root / "hf"),
        "PORT": str(free_port()),
        "ROOT_DIR": str(root / "notebooks"),
        "MODELS": "none",
        **settings,
    }
    return resolve({}, environ)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def make_work(goal: Goal, secrets: Mapping[str, str] | None = None, notes: list[str] | None = None) -> Work:
    noted: Callable[[str, str], None] = lambda event, path: (notes if notes is not None else []).append(path)  # noqa: E731
    log = Path(goal.logs) / "step.log"
    facts = gather(goal, ("jupyter",))
    return Work(goal, facts, log, lambda text: None, lambda done, total: None, noted, secrets or {})


def look(goal: Goal) -> Jupyter:
    said = gather(goal, ("jupyter",)).jupyter
    assert isinstance(said, Jupyter), said
    return said


def findings(goal: Goal) -> dict[str, Finding]:
    facts: Facts = gather(goal, ("jupyter",))
    return {finding.id: finding for finding in judge(facts, goal, ("jupyter",))}


def everything_of(root: Path) -> set[int]:
    """Processes that were started for the test's folder: the server, its kernels and terminals."""
    found = set()
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and any(str(root) in word for word in process.cmdline()):
                found.add(process.pid)
        except psutil.Error:
            continue
    return found


def nothing_left(root: Path, seconds: float = 15) -> bool:
    return until(lambda: not everything_of(root), seconds)
