"""What distributions say they need, against what is there: `pip check`, with what follows from it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

import msgspec
from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from doctor.checks.packages.needs import (
    AT_IMPORT,
    TORCH,
    course,
    mended,
    older,
    parsed,
    pip,
    since,
    some,
    step_for,
)
from doctor.facts import Colab, Facts, Packages
from doctor.finding import Finding
from doctor.goal import Goal

PLAIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])? *\(?([<>=!~][^()@;]*|)\)?")
# Other distributions that bring the same module.
INSTEAD = {
    "opencv-python": ("opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless", "opencv"),
    "opencv-python-headless": ("opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless", "opencv"),
    "pillow": ("pillow-simd",), "onnxruntime": ("onnxruntime-gpu", "onnxruntime-directml"),
    "tensorflow": ("tensorflow-cpu", "tensorflow-gpu", "tf-nightly"), "faiss-cpu": ("faiss-gpu", "faiss"),
    "psycopg2": ("psycopg2-binary",), "triton": ("pytorch-triton", "triton-windows"), "torch": ("pytorch",),
    "ruamel-yaml": ("ruamel-yaml-conda",), "matplotlib": ("matplotlib-base",), "dataclasses": ("python",),
    "tensorflow-io-gcs-filesystem": ("tensorflow",), "nvidia-ml-py": ("pynvml",), "pynvml": ("nvidia-ml-py",),
}  # fmt: skip


# Libraries whose import is the beginning of every lecture; none of them asks for more than it uses.
BASIC = (
    "torch",
    "datasets",
    "huggingface-hub",
    "tokenizers",
    "jupyterlab",
    "jupyter-server",
    "ipykernel",
    "ipython",
)


class Unmet(msgspec.Struct, frozen=True):
    """One requirement that is not met; `version` is None where the distribution is not there."""

    owner: str
    name: str
    line: str
    version: str | None


def requirements(packages: Packages, facts: Facts, goal: Goal) -> Iterator[Finding]:
    unmet = [one for one in _unmet(packages) if not _of_torch(one) and not _of_the_lock(one, packages)]
    unmet = [one for one in unmet if not _explained(one, packages)]
    conflicts = [one for one in unmet if one.version]
    astray = {one.name for one in conflicts}  # a wrong release may ask for what the right one does not
    missing = [one for one in unmet if not one.version and one.owner not in astray]
    # Colab and its like ship images with gaps of which they know.
    hosted = isinstance(facts.colab, Colab) and facts.colab.kind is not None
    named = [one for one in conflicts if _named(one, packages)]
    for one in named:
        yield _special(one, str(_named(one, packages)), packages, goal)
    other = [one for one in conflicts if one not in named]
    if other:
        yield _conflict(other, packages, goal, hosted)
    if missing:
        yield _missing(missing, packages, goal, hosted)
    if packages.optional and not hosted:
        lines = [line.partition(": ")[2] for line in packages.optional]
        names = dict.fromkeys(r.name for line in lines if (r := parsed(line)))
        yield mended(
            "companion-too-old",
            goal,
            None,
            pip(goal, "install", *dict.fromkeys(lines)),
            lines=some(packages.optional),
            there=[f"{name} {packages.installed.get(canonicalize_name(name), '?')}" for name in names],
        )


def _unmet(packages: Packages) -> Iterator[Unmet]:
    there = {**packages.elsewhere, **packages.installed}
    for owner, lines in packages.requires.items():
        for line in lines:
            requirement = parsed(line) if not _surely_met(line, there) else None
            if requirement and owner not in packages.duplicates:
                yield from _compare(owner, requirement, there, packages)


def _surely_met(line: str, there: Mapping[str, str]) -> bool:
    """Whether a plain `name>=1,<2` is met. Nearly all are, and the whole parser takes longer to say so."""
    plain = PLAIN.fullmatch(line)
    if plain is None:
        return False
    version = there.get(canonicalize_name(plain[1]))
    try:
        return bool(version) and _range(plain[2]).contains(str(version), prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return False


@cache
def _range(text: str) -> SpecifierSet:
    return SpecifierSet(text)


def _compare(
    owner: str, wanted: Requirement, there: Mapping[str, str], packages: Packages
) -> Iterator[Unmet]:
    name = canonicalize_name(wanted.name)
    version = there.get(name)
    if version is None:
        if not any(other in there for other in INSTEAD.get(name, ())):
            yield Unmet(owner, name, str(wanted), None)
    elif (
        version
        and name not in packages.duplicates
        and not wanted.specifier.contains(version, prereleases=True)
    ):
        yield Unmet(owner, name, str(wanted), version)


def _explained(one: Unmet, packages: Packages) -> bool:
    """Said by a finding that names the cause: built for another numpy, code without metadata, a folder that was left."""
    condemned = {line.split()[0] for line in (*packages.old_numpy, *packages.new_numpy)}
    gone = {*packages.no_metadata, *map(canonicalize_name, packages.remains)}
    return one.owner in condemned or one.name in condemned or (one.version is None and one.name in gone)


def _of_torch(one: Unmet) -> bool:
    """What belongs to a torch is the area torch's matter: companions, and the pins of what was built for one torch."""
    family = one.name in TORCH and (one.version is None or "==" in one.line)
    return family or (
        one.owner in TORCH and one.name.startswith(("nvidia-", "cuda-", "triton", "pytorch-triton"))
    )


