"""What the course stands on, and how a distribution is mended: by a step of ours, or by the person's own pip."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from doctor import release
from doctor.catalogue import Value, found
from doctor.facts import Packages
from doctor.finding import Finding, Severity
from doctor.goal import Goal
from doctor.release import before, release_of

TORCH = ("torch", "torchvision", "torchaudio", "torchcodec", "triton")
# transformers compares these with its table when it is imported, and refuses to go on.
AT_IMPORT = (
    "tqdm", "regex", "packaging", "filelock", "numpy", "tokenizers", "huggingface-hub", "safetensors", "accelerate",
    "pyyaml", "requests",
)  # fmt: skip
SHOWN = 6


def parsed(line: str) -> Requirement | None:
    try:
        return Requirement(line)
    except InvalidRequirement:
        return None


def version_of(packages: Packages, name: str) -> Version | None:
    """The installed version, None when it is not there or says none."""
    return release_of(packages.installed.get(name))


def older(packages: Packages, name: str, than: str) -> bool:
    return before(packages.installed.get(name), than)


def since(packages: Packages, name: str, floor: str) -> bool:
    return release.since(packages.installed.get(name), floor)


def course(packages: Packages, goal: Goal) -> frozenset[str]:
    """The course's distributions and all that they need, as far as their metadata tells."""
    names = [r.name for line in goal.profile.requirements if (r := parsed(line))]
    todo = [*map(canonicalize_name, names), *TORCH, *AT_IMPORT, *packages.wanted]
    reached: set[str] = set()
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += [
                canonicalize_name(r.name) for line in packages.requires.get(name, ()) if (r := parsed(line))
            ]
    return frozenset(reached)


def some(names: Sequence[str]) -> str:
    """The first few, and how many more."""
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" … +{more}" if more > 0 else "")


def step_for(names: Sequence[str], packages: Packages, goal: Goal) -> str | None:
    """The step that installs them again, where our locks hold them."""
    if goal.foreign:
        return None
    if all(name in packages.wanted for name in names):
        return "packages"
    return "torch" if all(name in TORCH for name in names) else None


def pip(goal: Goal, *arguments: str) -> tuple[str, ...]:
    return (goal.interpreter, "-m", "pip", *arguments)


def usable(finding: Finding, packages: Packages, goal: Goal) -> Finding:
    """The same remedy by uv where the environment's own pip cannot do it: it is not there, or is what is broken."""
    broken = {one.name for one in packages.damaged} | {*packages.half_installed, *packages.duplicates}
    if "pip" in {**packages.elsewhere, **packages.installed} and "pip" not in broken:
        return finding
    commands = tuple(by_uv(line, goal) for line in finding.remedy.commands)
    return msgspec.structs.replace(finding, remedy=msgspec.structs.replace(finding.remedy, commands=commands))


UV_WORDS = {"--force-reinstall": "--reinstall", "--no-cache-dir": "--no-cache", "-y": ""}


def by_uv(line: tuple[str, ...], goal: Goal) -> tuple[str, ...]:
    """`PYTHON -m pip install …` in uv's words; any other command as it is."""
    own = (goal.interpreter, "-m", "pip")
    if line[:3] != own or len(line) < 4:
        return line
    words = [word for told in line[4:] if (word := UV_WORDS.get(told, told))]
    return ("uv", "pip", line[3], "--python", goal.interpreter, *words)


def mended(
    name: str,
    goal: Goal,
    step: str | None,
    *otherwise: tuple[str, ...],
    severity: Severity | None = None,
    **values: Value,
) -> Finding:
    """The finding with the step that mends it; where none can, with the commands for the person."""
    commands = (("make", "fix"),) if step else otherwise
    finding = found("packages", name, severity=severity, commands=commands, **values)
    return msgspec.structs.replace(finding, remedy=msgspec.structs.replace(finding.remedy, step=step))
