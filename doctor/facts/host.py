"""Facts of the machine itself."""

from __future__ import annotations

from typing import Literal

import msgspec

from doctor.facts.unknown import Unknown

HomeState = Literal["fine", "unset", "missing", "not-writable"]


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """A running process: never its arguments, they may hold secrets."""

    pid: int
    name: str


class Cgroup(msgspec.Struct, frozen=True, kw_only=True):
    """What the control group of this process allows it; None where it sets no limit."""

    version: int | None = None
    memory: int | None = None
    cpus: float | None = None
    pids: int | None = None
    pids_now: int | None = None
    oom_kills: int = 0


# encoding: UTF-16, as PowerShell's > writes; one-line: section and key on one line; section: the key is not in [wsl2];
# name: Windows hides the .txt at its end
WslFault = Literal["", "encoding", "one-line", "section", "name"]


class WslConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Windows' file of limits for its Linux."""

    path: str
    fault: WslFault = ""
    memory: int | None = None  # bytes, as it asks for
    gpu_off: str = ""  # the line by which no GPU is handed in: FILE:LINE


class LineEnds(msgspec.Struct, frozen=True, kw_only=True):
    """What ends with a CR where Linux reads it."""

    scripts: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()  # their names


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The `ulimit`s of this process that installs stumble over; None is unlimited."""

    open_files: int | None = None
    open_files_hard: int | None = None
    file_size: int | None = None
    address_space: int | None = None
    processes: int | None = None  # of this user; root is not held to it
    processes_hard: int | None = None
    set_in: dict[
        str, tuple[str, ...]
    ] = {}  # lines that set them, by the letter of `ulimit`; looked for where one is low
    processes_now: int | None = (
        None  # threads of this user that can be seen; counted where the limit is small
    )


class AptSource(msgspec.Struct, frozen=True, kw_only=True):
    """One archive and one suite of it that apt is told to use, or what it refuses to read."""

    place: str  # file, and line where it has one
    address: str = ""  # host and path, without a password
    suite: str = ""  # bookworm, jammy-updates; a path where it ends with a slash
    scheme: str = ""
    key: str = ""  # file that the archive is to be signed by; "inline", or "" for any that apt trusts
    key_lost: bool = False
    fetched: bool = True  # apt has a list of what is in it, or has none of any archive
    unreadable: str = ""  # the beginning of what is no source: apt does nothing at all while it is there


class Apt(msgspec.Struct, frozen=True, kw_only=True):
    """The state of Debian's package manager, read from its files."""

    holder: Program | None = None  # who holds its lock now
    unfinished: tuple[str, ...] = ()  # packages unpacked or half configured
    interrupted: bool = False  # dpkg's journal was not worked off
    mounted: tuple[
        str, ...
    ] = ()  # files of the GPU's driver laid in from the host; looked for where a package of it is unfinished
    unpinned: str = ""  # NVIDIA's archive of CUDA beside Ubuntu's own, no file that says which wins, and no driver for the card
    codename: str = ""  # of the release that this is
    sources: tuple[AptSource, ...] = ()


class Host(msgspec.Struct, frozen=True, kw_only=True, tag="host"):
    os_id: str
    os_version: str
    os_name: str
    kernel: str
    machine: str  # x86_64, aarch64
    glibc: str | Unknown
    cpus: float  # what this process may use: affinity and cgroup quota, not what the board has
    memory_bytes: int  # likewise: the cgroup limit where there is one
    user: str
    is_root: bool
    has_apt: bool
    container: str | None  # docker, podman, …
    name: str
    glibcxx: str | Unknown | None = None  # newest symbol level of the system's libstdc++
    total_bytes: int = 0  # memory that the machine reports, the cgroup left out
    available_bytes: int | None = None  # what may be had now without swapping
    swap_bytes: int = 0
    cpus_seen: int = 0  # processors that a program counts: affinity without the quota
    cpu_flags: tuple[str, ...] = ()  # of those that torch needs: avx, avx2, …
    virtual: bool = False  # under a hypervisor
    cgroup: Cgroup = Cgroup()
    limits: Limits = Limits()
    machine_oom_kills: int = 0  # since boot, anywhere on the machine
    zombies: int = 0  # counted only where processes are scarce
    shm_bytes: int | None = None  # size of /dev/shm, 0 when there is none
    encoding: str = "utf-8"  # what Python takes text files to be in
    locale: dict[str, str] = {}
    has_passwd_entry: bool = True
    names_user: bool = True  # LOGNAME, USER, LNAME or USERNAME is set
    home: str | None = None
    home_state: HomeState = "fine"
    null_device: bool = True  # /dev/null is the device, not a file that somebody put in its place
    loopback: bool = True  # this machine reaches itself at 127.0.0.1
    knows_localhost: bool = True  # something says what `localhost` is
    localhost_elsewhere: str = ""  # the address that it leads to, where that is none of this machine's
    own_name_leads_to: str | None = (
        None  # what is wrong with this machine's own name: "" nobody knows it, or another's address
    )
    threads: Literal["fine", "refused", "seccomp"] = "fine"  # whether one can be started
    ids: int | None = None  # processes and threads that the whole machine may have
    ids_now: int | None = None  # and has
    crowd: tuple[str, ...] = ()  # whose they are, where few are left: "lego_agent (3900)"
    threads_set: tuple[str, ...] = ()  # variables that say how many threads a program starts
    musl: bool = False  # the loader of that C library is there
    kills_on_logout: str = ""  # the file by which logind ends what a login leaves running
    remote: bool = False  # logged in through SSH
    line_ends: LineEnds = LineEnds()
    inotify_watches: int | None = None  # folders and files that programs of one user may watch
    wslconfig: WslConfig | None = None
    lost_preloads: tuple[str, ...] = ()  # libraries that LD_PRELOAD names and that are not there
    lost_preloads_of_all: tuple[str, ...] = ()  # likewise of /etc/ld.so.preload
    systemd: bool | None = None  # process 1 is systemd
    wsl: int | None = None  # 1 or 2
    clock: float = 0.0  # seconds since the epoch, as the machine has it
    newest_file: float = 0.0  # modification time of the newest file that certainly was there before
    newest_path: str = ""
    apt: Apt = Apt()
