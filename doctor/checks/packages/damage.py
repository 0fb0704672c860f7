"""Are the distributions whole: their files, their metadata, their owner?"""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.packages.needs import course, mended, pip, some, step_for
from doctor.facts import Packages
from doctor.finding import Finding, Severity
from doctor.goal import Goal


def damage(packages: Packages, goal: Goal) -> Iterator[Finding]:
    yield from _half(packages, goal)
    yield from _files(packages, goal)
    yield from _metadata(packages, goal)
    yield from _owner(packages, goal)
    if packages.edited:
        yield found("packages", "package-files-edited", files=some(packages.edited))
    for name, folder in packages.sources_gone.items():
        yield found(
            "packages",
            "editable-source-gone",
            commands=(pip(goal, "uninstall", "-y", name),),
            package=name,
            folder=folder,
        )
        break  # one is enough to say how; the evidence of the next looks the same


def _severity(names: tuple[str, ...], packages: Packages, goal: Goal) -> Severity:
    """What the course stands on must be whole; the rest may be."""
    return "fail" if set(names) & course(packages, goal) else "warn"


def _half(packages: Packages, goal: Goal) -> Iterator[Finding]:
    names = packages.half_installed
    if not names:
        return
    severity, step = _severity(names, packages, goal), step_for(names, packages, goal)
    again = pip(goal, "install", "--no-cache-dir", "--force-reinstall", "--no-deps", *names)
    if packages.killed:
        yield mended(
            "oom-or-timeout-killed-install",
            goal,
            step,
            again,
            severity=severity,
            names=some(names),
            killed=packages.killed,
        )
    yield mended(
        "packages-half-installed", goal, step, again, severity=severity, count=len(names), names=some(names)
    )


def _files(packages: Packages, goal: Goal) -> Iterator[Finding]:
    damaged = [one for one in packages.damaged if one.name not in packages.duplicates]
    if not damaged:
        return
    names = tuple(one.name for one in damaged)
    yield mended(
        "wheel-files-missing",
        goal,
        step_for(names, packages, goal),
        pip(goal, "install", "--force-reinstall", "--no-deps", *(f"{d.name}=={d.version}" for d in damaged)),
        severity=_severity(names, packages, goal),
        names=some([f"{d.name} {d.version}" for d in damaged]),
        count=sum(d.count for d in damaged),
        files=some([file for d in damaged for file in d.files]),
    )


def _metadata(packages: Packages, goal: Goal) -> Iterator[Finding]:
    names = packages.duplicates
    if names:
        said = [f"{name} {' + '.join(packages.versions.get(name, ()))}" for name in names]
        yield mended(
            "duplicate-dist-info",
            goal,
            step_for(names, packages, goal),
            pip(goal, "uninstall", "-y", *names),
            pip(goal, "install", "--force-reinstall", "--no-deps", *names),
            severity=_severity(names, packages, goal),
            names=some(said),
        )
    if packages.unreadable:
        names = tuple(folder.removesuffix(".dist-info").partition("-")[0] for folder in packages.unreadable)
        yield mended(
            "metadata-unreadable",
            goal,
            None,
            ("rm", "-r", *(f"{packages.site}/{folder}" for folder in packages.unreadable)),
            pip(goal, "install", "--force-reinstall", "--no-deps", *names),
            folders=some(packages.unreadable),
        )
    if packages.leftovers:
        paths = [f"{packages.site}/{name}" for name in packages.leftovers]
        yield found("packages", "invalid-distribution", names=some(packages.leftovers), paths=paths)


def _owner(packages: Packages, goal: Goal) -> Iterator[Finding]:
    if packages.closed:
        yield found("packages", "packages-unreadable", files=some(packages.closed), site=packages.site)
    if packages.root_owned:
        yield found("packages", "packages-owned-by-root", names=some(packages.root_owned), site=packages.site)
