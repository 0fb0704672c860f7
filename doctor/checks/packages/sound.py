"""Sound of datasets: since its release 4 torchcodec decodes it, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.packages.needs import pip, since, some
from doctor.facts import Packages
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.wheels.tables import leading, numbers

READERS = (
    "librosa",
    "soundfile",
)  # what datasets took before: both of them are there where somebody works with sound
# Which torchcodec belongs to which torch, as its README says. Those for an older torch decode no sound.
FIRST = (2, 7)
FITTING: dict[tuple[int, ...], str] = {
    (2, 7): "==0.5.*",
    (2, 8): "==0.7.*",
    (2, 9): "==0.9.*",
    (2, 10): "==0.10.*",
}


def sound(packages: Packages, goal: Goal) -> Iterator[Finding]:
    """Where code decodes it, a warning; where only what people once read sound with is there, worth knowing."""
    there = {**packages.elsewhere, **packages.installed}
    uses = packages.sources.sounds
    if not since(packages, "datasets", "4") or "torchcodec" in there:
        return
    if uses or (goal.foreign and all(name in there for name in READERS)):
        torch = there.get("torch", "")
        release = (*numbers(leading(torch) or "0"), 0)[:2]
        mend = f"torchcodec{FITTING.get(release, '')}" if release >= FIRST else "datasets<4"
        yield found(
            "packages",
            "datasets-audio-needs-torchcodec",
            severity="warn" if uses else "info",
            commands=(pip(goal, "install", mend),),
            datasets=there["datasets"],
            torch=torch or "-",
            places=some([f"{use.file}:{use.line} {use.what}" for use in uses]) or ", ".join(READERS),
        )
