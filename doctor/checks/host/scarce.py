"""What is scarce on the whole machine, a C library that wheels are not made for, and programs that end with their login."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.host.limits import PIDS_FLOOR
from doctor.facts import Facts, Host, Torch
from doctor.finding import Finding, Severity
from doctor.text import Text

MUSL_SYSTEMS = ("alpine", "postmarketos", "chimera")
NEAR = 0.9
EACH = 4  # libraries that start a thread for each processor
THREADS = ("OMP_NUM_THREADS", "RAYON_NUM_THREADS", "TOKIO_WORKER_THREADS")


def check(facts: Facts, host: Host) -> Iterator[Finding]:
    yield from _musl(facts, host)
    yield from _for_processors(host)
    if host.ids and host.ids_now and host.ids_now > NEAR * host.ids:
        yield found(
            "host", "process-ids-used-up", now=host.ids_now, most=host.ids, crowd=host.crowd or ("-",)
        )
    if host.kills_on_logout:
        severity: Severity = "warn" if host.remote else "info"
        yield found(
            "host", "logout-ends-programs", severity=severity, file=host.kills_on_logout, user=host.user
        )


def _musl(facts: Facts, host: Host) -> Iterator[Finding]:
    """Whoever put a glibc beside it may be served by that; where something cannot be loaded, he is not."""
    without = not isinstance(host.glibc, str)
    if not (host.os_id in MUSL_SYSTEMS or (host.musl and without)):
        return
    broken = isinstance(facts.torch, Torch) and bool(facts.torch.native)
    beside = Text(f"glibc {host.glibc} beside it", f"另有 glibc {host.glibc}")
    none = Text("no glibc", "没有 glibc")
    yield found(
        "host",
        "system-uses-musl",
        severity="fail" if without or broken else "warn",
        system=host.os_name,
        seen=none if without else beside,
    )


def _for_processors(host: Host) -> Iterator[Finding]:
    """Reached only when something is loaded, so it is told of at rest."""
    limits = {"pids.max": host.cgroup.pids, "ulimit -u": host.limits.processes}
    named = [(most, name) for name, most in limits.items() if most is not None]
    unset = [name for name in THREADS if name not in host.threads_set]
    if named and unset:
        most, name = min(named)
        if PIDS_FLOOR <= most < EACH * host.cpus_seen:
            yield found(
                "host",
                "pids-limit-few-for-processors",
                severity="warn",
                limit=name,
                most=most,
                processors=host.cpus_seen,
                unset=unset,
            )
