"""What the kernel has of one thing for the whole machine, and what a login loses when it ends."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from doctor.probes.host.cgroup import number, text
from doctor.probes.listing import names_in
from doctor.reading.peek import is_there, peek_text

NEAR = 0.9
USUAL = 32_768  # process ids that a small machine has; where fewer are allowed, a namespace has its own
SHOWN = 3
KERNEL = Path("/proc/sys/kernel")
# By these a program says how many threads it starts, in place of one for each processor.
THREADS = ("OMP_NUM_THREADS", "RAYON_NUM_THREADS", "TOKIO_WORKER_THREADS")
MUSL = Path("/lib")
PLACES = ("/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd")
YES = ("1", "yes", "y", "true", "t", "on")


def scarce(kernel: Path = KERNEL, load: Path = Path("/proc/loadavg"), *, few: bool = False) -> dict[str, Any]:
    """Ids for processes and threads: how many there may be, how many run, and whose they are where few are left, of them or (`few`) for this container."""
    limits = (number(kernel / name) for name in ("pid_max", "threads-max"))
    most = min((limit for limit in limits if limit), default=None)
    running = text(load).partition("/")[2].partition(" ")[0]
    now = int(running) if running.isdecimal() else None
    near = most is not None and now is not None and now >= NEAR * most
    if not (near or few):
        return {"ids": most, "ids_now": now}
    names = Counter(_names())
    crowd = tuple(f"{name} ({count})" for name, count in names.most_common(SHOWN) if count > 1)
    if most is None or now is None or not near:
        return {"ids": most, "ids_now": now, "crowd": crowd}
    if most < USUAL and names.total() < NEAR / 2 * most:  # those that run are counted for the whole machine
        return {"ids": most, "crowd": crowd}
    return {"ids": most, "ids_now": now, "crowd": crowd}


def _names() -> Iterator[str]:
    """The name of each process that can be seen, once for each of its threads."""
    for pid in names_in(Path("/proc")):
        if pid.isdecimal():
            try:
                threads = os.stat(f"/proc/{pid}/task").st_nlink - 2  # noqa: PTH116
            except OSError:
                continue  # has ended
            name = text(Path(f"/proc/{pid}/comm"))
            yield from [name] * max(1, threads)


def threads_set(environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    return tuple(name for name in THREADS if environ.get(name))


def has_musl(folder: Path = MUSL) -> bool:
    """The loader of musl is there: Alpine's C library, or one that was installed beside another."""
    return any(is_there(folder / f"ld-musl-{kind}.so.1") for kind in ("x86_64", "aarch64"))


def kills_on_logout(user: str, places: tuple[str, ...] = PLACES) -> str:
    """The file by which logind ends what a login leaves running; "" where it does not, or not for this user."""
    said: dict[str, tuple[str, str]] = {}
    for path in _in_order(places):
        for line in peek_text(path, 65_536).splitlines():
            key, equals, value = line.strip().partition("=")
            if equals and key.strip() in ("KillUserProcesses", "KillOnlyUsers", "KillExcludeUsers"):
                said[key.strip()] = value.strip(), path
    value, path = said.get("KillUserProcesses", ("", ""))
    spared = said.get("KillExcludeUsers", ("root", ""))[0].split()
    only = said.get("KillOnlyUsers", ("", ""))[0].split()
    if value.lower() not in YES or user in spared or (only and user not in only):
        return ""
    return "" if is_there(f"/var/lib/systemd/linger/{user}") else path


def _in_order(places: tuple[str, ...]) -> list[str]:
    """As systemd reads them: the file itself, then what is laid beside it, by name; of one name the first place's."""
    main = next((f"{place}/logind.conf" for place in places if is_there(f"{place}/logind.conf")), None)
    beside: dict[str, str] = {}
    for place in places:
        for name in names_in(Path(place, "logind.conf.d")):
            if name.endswith(".conf"):
                beside.setdefault(name, f"{place}/logind.conf.d/{name}")
    return [*([main] if main else []), *(beside[name] for name in sorted(beside))]
