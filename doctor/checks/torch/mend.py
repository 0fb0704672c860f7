"""How to mend torch: our own environment by a step, a person's by the right line for that interpreter."""

from __future__ import annotations

from packaging.version import InvalidVersion, Version

from doctor.catalogue import Value, found
from doctor.facts import Torch
from doctor.finding import Finding, Severity
from doctor.goal import Goal
from doctor.mirrors.table import load_mirrors
from doctor.wheels.tables import release_of

Line = tuple[str, ...]


def told(
    name: str, goal: Goal, lines: tuple[Line, ...], severity: Severity | None = None, **values: Value
) -> Finding:
    """A finding that the step torch mends in an environment of ours; in a person's own the lines do."""
    return found("torch", name, severity=severity, commands=lines if goal.foreign else None, **values)


def install(torch: Torch, goal: Goal, *words: str) -> Line:
    """The installer of that very interpreter, which may have no pip."""
    pip = (goal.interpreter, "-m", "pip", "install")
    return (*(pip if torch.has_pip else ("uv", "pip", "install", "--python", goal.interpreter)), *words)


def trio(torch: Torch, goal: Goal, build: str, release: str | None = None) -> Line:
    """torch with those of its companions that are there, all from one index."""
    names = ["torch", *(name for name in ("torchvision", "torchaudio") if name in torch.family)]
    pinned = [f"{name}=={version}" if (version := _release(release, name)) else name for name in names]
    return install(torch, goal, "--force-reinstall", *pinned, "--index-url", index(build, goal))


def companion(torch: Torch, goal: Goal, name: str) -> Line:
    """The companion that belongs to the torch that is there."""
    version = _release(torch.version, name)
    word = f"{name}=={version}" if version else name
    return install(
        torch, goal, "--force-reinstall", "--no-deps", word, "--index-url", index(build_of(torch), goal)
    )


def build_of(torch: Torch) -> str:
    """cpu, cu126, …: by the local version, else by the CUDA that the build names."""
    local = variant(torch.version or "")
    if local == "cpu" or local.startswith("cu"):
        return local
    return f"cu{torch.cuda.replace('.', '')}" if torch.cuda else "cpu"


def index(build: str, goal: Goal) -> str:
    """The index of that build: the official one, or a Chinese one where MIRRORS=cn asks for it."""
    known = [source for source in load_mirrors({}).source if source.kind == "torch_index"]
    wanted = [source for source in known if source.region == "cn"] if goal.mirrors == "cn" else []
    return next(source.url for source in wanted or known).format(variant=build)


def _release(torch: str | None, name: str) -> str | None:
    """The release of a companion that belongs to that release of torch, where the table knows it."""
    row = release_of(torch) if torch else None
    if row is None:
        return None
    return row.version if name == "torch" else row.companions.get(name)


def variant(version: str) -> str:
    """The local part of a version: cpu, cu126, … An index default carries none."""
    try:
        return Version(version).local or ""
    except InvalidVersion:
        return version.partition("+")[2]


def vendor(torch: Torch) -> bool:
    """A build of NVIDIA, a nightly or one's own: what belongs to it is known to nobody but its maker."""
    said = torch.version or ""
    local = variant(said)
    try:
        early = Version(said).is_prerelease
    except InvalidVersion:
        early = bool(said)
    return early or bool(local and local != "cpu" and not local.startswith(("cu", "rocm", "xpu")))
