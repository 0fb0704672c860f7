"""Is the conda environment what conda's records say, and can packages be put into it?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from doctor.catalogue import found
from doctor.checks.conda.weight import is_needed, weighed
from doctor.facts import Conda, CondaEnvironment, Facts, Packages, Python
from doctor.finding import Finding
from doctor.goal import Goal

NAMED = re.compile(r"(?:[\w./:+-]+::)?[A-Za-z0-9_][\w.*-]*([\s=<>!~].*)?")
# `1.26`, `=1.26.*`, `>=1.2`, `=1.26=py311_0`, `*`, or a regular expression; conda takes words without a number too.
VERSION = re.compile(r"\^.*\$|(?:[<>]=?|[=!~]=|=)?[\w.+!*-]*[\d*][\w.+!*-]*(?:=[\w.*]+)?", re.ASCII)


def check(facts: Facts, conda: Conda, goal: Goal) -> Iterator[Finding]:
    env = conda.environment
    if env is None:
        return
    yield from _records(env, conda, goal)
    if goal.manager == "system":
        yield from _changeable(env, conda, goal)
    if env.pip_user:
        python = f"{env.prefix}/bin/python"
        yield found("conda", "conda-pip-user", prefix=env.prefix, place=env.pip_user, python=python)
    yield from _pins(env, facts, conda, goal)


def _pins(env: CondaEnvironment, facts: Facts, conda: Conda, goal: Goal) -> Iterator[Finding]:
    file = f"{env.prefix}/conda-meta/pinned"
    unreadable = [pin for pin in env.pins if not _is_pin(pin)]
    if unreadable:
        severity = weighed("fail", conda, goal)
        yield found("conda", "conda-pins-unreadable", severity=severity, pins=_shown(unreadable), file=file)
    pins = [pin for pin in (*env.pins, *conda.settings.pins) if _contradicts(pin, facts)]
    if pins:
        yield found("conda", "conda-pins-other-versions", pins=pins, file=file)


def _records(env: CondaEnvironment, conda: Conda, goal: Goal) -> Iterator[Finding]:
    severity = weighed("fail", conda, goal)
    if env.broken_states:
        yield found(
            "conda",
            "conda-variables-unreadable",
            severity=severity,
            files=env.broken_states,
            kept=tuple(f"{file}.broken" for file in env.broken_states)[:1],
            file=env.broken_states[0],
            prefix=env.prefix,
        )
    if env.unreadable:
        yield found(
            "conda",
            "conda-record-unreadable",
            severity=severity,
            files=env.unreadable,
            prefix=env.prefix,
            packages=tuple(_package(file) for file in env.unreadable),
        )
    if env.incomplete:
        name, missing, count = env.incomplete[0]
        yield found(
            "conda",
            "conda-package-files-missing",
            severity=severity,
            prefix=env.prefix,
            packages=tuple(name for name, _, _ in env.incomplete),
            package=name,
            missing=f"{env.prefix}/{missing}",
            count=count,
        )


def _package(file: str) -> str:
    """The package's name in `…/conda-meta/name-version-build.json`."""
    return file.rpartition("/")[2].rsplit("-", 2)[0]


def _changeable(env: CondaEnvironment, conda: Conda, goal: Goal) -> Iterator[Finding]:
    """An environment that was taken as it is: what stands in the way of a `conda install` or `pip install` in it."""
    if env.is_base and is_needed(conda, goal):
        yield found("conda", "conda-base-used", prefix=env.prefix)
    if not env.history:
        yield found(
            "conda", "conda-history-missing", prefix=env.prefix, history=f"{env.prefix}/conda-meta/history"
        )
    if env.frozen:
        yield found("conda", "conda-env-frozen", prefix=env.prefix)
    if not env.writable:
        yield found("conda", "conda-env-not-writable", prefix=env.prefix)


def _is_pin(pin: str) -> bool:
    """Whether conda can read it: a name, then versions, then a build. In brackets anything may stand."""
    pattern = NAMED.fullmatch(re.sub(r"\[[^]]*\]$|\s#.*", "", pin).strip())
    if not pattern:
        return False
    words = (
        re.sub(r"\s*([,|<>=!~]+)\s*", r"\1", pattern.group(1) or "").replace("(", "").replace(")", "").split()
    )
    if len(words) > 2:
        return False
    return all(VERSION.fullmatch(one) for word in words[:1] for one in re.split(r"[,|]", word))


def _shown(pins: list[str]) -> list[str]:
    """What the file holds in their place may be anything: zeros, a page, a merge."""
    return [f"{pin[:60]!a}" for pin in pins[:3]]


def _contradicts(pin: str, facts: Facts) -> bool:
    """Whether a pin such as `numpy 1.26.*` or `python=3.10` forbids what is installed."""
    pattern = re.fullmatch(r"(?:[\w-]+::)?([\w.-]+?)\s*([=<>!~ ]\S.*)", pin.strip())
    if not pattern:
        return False
    have = _installed(pattern.group(1), facts)
    try:
        return have is not None and not _spec(pattern.group(2)).contains(Version(have), prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return False  # alternatives, builds: not read, so not judged


def _spec(said: str) -> SpecifierSet:
    """Conda's way to say versions in Python's: `3.10` and `=3.10` both mean any 3.10."""
    words = (word.strip() for word in said.strip().split(","))
    return SpecifierSet(",".join(_clause(word) for word in words))


def _clause(word: str) -> str:
    if re.match(r"[<>!~]|==", word):
        return word
    version = word.lstrip("=").strip().rstrip("*").rstrip(".")
    return f"=={version}.*"


def _installed(name: str, facts: Facts) -> str | None:
    if name == "python":
        return facts.python.version if isinstance(facts.python, Python) else None
    known = {"pytorch": "torch"}.get(name, name)
    return (
        facts.packages.installed.get(canonicalize_name(known))
        if isinstance(facts.packages, Packages)
        else None
    )
