"""Sound and the like: what torchaudio reads files with, and libraries of the system that packages open by themselves."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.torch.mend import install
from doctor.facts import Facts, Packages, Torch
from doctor.finding import Finding, Severity
from doctor.goal import Goal
from doctor.wheels.tables import leading, numbers

OWN_BACKENDS_END = (2, 9)


def check(facts: Facts, torch: Torch, goal: Goal) -> Iterator[Finding]:
    if torch.audio_backends == ():
        yield _silent(facts, torch, goal)
    for severity, needs in (
        ("warn", [one for one in torch.system_needs if not one.program]),
        ("info", [one for one in torch.system_needs if one.program]),
    ):
        if needs:
            packages = tuple(dict.fromkeys(one.package for one in needs))
            yield found(
                "torch",
                "package-needs-system-library",
                severity="warn" if severity == "warn" else "info",
                commands=(("apt-get", "install", "-y", *packages),),
                by=[one.by for one in needs],
                what=[one.what for one in needs],
                packages=packages,
            )


def _silent(facts: Facts, torch: Torch, goal: Goal) -> Finding:
    """Since 2.9 most who have torchaudio never read a file with it; it matters to packages that ask for it."""
    version = torch.family.get("torchaudio", "")
    late = numbers(leading(version) or "0") >= OWN_BACKENDS_END
    asked = isinstance(facts.packages, Packages) and any(
        line.startswith("torchaudio") for lines in facts.packages.requires.values() for line in lines
    )
    severity: Severity = "info" if late and not asked else "warn"
    return found(
        "torch",
        "torchaudio-no-backend",
        severity=severity,
        version=version,
        wanted="torchcodec" if late else "soundfile, libsox, FFmpeg 4-6",
        install=install(torch, goal),
        package="torchcodec" if late else "soundfile",
    )