def _of_the_lock(one: Unmet, packages: Packages) -> bool:
    """In our own environment a difference from the lock explains it; what is named by its own id is said all the same."""
    if not packages.wanted or _named(one, packages):
        return False
    here = packages.installed
    return any(
        name in packages.wanted and here.get(name) != packages.wanted[name] for name in (one.owner, one.name)
    )


def _named(one: Unmet, packages: Packages) -> str | None:
    """The conflicts that have a name of their own."""
    if one.owner != "transformers" or one.version is None:
        return None
    if one.name == "tokenizers":
        return "tokenizers-version-mismatch"
    newer = (
        one.name == "huggingface-hub"
        and older(packages, "transformers", "5")
        and since(packages, one.name, "1")
    )
    return "hub-too-new-for-transformers-4" if newer else None


def _special(one: Unmet, finding: str, packages: Packages, goal: Goal) -> Finding:
    return mended(
        finding,
        goal,
        step_for((one.name,), packages, goal),
        pip(goal, "install", one.line),
        transformers=packages.installed["transformers"],
        wanted=one.line,
        there=str(one.version),
    )


def _stops(one: Unmet) -> bool:
    """transformers refuses; other libraries that one begins with miss what came with the release they ask for."""
    if one.owner == "transformers" and one.name in AT_IMPORT:
        return True
    wanted = parsed(one.line)
    floors = [Version(s.version) for s in wanted.specifier if s.operator == ">="] if wanted else []
    return one.owner in BASIC and bool(one.version) and any(Version(str(one.version)) < f for f in floors)


def _conflict(unmet: list[Unmet], packages: Packages, goal: Goal, hosted: bool) -> Finding:
    """Most programs run with a version that their metadata does not like; transformers refuses."""
    refused = sorted((one for one in unmet if _stops(one)), key=lambda one: one.owner != "transformers")
    said = [
        f"{one.owner} {packages.installed.get(one.owner, '')}: {one.line} ≠ {one.version}"
        for one in refused + unmet
    ]
    return mended(
        "requirement-conflict",
        goal,
        None,
        pip(goal, "install", *dict.fromkeys(one.line for one in refused or unmet)),
        severity="fail" if refused else "info" if hosted else "warn",
        lines=some(list(dict.fromkeys(said))),
    )


def _missing(unmet: list[Unmet], packages: Packages, goal: Goal, hosted: bool) -> Finding:
    core = course(packages, goal)
    said = [f"{one.name} ({one.owner})" for one in unmet]
    lines = dict.fromkeys(one.line for one in unmet)
    return mended(
        "requirement-missing",
        goal,
        None,
        pip(goal, "install", *lines),
        severity="info" if hosted else "fail" if any(one.owner in core for one in unmet) else "warn",
        names=some(said),
    )
