"""A machine for tests: an empty HOME, hosts on loopback, and the steps run as a plan would run them."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path

import pytest

from bootstrap.safety.claims import noting
from bootstrap.safety.journal import Journal
from bootstrap.step import Work, load
from doctor.checks import judge
from doctor.facts import Facts
from doctor.finding import Finding
from doctor.goal import Goal, Manager
from doctor.goal.profile import load_profile
from doctor.probes import gather
from tests.conda_host.builder import PYTHON, sha256
from tests.conda_host.server import Host

FILE = "Miniconda3-test-Linux.sh"
AREAS = ("conda", "python")


def machine(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    hosts: Sequence[Host],
    installer: bytes,
    manager: Manager = "conda",
) -> Goal:
    """The goal of a person on a machine with nothing but these hosts; only the mirrors file is configured."""
    home.mkdir(parents=True, exist_ok=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    for name in ("CONDA_EXE", "CONDA_PREFIX", "PYENV_ROOT"):
        monkeypatch.delenv(name, raising=False)
    mirrors = home / "mirrors.toml"
    mirrors.write_text(mirrors_toml(hosts, installer))
    monkeypatch.setenv("GROUNDWORK_MIRRORS_FILE", str(mirrors))
    return Goal(
        profile=load_profile("llm-quickstart"),
        home=str(home / ".groundwork"),
        manager=manager,
        env_name="course",
        conda_root=str(home / "miniconda3"),
        system=None,
        python=PYTHON,
        cache=str(home / "cache"),
        endpoint=None,
        mirrors="auto",
        models=(),
        ip="localhost",
        port=8888,
        root_dir=str(home),
    )


def mirrors_toml(hosts: Sequence[Host], installer: bytes) -> str:
    """The person's own table: these hosts, and this installer as the only trusted one."""
    lines = ['mode = "replace"']
    for number, host in enumerate(hosts):
        for kind, path in (("conda_installer", "miniconda/{file}"), ("conda_channel", "conda-forge")):
            lines += [
                "[[source]]",
                f'kind = "{kind}"',
                f'name = "host{number}"',
                f'url = "{host.url}/{path}"',
            ]
    lines += ["[[installer]]", f'file = "{FILE}"', f'machine = "{platform.machine()}"']
    return "\n".join([*lines, f'sha256 = "{sha256(installer)}"', ""])


def look(goal: Goal, areas: Sequence[str] = AREAS) -> tuple[Facts, tuple[Finding, ...]]:
    facts = gather(goal, areas)
    return facts, judge(facts, goal, areas)


def ids(goal: Goal) -> list[str]:
    """The ids of what is found wrong now."""
    return [finding.id for finding in look(goal)[1] if finding.severity != "info"]


def run_step(name: str, goal: Goal, said: list[str] | None = None) -> None:
    """Run one step as a plan does, whether it is due or not."""
    facts, _ = look(goal)
    journal = Journal(Path(goal.journal))
    lines: list[str] = [] if said is None else said
    load(name).run(
        Work(
            goal,
            facts,
            Path(goal.logs) / f"{name}.log",
            lines.append,
            lambda done, total, **more: None,
            noting(journal, name),
            {},
        )
    )


def tree(folder: Path) -> dict[str, bytes | str]:
    """Every file below a folder with its bytes, links with their targets: to compare before and after."""
    return {
        str(path.relative_to(folder)): str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }
