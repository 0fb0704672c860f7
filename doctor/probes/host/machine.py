"""The machine below the operating system: kernel, processor, C++ library, clock, container."""

from __future__ import annotations

import errno
import os
import platform
import re
import socket
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from doctor.elf import read
from doctor.facts import Unknown
from doctor.probes.host.cgroup import counter, text
from doctor.probes.listing import processes
from doctor.probes.patience import within
from doctor.reading.peek import is_file, is_there

FLAGS = ("avx", "avx2", "avx512f", "fma", "asimd", "sse4_2")
LIBSTDCXX = "libstdc++.so.6"
GLIBCXX = "GLIBCXX_3.4."
OURS = Path(__file__).resolve().parents[2]


def glibc() -> str | Unknown:
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").removeprefix("glibc ") or Unknown("not glibc")
    except (OSError, ValueError) as error:
        return Unknown(str(error))


def glibcxx() -> str | Unknown | None:
    """The newest GLIBCXX_3.4.N that the system's libstdc++ offers; None when there is no such library."""
    path = next((folder / LIBSTDCXX for folder in library_folders() if is_file(folder / LIBSTDCXX)), None)
    if path is None:
        return None
    library = read(str(path))
    if isinstance(library, Unknown):
        return library
    ends = (name.removeprefix(GLIBCXX) for name in library.offers if name.startswith(GLIBCXX))
    levels = [int(end) for end in ends if end.isdecimal()]
    return f"3.4.{max(levels)}" if levels else Unknown(f"{path} lists no GLIBCXX level")


def library_folders() -> Iterator[Path]:
    # sysconfig knows it too, at the price of every variable that Python was built with.
    triplet = getattr(sys.implementation, "_multiarch", "") or f"{platform.machine()}-linux-gnu"
    for name in (f"/usr/lib/{triplet}", f"/lib/{triplet}", "/usr/lib64", "/lib64", "/usr/lib", "/lib"):
        yield Path(name)


def cpu_flags(info: Path = Path("/proc/cpuinfo")) -> tuple[tuple[str, ...], bool]:
    """Of the first processor, the flags that torch's kernels ask for, and whether a hypervisor shows itself."""
    try:
        with info.open(encoding="ascii", errors="replace") as file:
            lines = file.read(16_384).splitlines()
    except OSError:
        return (), False
    words = next((line.split() for line in lines if line.startswith(("flags", "Features"))), [])
    return tuple(flag for flag in FLAGS if flag in words), "hypervisor" in words


def wsl(release: str) -> int | None:
    """Windows' Linux: version 1 translates system calls, version 2 is a real kernel."""
    if "microsoft" not in release.lower():
        return None
    return 2 if "wsl2" in release.lower() or "microsoft-standard" in release else 1


def container() -> str | None:
    if is_there(Path("/.dockerenv")):
        return "docker"
    if is_there(Path("/run/.containerenv")):
        return "podman"
    if os.environ.get("KUBERNETES_SERVICE_HOST"):
        return "kubernetes"
    return text(Path("/run/systemd/container")) or None


def shm_bytes() -> int:
    try:
        stat = os.statvfs("/dev/shm")
    except OSError:
        return 0
    return stat.f_blocks * stat.f_frsize


def null_device(path: Path = Path("/dev/null")) -> bool:
    """A program that deletes and writes its output file as root leaves a file there."""
    try:
        return stat.S_ISCHR(path.stat().st_mode)
    except OSError:
        return False


def loopback() -> bool:
    """Connecting a datagram socket sends nothing: the kernel only looks for a way."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
            door.connect(("127.0.0.1", 9))
    except OSError as error:
        return error.errno not in (errno.ENETUNREACH, errno.ENETDOWN)
    return True


def localhost(hosts: Path = Path("/etc/hosts"), order: Path = Path("/etc/nsswitch.conf")) -> tuple[str, ...]:
    """The addresses that `localhost` leads to."""
    return leads_to("localhost", hosts, order)


def leads_to(
    name: str, hosts: Path = Path("/etc/hosts"), order: Path = Path("/etc/nsswitch.conf")
) -> tuple[str, ...]:
    """The addresses of a name of this machine: by /etc/hosts, by a service that needs no file, or by a name server."""
    if listed := in_hosts(name, hosts):
        return listed
    services = re.search(r"^hosts:(.*)", text(order), re.MULTILINE)
    if services and re.search(r"\b(?:myhostname|resolve)\b", services[1]):
        return ("127.0.0.1",)
    answer = within(socket.getaddrinfo, name, None)  # some name servers know it
    return () if isinstance(answer, Unknown) else tuple(str(one[4][0]) for one in answer)


def in_hosts(name: str, hosts: Path = Path("/etc/hosts")) -> tuple[str, ...]:
    lines = (line.partition("#")[0].split() for line in text(hosts).splitlines())
    return tuple(words[0] for words in lines if name in words[1:])


def own_name(name: str, hosts: Path = Path("/etc/hosts")) -> str | None:
    """What is wrong with it: "" when nobody knows it, an address that /etc/hosts gives and that is another machine's."""
    listed = in_hosts(name, hosts)
    if listed:
        return elsewhere(listed) or None
    return None if not name or leads_to(name, hosts) else ""


def elsewhere(addresses: Sequence[str]) -> str:
    """The first of these addresses, where none is this machine's: a name server that answers for every name gives such."""
    if any(address.startswith("127.") or address == "::1" for address in addresses):
        return ""
    from doctor.lab.sockets import is_absent  # few machines come this far

    return addresses[0] if addresses and all(map(is_absent, addresses)) else ""


def clock(folder: Path = OURS, status: Path = Path("/var/lib/dpkg/status")) -> tuple[float, float, str]:
    """Now, as the machine has it, and the newest file that was certainly written before now."""
    times = {str(path): _modified(path) for path in (*folder.glob("*.py"), status)}
    newest = max(times, key=lambda path: times[path])
    return time.time(), times[newest], newest


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def oom_kills() -> int:
    return counter(text(Path("/proc/vmstat")), "oom_kill")


def zombies() -> int:
    """Processes that ended and that nobody reaps; each still counts against the limit."""
    return sum(1 for pid in processes() if " Z " in text(Path(f"/proc/{pid}/stat")).rpartition(")")[2][:4])
