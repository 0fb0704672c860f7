"""Is this a machine that the course can run on?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.host import around, limits, person, scarce
from doctor.checks.host.apt import apt
from doctor.facts import Facts, Host
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.release import before

GLIBC_FLOOR = "2.28"  # torch wheels since 2.7 are manylinux_2_28; Miniconda asks the same
KERNEL_FLOOR = (3, 10)
KERNEL_ADVISED = (5, 5)  # below it accelerate warns that training may hang
CLOCK_FLOOR = 1_704_067_200.0  # 2024-01-01: no file of this tool is older
SKEW = 86_400.0  # files copied from another machine may be hours ahead


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    host = facts.host
    assert isinstance(host, Host)
    yield from _glibc(host)
    yield from _kernel(host)
    yield from _clock(host)
    yield from apt(host)
    yield from limits.check(facts, host, goal)
    yield from scarce.check(facts, host)
    yield from person.check(host)
    yield from around.check(facts, host)


def _glibc(host: Host) -> Iterator[Finding]:
    if isinstance(host.glibc, str) and before(host.glibc, GLIBC_FLOOR):
        yield found(
            "host", "host-glibc-too-old", glibc=str(host.glibc), system=host.os_name, floor=GLIBC_FLOOR
        )


def _kernel(host: Host) -> Iterator[Finding]:
    if host.wsl == 1:
        yield found("host", "wsl1", kernel=host.kernel)
        return
    match = re.match(r"(\d+)\.(\d+)", host.kernel)
    version = (int(match[1]), int(match[2])) if match else KERNEL_ADVISED
    if version < KERNEL_FLOOR:
        yield found("host", "kernel-too-old", kernel=host.kernel)
    elif version < KERNEL_ADVISED:
        yield found("host", "kernel-old-for-training", kernel=host.kernel)


def _clock(host: Host) -> Iterator[Finding]:
    """What was written before now is not newer than now; facts of an older tool hold no clock."""
    if host.clock and (host.clock < CLOCK_FLOOR or host.clock < host.newest_file - SKEW):
        days = max(1, round((max(host.newest_file, CLOCK_FLOOR) - host.clock) / 86_400))
        yield found("host", "clock-wrong", days=days, path=host.newest_path)
