"""The machine itself: operating system, memory and processors that this process may really use."""

from __future__ import annotations

import os
import platform
import shutil
import socket
from pathlib import Path

import psutil

from doctor.facts import Host
from doctor.facts.host import Cgroup, LineEnds, WslConfig
from doctor.goal import Goal
from doctor.probes import threads
from doctor.probes.host import apt, line_ends, machine, person, scarce
from doctor.probes.host.cgroup import cgroup, number, text

SCARCE = 0.8  # of the processes that are allowed: from there on the zombies are counted


def probe(goal: Goal) -> Host:
    release = os_release()
    packages = apt.begin(release)
    memory, group = psutil.virtual_memory(), cgroup()
    seen = len(os.sched_getaffinity(0))
    flags, virtual = machine.cpu_flags()
    now, newest, newest_path = machine.clock()
    home, home_state = person.home_state()
    user = person.user_name()
    total = int(memory.total)
    leads_to = machine.localhost()
    systemd = text(Path("/proc/1/comm")) == "systemd"
    name, wsl = socket.gethostname(), machine.wsl(platform.release())
    return Host(
        os_id=release.get("ID", "unknown"),
        os_version=release.get("VERSION_ID", ""),
        os_name=release.get("PRETTY_NAME", platform.system()),
        kernel=platform.release(),
        machine=platform.machine(),
        glibc=machine.glibc(),
        cpus=min(float(seen), group.cpus or float(seen)),
        memory_bytes=min(total, group.memory or total),
        user=user or str(os.geteuid()),
        is_root=os.geteuid() == 0,
        has_apt=shutil.which("apt-get") is not None,
        container=machine.container(),
        name=name,
        glibcxx=machine.glibcxx(),
        total_bytes=total,
        available_bytes=int(memory.available),
        swap_bytes=swap_bytes(),
        cpus_seen=seen,
        cpu_flags=flags,
        virtual=virtual,
        cgroup=group,
        limits=person.limits(),
        machine_oom_kills=machine.oom_kills(),
        zombies=machine.zombies() if few_left(group) else 0,
        shm_bytes=machine.shm_bytes(),
        encoding=person.encoding(),
        locale=person.locale_variables(),
        has_passwd_entry=user is not None,
        names_user=person.names_user(),
        home=home,
        home_state=home_state,
        null_device=machine.null_device(),
        loopback=machine.loopback(),
        knows_localhost=bool(leads_to),
        localhost_elsewhere=machine.elsewhere(leads_to),
        own_name_leads_to=machine.own_name(name),
        threads=threads.state(),
        threads_set=scarce.threads_set(),
        musl=scarce.has_musl(),
        kills_on_logout=scarce.kills_on_logout(user or "") if systemd and os.geteuid() != 0 else "",
        remote="SSH_CONNECTION" in os.environ,
        **scarce.scarce(few=few_left(group)),
        inotify_watches=number(Path("/proc/sys/fs/inotify/max_user_watches")),
        lost_preloads=person.lost_preloads(os.environ.get("LD_PRELOAD", "")),
        lost_preloads_of_all=person.lost_preloads(person.preloads_of_all()),
        systemd=systemd,
        wsl=wsl,
        wslconfig=windows_says() if wsl == 2 else None,
        clock=now,
        newest_file=newest,
        newest_path=newest_path,
        line_ends=LineEnds(scripts=line_ends.scripts(goal.root_dir), variables=line_ends.variables()),
        apt=packages(),
    )


def os_release() -> dict[str, str]:
    """/etc/os-release as a mapping, empty when there is none."""
    lines = text(Path("/etc/os-release")).splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {key: value.strip().strip('"') for key, _, value in pairs}


def windows_says() -> WslConfig | None:
    from doctor.probes.host.windows import wslconfig  # in Windows' Linux alone

    return wslconfig()


def swap_bytes() -> int:
    """Read by ourselves: psutil warns where /proc/vmstat is hidden."""
    lines = (line.split() for line in text(Path("/proc/meminfo")).splitlines())
    return next((int(words[1]) * 1024 for words in lines if words and words[0] == "SwapTotal:"), 0)


def few_left(group: Cgroup) -> bool:
    return bool(group.pids and group.pids_now and group.pids_now > SCARCE * group.pids)
