"""Who runs this, from where, and in which language: user, HOME, locale, limits."""

from __future__ import annotations

import locale
import os
import platform
import pwd
import resource
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from doctor.facts.host import HomeState, Limits
from doctor.probes.listing import processes
from doctor.reading.peek import is_folder, is_there, peek_text

LOCALE = ("LC_ALL", "LC_CTYPE", "LANG", "PYTHONUTF8", "PYTHONIOENCODING")
PRELOADS = "/etc/ld.so.preload"
FEW = 16_384  # processes of one user; where more are allowed, they are not counted
FEW_FILES = 4096  # that may be open at once
LOGIN = ("LOGNAME", "USER", "LNAME", "USERNAME")  # those that Python's getpass asks before the user database


def user_name() -> str | None:
    """None for a user id without a name, as containers have."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return None


def names_user() -> bool:
    return any(os.environ.get(name) for name in LOGIN)


def home_state() -> tuple[str | None, HomeState]:
    home = os.environ.get("HOME")
    if not home:
        return None, "unset"
    if not is_folder(Path(home)):
        return home, "missing"
    return home, "fine" if os.access(home, os.W_OK | os.X_OK) else "not-writable"


def preloads_of_all() -> str:
    """What each program of this machine is told to load first, whoever starts it."""
    return " ".join(line.partition("#")[0] for line in peek_text(PRELOADS).splitlines())


def lost_preloads(named: str) -> tuple[str, ...]:
    """The libraries of a list that are not there. What the linker is to fill in (`$LIB`) is left to it."""
    words = [word for word in named.replace(":", " ").split() if "$" not in word]
    lost = tuple(word for word in words if word.startswith("/") and not is_there(word))
    bare = [word for word in words if "/" not in word]
    return (*lost, *(_not_found(bare) if bare else ()))


def _not_found(names: Sequence[str]) -> Iterator[str]:
    """Names that the linker looks for as for any library, and finds nowhere. An environment's programs know its folder."""
    from doctor.elf.linker import Linker  # few name one without its path

    conda = os.environ.get("CONDA_PREFIX")
    folders = [folder for folder in os.environ.get("LD_LIBRARY_PATH", "").split(":") if folder]
    linker = Linker(platform.machine(), [*folders, *([f"{conda}/lib"] if conda else [])])
    if linker.cache:  # musl has its own way
        yield from (name for name in names if linker.find(name, (), ()) is None)


def limits() -> Limits:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = None if os.geteuid() == 0 else _finite(resource.getrlimit(resource.RLIMIT_NPROC)[0])
    space, size = (
        _finite(resource.getrlimit(kind)[0]) for kind in (resource.RLIMIT_AS, resource.RLIMIT_FSIZE)
    )
    low = any(one is not None for one in (space, size)) or (most or FEW) < FEW or 0 < hard < FEW_FILES
    return Limits(
        set_in=_set_in() if low else {},
        open_files=_finite(soft),
        open_files_hard=_finite(hard),
        file_size=size,
        processes=most,
        processes_hard=None if most is None else _finite(resource.getrlimit(resource.RLIMIT_NPROC)[1]),
        processes_now=threads_of_user() if most is not None and most < FEW else None,
        address_space=space,
    )


def _set_in() -> dict[str, tuple[str, ...]]:
    from doctor.probes.host import limit_lines  # most shells have no such limit

    return limit_lines.lines(user_name() or "")


def threads_of_user() -> int:
    """Each thread is a folder below `task`, and counts: so a look at that folder of each process is enough."""
    found, user = 0, os.geteuid()
    for pid in processes():
        with suppress(OSError):  # has ended
            seen = Path(f"/proc/{pid}/task").stat()
            found += seen.st_nlink - 2 if seen.st_uid == user else 0
    return found


def _finite(limit: int) -> int | None:
    return None if limit == resource.RLIM_INFINITY else limit


def encoding() -> str:
    """The encoding that Python would use for text files, started as we were."""
    return locale.getpreferredencoding(False).lower()


def locale_variables() -> dict[str, str]:
    return {name: os.environ[name] for name in LOCALE if name in os.environ}
