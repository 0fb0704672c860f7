"""Is each conda that is there whole?"""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.conda.weight import is_used, main_install, weighed
from doctor.facts import Conda, CondaInstall, Facts
from doctor.finding import Finding, Severity
from doctor.goal import Goal
from doctor.goal.prefix import unfit
from doctor.text import Text

FAST = (23, 10)  # the first conda whose usual solver is libmamba
NOWHERE = Text("nowhere", "不存在")


def check(facts: Facts, conda: Conda, goal: Goal) -> Iterator[Finding]:
    if goal.manager == "conda":
        yield from _wanted(conda.wanted, goal)
    for install in conda.installs:
        wanted = goal.manager == "conda" and install.prefix == conda.wanted.prefix
        if install.state == "damaged" and install.command and not wanted:
            yield _broken(install, _of_another(install, conda, goal))
        if install.openssl_lost:
            yield _without_openssl(install, "fail" if wanted else _of_another(install, conda, goal))
    main = main_install(conda)
    if main and main.state == "complete" and is_used(conda, goal):
        yield from _solver(main, conda, goal)


def _wanted(wanted: CondaInstall, goal: Goal) -> Iterator[Finding]:
    """The prefix that setup uses: it must be whole, or free to install into."""
    elsewhere = f"PREFIX={wanted.prefix}-course"
    if wanted.state == "complete":
        if not wanted.writable:
            yield found("conda", "conda-not-writable", prefix=wanted.prefix)
    elif unfit(goal.conda_root):
        yield found("conda", "conda-prefix-not-allowed", why=unfit(goal.conda_root) or "")
    elif wanted.state == "absent":
        yield found("conda", "conda-missing", prefix=wanted.prefix)
    elif wanted.state == "half":
        yield found("conda", "conda-half-installed", prefix=wanted.prefix)
    elif wanted.state == "damaged":
        yield _broken(wanted, "fail")
    else:
        yield found("conda", "conda-prefix-foreign", prefix=wanted.prefix, elsewhere=elsewhere)


def _of_another(install: CondaInstall, conda: Conda, goal: Goal) -> Severity:
    """A broken conda that setup does not want: it matters when the environment is its own, or the shell starts it."""
    if conda.environment and conda.environment.root == install.prefix:
        return weighed("fail", conda, goal)
    blocks = [block.prefix for block in conda.shell.blocks]
    first = conda.shell.on_path[:1]
    return "warn" if install.prefix in (*first, *blocks) else "info"


def _broken(install: CondaInstall, severity: Severity) -> Finding:
    """Why it is not whole, as far as its files tell."""
    prefix, lost = install.prefix, install.shebang
    if lost and not lost.startswith(f"{prefix}/"):
        return found(
            "conda", "conda-moved", severity=severity, prefix=prefix, lost=lost, old=_prefix_of(lost)
        )
    if install.command and not lost and install.python:
        library = install.library or NOWHERE
        return found(
            "conda",
            "conda-base-broken",
            severity=severity,
            prefix=prefix,
            python=install.python,
            library=library,
        )
    return found("conda", "conda-damaged", severity=severity, prefix=prefix)


def _without_openssl(install: CondaInstall, severity: Severity) -> Finding:
    """conda cannot fetch them itself; what it unpacked once is mostly still there."""
    kept, prefix = install.openssl_kept, install.prefix
    copied = ("cp", "-P", *(f"{kept}/{name}" for name in install.openssl_lost), f"{prefix}/lib/")
    return found(
        "conda",
        "conda-without-openssl",
        severity=severity,
        prefix=prefix,
        names=install.openssl_lost,
        commands=(copied, (f"{prefix}/bin/conda", "install", "--force-reinstall", "openssl"))
        if kept
        else None,
    )


def _prefix_of(interpreter: str) -> str:
    return interpreter.rpartition("/bin/")[0] or interpreter


def _solver(install: CondaInstall, conda: Conda, goal: Goal) -> Iterator[Finding]:
    if install.lacks and not conda.settings.classic_solver:
        severity = weighed("fail", conda, goal)
        yield found(
            "conda",
            "conda-libmamba-libarchive",
            severity=severity,
            prefix=install.prefix,
            lacks=install.lacks,
        )
    elif _older(install.version, FAST) and not install.libmamba:
        yield found("conda", "conda-too-old", prefix=install.prefix, version=install.version or "?")


def _older(version: str | None, than: tuple[int, int]) -> bool:
    """Whether `23.7.4` is older. What is no such number is not judged."""
    parts = (version or "").split(".")
    if len(parts) < 2 or not (parts[0].isdecimal() and parts[1].isdecimal()):
        return False
    return (int(parts[0]), int(parts[1])) < than
