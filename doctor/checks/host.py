"""Is this a machine that the course can run on?"""

from __future__ import annotations

from collections.abc import Iterator

from packaging.version import InvalidVersion, Version

from doctor.facts import Facts, Host
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.text import Text, both, human_bytes

GLIBC_FLOOR = "2.28"  # torch wheels since 2.7 are manylinux_2_28; Miniconda asks the same
MEMORY_FLOOR = 4_000_000_000  # loading bert-large and whisper-small in fp32 peaks near 3 GB


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    host = facts.host
    assert isinstance(host, Host)
    yield from _glibc(host)
    yield from _memory(host)


def _glibc(host: Host) -> Iterator[Finding]:
    try:
        too_old = isinstance(host.glibc, str) and Version(host.glibc) < Version(GLIBC_FLOOR)
    except InvalidVersion:
        return
    if too_old:
        yield Finding(
            id="host-glibc-too-old",
            area="host",
            severity="fail",
            title=Text("this system is too old for current wheels", "系统过旧，无法使用当前的安装包"),
            evidence=both(f"glibc {host.glibc} on {host.os_name}"),
            cause=Text(
                f"torch and Miniconda need glibc {GLIBC_FLOOR}",
                f"torch 与 Miniconda 需要 glibc {GLIBC_FLOOR}",
            ),
        )


def _memory(host: Host) -> Iterator[Finding]:
    if host.memory_bytes < MEMORY_FLOOR:
        yield Finding(
            id="host-memory-small",
            area="host",
            severity="warn",
            title=Text("little memory for the larger models", "内存偏小，较大的模型可能无法加载"),
            evidence=both(f"{human_bytes(host.memory_bytes)} usable"),
            cause=Text("the lecture's models peak near 3 GB each", "课程模型单个峰值约 3 GB"),
        )
