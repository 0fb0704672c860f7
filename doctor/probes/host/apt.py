"""Debian's package manager: is it running, was it interrupted? Read from its files, for dpkg takes a lock to answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from doctor.facts import Unknown
from doctor.facts.host import Apt, AptSource, Program
from doctor.probes.host.sources import sources
from doctor.probes.listing import names_in
from doctor.probes.locks import Held, holder, holders
from doctor.probes.patience import PATIENCE, start
from doctor.reading.peek import is_folder, is_there, peek_text

ADMIN = Path("/var/lib/dpkg")
LOCKS = ("lock-frontend", "lock")
STATUS, USUAL = "\nStatus: ", "install ok installed\n"
HALF = ("unpacked", "half-configured", "half-installed")
NAMED = 12
OF_CUDA = re.compile(r"^developer\.download\.nvidia\.(?:com|cn)/compute/cuda/repos/ubuntu\d+/")
PREFERENCES, PIN = Path("/etc/apt/preferences.d"), "cuda-repository-pin"
DRIVER = Path("/proc/driver/nvidia/version")
OF_DRIVER = re.compile(r"libnvidia-|nvidia-(?!container)|libcuda\d")  # names of packages
LAID_IN = re.compile(r"/usr/(?:s?bin|lib\S*)/(?:lib(?:nvidia|cuda)\S*\.so\S*|nvidia-smi)\Z")


def begin(release: Mapping[str, str], admin: Path = ADMIN) -> Callable[[], Apt]:
    """Ask the kernel for its table of locks, which takes it 15 ms; the rest when what is returned is called."""
    if not is_folder(admin):
        return Apt
    known = start(holders)
    return lambda: _read(release, admin, known)


def _read(release: Mapping[str, str], admin: Path, known: Callable[[float], Held | Unknown]) -> Apt:
    half, listed = unfinished(admin / "status")[:NAMED], sources()
    return Apt(
        unfinished=half,
        mounted=mounted() if any(map(OF_DRIVER.match, half)) else (),
        interrupted=journal(admin),
        holder=lock_holder(admin, known(PATIENCE)),
        codename=release.get("VERSION_CODENAME", ""),
        sources=listed,
        unpinned=unpinned(listed),
    )


def lock_holder(admin: Path, known: Held | Unknown) -> Program | None:
    if isinstance(known, Unknown):
        return None
    return next((held for name in LOCKS if (held := holder(admin / name, known))), None)


def unfinished(status: Path) -> tuple[str, ...]:
    """Packages that dpkg unpacked and did not configure. Those that wait for a trigger are no fault."""
    try:
        text = "\n" + status.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    found, at = [], text.find(STATUS)
    while at >= 0:  # faster than a regular expression over the whole file
        said, at = at + len(STATUS), text.find(STATUS, at + 1)
        if text.startswith(USUAL, said):
            continue
        words = text[said:].partition("\n")[0].split()
        if len(words) == 3 and (words[2] in HALF or words[1] == "reinstreq"):
            found.append(text[:said].rpartition("\nPackage: ")[2].split("\n")[0].strip())
    return tuple(found)


def unpinned(listed: tuple[AptSource, ...]) -> str:
    """The archive's address. Its own package of keys brings the file, and so does NVIDIA's guide; who has a driver is past it."""
    archive = next((one.address for one in listed if OF_CUDA.search(one.address)), "")
    if not archive or is_there(DRIVER) or any(name.startswith(PIN) for name in names_in(PREFERENCES)):
        return ""
    from doctor.probes.gpu.cards import pci  # few have that archive and no driver

    return archive.rstrip("/") if pci.cards() else ""


def mounted() -> tuple[str, ...]:
    """A file that is a mount of its own can be neither replaced nor removed."""
    fields = (line.split() for line in peek_text("/proc/self/mountinfo", 1 << 20).splitlines())
    return tuple(path for words in fields if len(words) > 4 and LAID_IN.match(path := words[4]))[:NAMED]


def journal(admin: Path) -> bool:
    """dpkg notes each change in a numbered file and removes it when done: one left over is an interruption."""
    return any(name.isdecimal() for name in names_in(admin / "updates"))
