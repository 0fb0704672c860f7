"""Distributions that no installer would have left like that here."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.utils import canonicalize_name

from doctor.catalogue import found
from doctor.checks.packages.needs import course, mended, parsed, pip, some, step_for
from doctor.facts import Packages
from doctor.finding import Finding, Severity
from doctor.goal import Goal

# Distributions of PyPI under names by which people look for another one.
MISTAKEN = {
    "whisper": "openai-whisper", "dataset": "datasets", "transformer": "transformers", "tokenizer": "tokenizers",
    "huggingface": "huggingface_hub", "sklearn": "scikit-learn", "opencv": "opencv-python-headless",
    "sentencetransformers": "sentence-transformers", "faiss": "faiss-cpu", "gradients": "gradio", "pil": "pillow",
    "dotenv": "python-dotenv", "beautifulsoup": "beautifulsoup4", "evaluation": "evaluate", "diffuser": "diffusers",
}  # fmt: skip


def origin(packages: Packages, goal: Goal) -> Iterator[Finding]:
    yield from _for_another_system(packages, goal)
    yield from _no_metadata(packages, goal)
    yield from _remains(packages, goal)
    yield from _mixed(packages, goal)
    if packages.bytecode:
        files = [f"{packages.site}/{path}" for path in packages.bytecode]
        yield found("packages", "bytecode-damaged", files=some(packages.bytecode), paths=files)
    if goal.foreign:
        yield from _mistaken(packages, goal)


def _severity(names: list[str], packages: Packages, goal: Goal) -> Severity:
    return "fail" if set(names) & course(packages, goal) else "warn"


def _for_another_system(packages: Packages, goal: Goal) -> Iterator[Finding]:
    lines = [said.partition(" ")[0] for said in packages.elsewhere_made]
    names = [line.partition("==")[0] for line in lines]
    if names:
        yield mended(
            "wheel-for-another-system",
            goal,
            step_for(names, packages, goal),
            pip(goal, "install", "--force-reinstall", "--no-deps", *lines),
            severity=_severity(names, packages, goal),
            names=names,
            wheels=some(packages.elsewhere_made),
        )


def wanted_line(name: str, packages: Packages) -> str:
    """The release that the others ask for, where they name one."""
    lines = (line for all_of in packages.requires.values() for line in all_of)
    asked = [
        line for line in lines if (r := parsed(line)) and canonicalize_name(r.name) == name and r.specifier
    ]
    return max(asked, key=len, default=name)


def _no_metadata(packages: Packages, goal: Goal) -> Iterator[Finding]:
    names = list(packages.no_metadata)
    if names:
        lines = [wanted_line(name, packages) for name in names]
        yield mended(
            "metadata-missing",
            goal,
            step_for(names, packages, goal),
            pip(goal, "install", "--force-reinstall", "--no-deps", *lines),
            severity=_severity(names, packages, goal),
            names=some(names),
            site=packages.site,
        )


def _remains(packages: Packages, goal: Goal) -> Iterator[Finding]:
    if packages.remains:
        names = [canonicalize_name(module) for module in packages.remains]
        yield mended(
            "package-remains",
            goal,
            step_for(names, packages, goal),
            *(("mv", f"{packages.site}/{one}", f"{packages.site}/{one}.old") for one in packages.remains),
            pip(goal, "install", *(wanted_line(name, packages) for name in names)),
            names=packages.remains,
            site=packages.site,
        )


def _mixed(packages: Packages, goal: Goal) -> Iterator[Finding]:
    if packages.mixed:
        said = [line.partition(":")[0].split(" ") for line in packages.mixed]
        names = [name for name, *_ in said]
        yield mended(
            "package-files-mixed",
            goal,
            step_for(names, packages, goal),
            pip(goal, "install", "--force-reinstall", "--no-deps", *("==".join(pair) for pair in said)),
            severity=_severity(names, packages, goal),
            names=some(packages.mixed),
        )


def _mistaken(packages: Packages, goal: Goal) -> Iterator[Finding]:
    """Said only where the one that was meant is not there."""
    for name, meant in MISTAKEN.items():
        there = {**packages.elsewhere, **packages.installed}
        if name in there and canonicalize_name(meant) not in there:
            yield found(
                "packages",
                "package-mistaken",
                commands=(pip(goal, "uninstall", "-y", name), pip(goal, "install", meant)),
                package=name,
                meant=meant,
                version=there[name],
            )
