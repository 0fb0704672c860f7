"""Facts of the machine itself."""

from __future__ import annotations

import msgspec

from doctor.facts.unknown import Unknown


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
