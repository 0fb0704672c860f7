"""A JupyterLab of one's own for tests: real interpreter and packages of the target, own prefix, own folders."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from bootstrap.lab import server as lab
from bootstrap.step import Work
from bootstrap.steps import jupyter, kernel
from doctor.checks import judge
from doctor.facts import Jupyter
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.goal.settings import resolve
from doctor.probes import gather
from tests import work
from tests.wait import until

STANDARD_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def make_environment(target: Path, prefix: Path, torch: bool = False) -> None:
    """A virtual environment that sees the target's packages, so that nothing is written into the target.

    Its torch is a word without the weight, unless `torch`: what is tried of it is how JupyterLab comes and goes.
    """
    subprocess.run([target, "-m", "venv", "--without-pip", prefix], check=True, timeout=60)
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    said = subprocess.run([target, "-c", ask], check=True, timeout=60, capture_output=True, text=True)
    version = Path(said.stdout.strip()).parent.name  # python3.11
    site = prefix / "lib" / version / "site-packages"
    (site / "target.pth").write_text(said.stdout)
    if not torch:
        (site / "torch.py").write_text("__version__ = 'light'\n")
    share = target.parent.parent / "share" / "jupyter"
    for folder in ("static", "schemas", "themes"):
        (prefix / "share/jupyter/lab").mkdir(parents=True, exist_ok=True)
        (prefix / "share/jupyter/lab" / folder).symlink_to(share / "lab" / folder)
    shutil.copytree(share / "kernels", prefix / "share/jupyter/kernels")
    _make_bare(prefix / "share/jupyter/kernels/python3/kernel.json")
    shutil.copytree(target.parent.parent / "etc/jupyter", prefix / "etc/jupyter")


def _make_bare(spec: Path) -> None:
    """As ipykernel ships it; in a target that `make setup` made, ours has taken its place."""
    data = json.loads(spec.read_text())
    shipped = {"argv": ["python", *data["argv"][1:]], "display_name": "Python 3 (ipykernel)"}
    spec.write_text(json.dumps({"language": "python", **shipped}))


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
    return work.make_work(goal, secrets, notes, ("jupyter",))


@contextmanager
def a_person(root: Path) -> Iterator[None]:
    """Be a person whose home is empty and under `root`."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [n for n in os.environ if n.startswith(("HF_", "JUPYTER", "GROUNDWORK_HOME", "SSH_"))]:
            patch.delenv(name)
        patch.setenv("HOME", str(root / "home"))
        patch.setenv("PATH", STANDARD_PATH)
        yield


@contextmanager
def a_machine(root: Path, target_python: str, **settings: str) -> Iterator[Path]:
    """A person with an environment of theirs, all below `root`. At the end nothing of it may run any more."""
    with a_person(root):
        goal = make_goal(root, **settings)
        make_environment(Path(target_python), Path(goal.prefix))
        yield root
        lab.stop(goal)
        assert until(lambda: not processes_of(root), 15), processes_of(root)


def set_up(goal: Goal, password: str = "") -> None:
    """All steps of this room but the server."""
    for step in (kernel, jupyter):
        step.run(make_work(goal, {"PASSWORD": password}))


def password_of(goal: Goal) -> str:
    return (Path(goal.jupyter_dir) / "password").read_text().strip()


@contextmanager
def client(goal: Goal, password: str | None = None) -> Iterator[httpx.Client]:
    """An HTTP client, logged in when a password is given (whether it is the right one or not)."""
    scheme = "https" if goal.tls else "http"
    with httpx.Client(
        base_url=f"{scheme}://localhost:{goal.port}",
        trust_env=False,
        timeout=20,
        verify=goal.tls.certificate if goal.tls else True,
    ) as http:
        if password is not None:
            http.get("/login")
            http.post("/login", data={"password": password, "_xsrf": http.cookies["_xsrf"]})
        yield http


def look(goal: Goal) -> Jupyter:
    said = gather(goal, ("jupyter",)).jupyter
    assert isinstance(said, Jupyter), said
    return said


def findings(goal: Goal) -> dict[str, Finding]:
    facts = gather(goal, ("jupyter",))
    return {finding.id: finding for finding in judge(facts, goal, ("jupyter",))}


def processes_of(root: Path) -> set[int]:
    """Processes that were started for the test's folder: the server, its kernels and terminals."""
    found = set()
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and any(str(root) in word for word in process.cmdline()):
                found.add(process.pid)
        except psutil.Error:
            continue
    return found
