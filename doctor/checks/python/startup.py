"""Is the interpreter whole, does it know its environment, and does it start as the person starts it?"""

from __future__ import annotations

from collections.abc import Iterator

from packaging.utils import canonicalize_name

from doctor.catalogue import found
from doctor.facts import Facts, Packages, Python, Stopped
from doctor.finding import Finding, Severity
from doctor.goal import Goal

# Without it only histories and databases fail.
LIGHT = frozenset({"sqlite3", "_sqlite3"})


def stopped(python: Python, goal: Goal) -> Iterator[Finding]:
    """What keeps a sound Python from starting. JupyterLab and what we start are kept from the person's variables."""
    why = python.stopped
    if why and why.file:
        yield found("python", "startup-file-stops-python", file=why.file, said=why.said)
    elif why and why.variable:
        yield _variable(why, goal)


def _variable(why: Stopped, goal: Goal) -> Finding:
    name, _, value = str(why.variable).partition("=")
    severity: Severity = "fail" if goal.foreign else "warn"
    return found("python", "variable-stops-python", severity=severity, name=name, value=value, said=why.said)


def whole(python: Python, goal: Goal) -> Iterator[Finding]:
    """Parts of Python's own library that are not there, and what disturbs each start."""
    if python.library_lacks:
        light = set(python.library_lacks) <= LIGHT
        yield found(
            "python",
            "python-library-incomplete",
            severity="warn" if light else "fail",
            commands=anew(python),
            names=python.library_lacks,
            base=python.base or "?",
        )
    if python.start_errors:
        yield found("python", "startup-file-fails", errors=python.start_errors, file=_file(python))
    if python.optimize:
        severity: Severity = "fail" if goal.foreign else "warn"
        yield found("python", "docstrings-stripped", severity=severity, value=python.optimize)


def anew(python: Python) -> tuple[tuple[str, ...], ...]:
    """How that very Python is completed: by who made it."""
    version, base = str(python.version), python.base or ""
    minor = ".".join(version.split(".")[:2])
    if base == "/usr":
        packages = (f"libpython{minor}-minimal", f"libpython{minor}-stdlib", f"python{minor}-minimal")
        return (("apt-get", "install", "--reinstall", "-y", *packages),)
    libraries = ("libffi-dev", "liblzma-dev", "libbz2-dev", "libsqlite3-dev", "libssl-dev", "zlib1g-dev")
    again = (("pyenv", "install", "--force", version),) if "/.pyenv/" in f"{base}/" else ()
    own = () if again else (("make", "setup", f"ENV_NAME=py{minor}"),)
    return (*(((("apt-get", "install", "-y", *libraries)),) if again else ()), *again, *own)


def inserted(python: Python, facts: Facts, goal: Goal) -> Iterator[Finding]:
    """Folders that code at start put before the packages."""
    here = facts.packages.installed if isinstance(facts.packages, Packages) else {}
    ahead = {
        shadow.path: [
            f"{module} {version}".strip()
            for module, version in shadow.holds.items()
            if not version or here.get(canonicalize_name(module)) != version
        ]
        for shadow in python.inserted
    }
    ahead = {path: names for path, names in ahead.items() if names}
    if ahead:
        names = [name for said in ahead.values() for name in said]
        yield found("python", "search-path-shadow", paths=list(ahead), names=names, site=_site(python))


def _site(python: Python) -> str:
    minor = ".".join(str(python.version).split(".")[:2])
    return f"{python.prefix}/lib/python{minor}/site-packages"


def _file(python: Python) -> str:
    name = python.start_errors[0].partition(":")[0]
    if name.startswith("/"):
        return name
    return f"{_site(python)}/{name if '.' in name else f'{name}.py'}"
