"""Two builds of one thing in one folder, and a setuptools that is newer than an old torch can do with."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.gpu.see import devices
from doctor.checks.packages.needs import pip
from doctor.facts import Facts, Gpu, Packages
from doctor.facts.packages import Rivals
from doctor.finding import Finding, Severity
from doctor.goal import Goal
from doctor.text import Text

FOR_GPU = ("-gpu", "-gpu-cu11", "-gpu-cu12", "-rocm")
SAME_FOR_GPU = ("tensorflow", "xgboost")  # on Linux the one of the plain name brings what a GPU needs
NOT_TOLD = Text("it cannot be told which", "无法判断是哪一个")
# Whoever has one of these compiles extensions of torch.
COMPILING = (
    *("ninja", "deepspeed", "colbert-ai", "ragatouille", "mmcv-full", "detectron2", "flash-attn", "apex"),
    *("gsplat", "tinycudann", "exllamav2", "flashinfer-python"),
)


def check(packages: Packages, facts: Facts, goal: Goal) -> Iterator[Finding]:
    for one in packages.rivals:
        yield _rivals(one, facts, goal)
    yield from _old_torch(packages, goal)


def _rivals(one: Rivals, facts: Facts, goal: Goal) -> Finding:
    """Wrong where a card is idle for it, or where files of two releases lie among each other; else it waits for an upgrade."""
    names = [build.split()[0] for build in one.builds]
    has_gpu = isinstance(facts.gpu, Gpu) and bool(devices(facts.gpu))
    best = _kept(names, has_gpu)
    idle = has_gpu and _for_gpu(best) and not _for_gpu(one.used or best)
    mixed = len({build.split()[1].partition("+")[0] for build in one.builds}) > 1
    severity: Severity = "warn" if idle or (mixed and one.module == "cv2") else "info"
    return found(
        "packages",
        "builds-of-one-module",
        severity=severity,
        commands=(
            pip(goal, "uninstall", "-y", *names),
            pip(goal, "install", "--no-cache-dir", best),
        ),
        module=one.module,
        builds=one.builds,
        file=one.file,
        used=one.used or NOT_TOLD,
    )


def _for_gpu(name: str) -> bool:
    return name.endswith(FOR_GPU) or name in SAME_FOR_GPU


def _kept(names: list[str], has_gpu: bool) -> str:
    """For a GPU where there is one; of opencv's builds the one that can do what all of them can."""
    if names[0].startswith("opencv"):
        contrib = "-contrib" if any("contrib" in name for name in names) else ""
        headless = "-headless" if all(name.endswith("headless") for name in names) else ""
        return f"opencv{contrib}-python{headless}"
    fitting = [name for name in names if _for_gpu(name) == has_gpu]
    return (fitting or names)[0]


def _old_torch(packages: Packages, goal: Goal) -> Iterator[Finding]:
    """torch itself works: only what compiles, or draws, asks for it."""
    there = {**packages.elsewhere, **packages.installed}
    compiles = any("cpp_extension" in one for one in packages.old_torch)
    draws = any("tensorboard" in one for one in packages.old_torch) and "tensorboard" in there
    users = [f"{name} {there[name]}" for name in COMPILING if compiles and name in there]
    users += [f"tensorboard {there['tensorboard']}"] if draws else []
    if compiles or draws:
        yield found(
            "packages",
            "setuptools-too-new-for-torch",
            severity="warn" if users else "info",
            commands=(pip(goal, "install", "setuptools<59.6" if draws else "setuptools<70"),),
            setuptools=there.get("setuptools", "?"),
            torch=there.get("torch", "?"),
            what=packages.old_torch,
            users=users or ["-"],
        )
