"""Does Python start as the person starts it? Asked with their variables, and, where it does not start, what stops it.

A Python that is sound by itself may be stopped by a variable of its own (PYTHONHASHSEED=abc), by a file that it reads
at each start (.pth, sitecustomize), or by what those put before its packages.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from doctor.facts import Unknown
from doctor.facts.python import Shadow, Stopped
from doctor.probes.python.interpreter import Said, last_error
from doctor.probes.python.shadows import look_into, user_packages
from doctor.reading.ask import PRIVATE, ask
from doctor.reading.peek import peek

SECONDS = 5.0
MOST = 12  # variables that are tried, and files that are named
VARIABLE = re.compile(r"PYTHON[A-Z0-9]+|LD_PRELOAD|LD_LIBRARY_PATH")
LOUD = ("PYTHON", "LD_")
# Of those, what images of containers set: no value of it changes what is read, or fails.
QUIET = ("PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONNOUSERSITE")
LOCALE = ("LC_ALL", "LC_CTYPE", "LANG")  # the first that is set decides
NAMED = ("PYTHONHOME",)  # has a finding of its own
PATH = "import sys; print(chr(10).join(sys.path))"
ERROR = re.compile(
    r"^Error processing line \d+ of (.+?):$|^Error in (sitecustomize|usercustomize)", re.MULTILINE
)
CUSTOM = re.compile(r'File "([^"]*(?:sitecustomize|usercustomize)(?:/__init__)?\.py)"')
SHOWN = 80  # characters of a variable's value


def of_person(
    interpreter: str, said: Said | None, site: Path | None, environ: Mapping[str, str]
) -> dict[str, Any]:
    """What happens when the person starts this Python."""
    if said is None:
        return {"stopped": by_file(interpreter, site)}
    if starts_alike(said, environ):
        return {
            "start_errors": start_errors(said.complaints, interpreter),
            "inserted": inserted(said.path, said, site, environ),
        }
    theirs = {name: value for name, value in environ.items() if name not in PRIVATE}
    answer = start(interpreter, theirs, PATH)
    if isinstance(answer, Unknown):
        return {}
    if answer.returncode != 0:
        return {"stopped": by_variable(interpreter, theirs, last_error(answer.stderr))}
    return {
        "start_errors": start_errors(answer.stderr, interpreter),
        "inserted": inserted(answer.stdout.splitlines(), said, site, theirs),
    }


def starts_alike(said: Said, environ: Mapping[str, str]) -> bool:
    """Whether the person's Python cannot but start as it did when it was asked apart from their settings.

    It would read nothing else: no variable that is said to Python or to the linker, no folder of packages of their own,
    and no locale in which it reads .pth files otherwise.
    """
    locale = next((value for name in LOCALE if (value := environ.get(name))), "C")
    encoding = locale.partition(".")[2].partition("@")[0].lower().replace("-", "")
    return (
        (encoding == "utf8" or locale in ("C", "POSIX"))
        and not any(name.startswith(LOUD) and name not in QUIET for name in environ)
        and not os.path.lexists(user_packages(environ, said.version))
    )


def start(
    interpreter: str, environ: Mapping[str, str], code: str, *flags: str
) -> subprocess.CompletedProcess[str] | Unknown:
    return ask([interpreter, "-B", *flags, "-c", code], seconds=SECONDS, env=environ)


def by_variable(interpreter: str, environ: Mapping[str, str], said: str) -> Stopped | None:
    """The variable without which it starts; the interpreter itself is known to be sound."""
    names = sorted(name for name in environ if VARIABLE.fullmatch(name))[:MOST]
    if any(name in environ for name in NAMED):
        return None
    for name in names:
        without = {key: value for key, value in environ.items() if key != name}
        answer = start(interpreter, without, "")
        if not isinstance(answer, Unknown) and answer.returncode == 0:
            return Stopped(said=said, variable=f"{name}={environ[name][:SHOWN]}")
    return None


def by_file(interpreter: str, site: Path | None) -> Stopped | None:
    """The file that stops it, where it starts without reading any (-S)."""
    bare = ask([interpreter, "-I", "-S", "-B", "-c", ""], seconds=SECONDS)
    answer = ask([interpreter, "-I", "-B", "-c", ""], seconds=SECONDS)
    if isinstance(bare, Unknown) or bare.returncode != 0:
        return None
    words = answer.reason if isinstance(answer, Unknown) else answer.stderr
    if not isinstance(answer, Unknown) and answer.returncode == 0:
        return None
    custom = CUSTOM.findall(words)
    file = custom[-1] if custom else _unreadable_pth(site) or _customised(interpreter)
    return Stopped(said=last_error(words), file=file)


def _unreadable_pth(site: Path | None) -> str | None:
    """A .pth file that is no text: Python ends with UnicodeDecodeError before it has begun."""
    for file in sorted(site.glob("*.pth")) if site else ():
        try:
            (peek(file) or b"").decode()
        except UnicodeDecodeError:
            return str(file)
    return None


def _customised(interpreter: str) -> str | None:
    """Where sitecustomize is, found as Python would, and not run."""
    code = (
        "import os, sys; from importlib.util import find_spec\n"
        "sys.path += [os.path.join(sys.prefix, 'lib', 'python%d.%d' % sys.version_info[:2], 'site-packages')]\n"
        "print(next((s.origin for n in ('sitecustomize', 'usercustomize') if (s := find_spec(n))), ''))"
    )
    said = ask([interpreter, "-I", "-S", "-B", "-c", code], seconds=SECONDS)
    return None if isinstance(said, Unknown) else said.stdout.strip() or None


def start_errors(stderr: str, interpreter: str) -> tuple[str, ...]:
    """What fails at each start and is passed over, with the error of each."""
    parts = ERROR.split(stderr)
    found = []
    for index in range(1, len(parts) - 2, 3):
        # Python does not say where that module is.
        where = Path(parts[index]).name if parts[index] else _customised(interpreter) or parts[index + 1]
        found.append(f"{where}: {last_error(parts[index + 2].partition('Remainder of file')[0])}")
    return tuple(dict.fromkeys(found))[:MOST]


def inserted(
    path: Sequence[str], said: Said, site: Path | None, environ: Mapping[str, str]
) -> tuple[Shadow, ...]:
    """Folders before the packages that hold modules of the course, put there by code that runs at each start."""
    own = os.path.realpath(site) if site else ""
    places = [entry for entry in path if entry.startswith("/")]
    known = {os.path.realpath(entry) for entry in environ.get("PYTHONPATH", "").split(os.pathsep) if entry}
    before: list[str] = []
    for entry in places:
        real = os.path.realpath(entry)
        if real == own:
            looked = (look_into(folder) for folder in before[:MOST])
            return tuple(shadow for shadow in looked if shadow.holds)
        if real not in known and not _of_python(real, said) and "/.local/" not in entry:
            before.append(entry)
    return ()


def _of_python(place: str, said: Said) -> bool:
    """Python's own library, and the packages of the installation below a venv."""
    return any(place.startswith(f"{os.path.realpath(root)}/lib") for root in (said.base, said.prefix))
