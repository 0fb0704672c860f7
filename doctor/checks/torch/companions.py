"""Does what belongs to torch belong to this torch? By what the metadata asks; what does not load is judged by native.py."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from doctor.catalogue import found
from doctor.checks.torch.mend import build_of, companion, install, told, trio, vendor
from doctor.facts import Torch
from doctor.facts.torch import Pin
from doctor.finding import Finding
from doctor.goal import Goal

PAIRED = ("torchvision", "torchaudio")


def check(torch: Torch, goal: Goal, gpu: bool) -> Iterator[Finding]:
    if torch.version and not vendor(torch):
        unmet = [pin for pin in torch.pins if not met(pin)]
        yield from _replaced(torch, goal, unmet)
        yield from _skewed(torch, goal, unmet)
        yield from _libraries(torch, goal, unmet)
        yield from _shadowed(torch)
        yield from _bitsandbytes(torch, goal)
        if gpu and torch.cuda and torch.torchvision_for_cuda is False:
            lines = (companion(torch, goal, "torchvision"),)
            yield told(
                "torchvision-cpu-wheel-next-to-cuda-torch",
                goal,
                lines,
                torchvision=torch.torchvision or "",
                torch=torch.version,
            )
    yield from _mixed(torch, goal)


def met(pin: Pin) -> bool:
    """Local parts do not count: 2.13.0+cpu is a 2.13.0."""
    if pin.installed is None:
        return False
    try:
        return SpecifierSet(pin.specifier).contains(pin.installed, prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return True


def _asked(pins: list[Pin]) -> list[str]:
    return [f"{pin.by} {pin.by_version}: {pin.name}{pin.specifier}" for pin in pins]


def _skewed(torch: Torch, goal: Goal, unmet: list[Pin]) -> Iterator[Finding]:
    pins = [pin for pin in unmet if pin.by in PAIRED and pin.name == "torch"]
    if pins:
        lines = tuple(companion(torch, goal, pin.by) for pin in pins)
        yield told(
            "torchvision-or-torchaudio-version-skew",
            goal,
            lines,
            names=[f"{pin.by} {pin.by_version}" for pin in pins],
            torch=torch.version or "",
            evidence=_asked(pins),
        )


def _replaced(torch: Torch, goal: Goal, unmet: list[Pin]) -> Iterator[Finding]:
    """torch was changed by, or under, a package that pins it."""
    under = [pin for pin in unmet if pin.name == "torch" and pin.by not in PAIRED]
    left_behind = any(pin.by in PAIRED and pin.name == "torch" for pin in unmet)
    wishing = [p for p in torch.pins if p.name == "torch" and p.by not in PAIRED and "==" in p.specifier]
    culprits = under or ([pin for pin in wishing if met(pin)] if left_behind else [])
    if culprits:
        release = culprits[0].specifier.removeprefix("==").split(",")[0] if under else torch.version
        yield told(
            "another-package-replaced-torch",
            goal,
            (trio(torch, goal, build_of(torch), release),),
            names=[f"{pin.by} {pin.by_version}" for pin in culprits],
            torch=torch.version or "",
            evidence=_asked(culprits),
        )


def _libraries(torch: Torch, goal: Goal, unmet: list[Pin]) -> Iterator[Finding]:
    """What torch itself asks for: triton, and the CUDA libraries that it was built with."""
    own = [pin for pin in unmet if pin.by == "torch"]
    triton = [pin for pin in own if "triton" in pin.name]
    if triton and torch.cuda:
        pin = triton[0]
        line = install(torch, goal, f"{pin.name}{pin.specifier}")
        yield told(
            "triton-missing-or-other",
            goal,
            (line,),
            wanted=f"{pin.name}{pin.specifier}",
            have=pin.installed or "-",
            torch=torch.version or "",
        )
    older = [pin for pin in own if pin.name.startswith("nvidia-") and pin.installed and _older(pin)]
    cudnn = [pin for pin in older if "cudnn" in pin.name]
    if cudnn:
        pin = cudnn[0]
        line = install(torch, goal, "--no-deps", f"{pin.name}{pin.specifier}")
        yield found(
            "torch",
            "cudnn-shadowed",
            commands=(line,),
            taken=f"{pin.name} {pin.installed}",
            wanted=f"{pin.name}{pin.specifier}",
        )
    elif older:
        words = [f"{pin.name}{pin.specifier}" for pin in older]
        yield told(
            "nvidia-wheel-other-version",
            goal,
            (install(torch, goal, "--no-deps", *words),),
            have=[f"{pin.name} {pin.installed}" for pin in older],
            wanted=words,
            torch=torch.version or "",
        )


def _older(pin: Pin) -> bool:
    """Newer ones of the same name work as a rule; older ones lack what torch calls."""
    try:
        asked = [Version(one.version) for one in SpecifierSet(pin.specifier) if one.operator in ("==", ">=")]
        return bool(asked) and Version(pin.installed or "0") < max(asked)
    except (InvalidSpecifier, InvalidVersion):
        return False


def _shadowed(torch: Torch) -> Iterator[Finding]:
    """Older libraries of LD_LIBRARY_PATH. A newer one, and one that has all that is asked, do no harm."""
    harmful = [shadow for shadow in torch.shadows if shadow.is_harmful]
    for cudnn in (False, True):
        some = [shadow for shadow in harmful if shadow.name.startswith("libcudnn") == cudnn]
        if some:
            first = some[0]
            name = "cudnn-shadowed" if cudnn else "ld-library-path-shadows-cuda-libs"
            yield found(
                "torch",
                name,
                library=first.name,
                taken=f"{first.taken} ({first.taken_version or '?'})",
                wanted=f"{first.shipped} ({first.shipped_version or '?'})",
                symbols=first.missing or ["-"],
                folder=first.taken.rpartition("/")[0],
            )


def _bitsandbytes(torch: Torch, goal: Goal) -> Iterator[Finding]:
    libraries = torch.bitsandbytes
    wanted = f"libbitsandbytes_cuda{(torch.cuda or '').replace('.', '')}.so"
    if "bitsandbytes" not in torch.family or not torch.cuda or torch.bitsandbytes_override:
        return
    if wanted not in libraries and not any("rocm" in name or "hip" in name for name in libraries):
        yield found(
            "torch",
            "bitsandbytes-cuda-lib-missing",
            wanted=wanted,
            have=[name for name in libraries if "cuda" in name] or ["-"],
            version=torch.family["bitsandbytes"],
            cuda=torch.cuda,
            install=install(torch, goal),
        )


def _mixed(torch: Torch, goal: Goal) -> Iterator[Finding]:
    """conda writes metadata too, with INSTALLER=conda: that is no mix."""
    conda, mkl = torch.conda.get("pytorch"), torch.conda.get("mkl")
    if conda and torch.installer in ("pip", "uv"):
        what = f"conda pytorch {conda}, {torch.installer} torch {torch.version}"
    elif conda and mkl and _breaks(conda, mkl):
        what = f"conda pytorch {conda}, mkl {mkl}"
    else:
        return
    yield found("torch", "mixed-conda-pip-torch", what=what, prefix=goal.prefix, install=install(torch, goal))


def _breaks(pytorch: str, mkl: str) -> bool:
    """PyTorch 2.0 to 2.2 of conda call a symbol that MKL dropped in 2024.1."""
    try:
        return (2, 0) <= Version(pytorch).release[:2] <= (2, 2) and Version(mkl) >= Version("2024.1")
    except InvalidVersion:
        return False
