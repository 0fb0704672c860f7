"""Does the machine, its container or the shell leave enough memory, processors, files and processes?"""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.facts import Facts, Gpu, Host, Hub, Unknown
from doctor.facts.hub import Cache
from doctor.finding import Finding, Severity
from doctor.goal import Goal
from doctor.text import Text, human_bytes

MEMORY_FLOOR = 4_000_000_000  # loading bert-large and whisper-small in fp32 peaks near 3 GB
SWAP_ENOUGH = 4_000_000_000
LOADING = 1.2  # of a weights file's size is needed to load it
DOCKER_SHM = 64 << 20
FILES_FLOOR, FILES_ADVISED = 1024, 4096  # 1024 is what most systems give; the server raises its own to 4096
FILE_SIZE_FLOOR = 5_000_000_000  # a shard of weights
ADDRESS_FLOOR = 16_000_000_000  # torch maps far more than it uses
PIDS_NEAR = 0.9
PROCESSES_NEAR = 0.8
PROCESSES_FLOOR = 512  # threads count, and the limit is for all that this user runs
PIDS_FLOOR = 200  # threads that Jupyter and torch start on a few processors


def check(facts: Facts, host: Host, goal: Goal) -> Iterator[Finding]:
    yield from _memory(facts, host)
    yield from _killed(host)
    yield from _processors(host)
    yield from _shared_memory(facts, host, goal)
    yield from _processes(host)
    yield from _ulimits(host)


def _memory(facts: Facts, host: Host) -> Iterator[Finding]:
    limit, usable = host.cgroup.memory, human_bytes(host.memory_bytes)
    limited = limit is not None and limit < host.total_bytes
    if limited and host.memory_bytes < MEMORY_FLOOR <= host.total_bytes:
        yield found("host", "cgroup-memory-limit", limit=usable, total=human_bytes(host.total_bytes))
    elif host.memory_bytes < MEMORY_FLOOR and host.swap_bytes < SWAP_ENOUGH:
        yield found("host", "no-swap-and-small-ram", usable=usable, swap=human_bytes(host.swap_bytes))
    elif too_large(facts, host):
        yield found(
            "host", "model-larger-than-memory", usable=usable, largest=human_bytes(_largest_weights(facts))
        )


def too_large(facts: Facts, host: Host) -> bool:
    """Weights go to a GPU without passing through memory as a whole."""
    room = host.memory_bytes + host.swap_bytes
    has_gpu = isinstance(facts.gpu, Gpu) and not isinstance(facts.gpu.devices, Unknown) and facts.gpu.devices
    return not has_gpu and _largest_weights(facts) * LOADING > room


def _largest_weights(facts: Facts) -> int:
    seen = facts.hub.seen if isinstance(facts.hub, Hub) else None
    return seen.largest_weights if isinstance(seen, Cache) else 0


def _killed(host: Host) -> Iterator[Finding]:
    if host.cgroup.oom_kills and host.cgroup.memory:
        limit = human_bytes(host.cgroup.memory)
        yield found("host", "oom-killed-in-container", count=host.cgroup.oom_kills, limit=limit)
    elif host.machine_oom_kills:
        yield found("host", "oom-killed", count=host.machine_oom_kills)


def _processors(host: Host) -> Iterator[Finding]:
    quota = host.cgroup.cpus
    if quota is not None and quota < 1:
        yield found("host", "cgroup-cpu-limit", severity="warn", quota=f"{quota:.2f}", seen=host.cpus_seen)
    elif quota is not None and quota * 2 <= host.cpus_seen:
        yield found("host", "cgroup-cpu-limit", quota=f"{quota:g}", seen=host.cpus_seen)


def _shared_memory(facts: Facts, host: Host, goal: Goal) -> Iterator[Finding]:
    """Pipelines without worker processes need none, so where nobody trains it is only worth knowing."""
    if host.shm_bytes is None or host.shm_bytes > DOCKER_SHM:
        return
    has_gpu = isinstance(facts.gpu, Gpu) and bool(facts.gpu.pci or facts.gpu.driver)
    severity: Severity = "warn" if has_gpu or goal.foreign else "info"
    yield found("host", "shm-64mb", severity=severity, size=f"{host.shm_bytes / (1 << 20):.0f} MiB")


def _processes(host: Host) -> Iterator[Finding]:
    most, now = host.cgroup.pids, host.cgroup.pids_now
    if most is None or now is None:
        return
    if _few_pids(host) or most < PIDS_FLOOR:
        yield found(
            "host",
            "pids-limit-near",
            severity="fail" if _few_pids(host) else "warn",
            now=now,
            most=most,
            zombies=host.zombies,
            crowd=host.crowd or ("-",),
        )


def _few_pids(host: Host) -> bool:
    most, now = host.cgroup.pids, host.cgroup.pids_now
    return most is not None and now is not None and now > PIDS_NEAR * most


def _ulimits(host: Host) -> Iterator[Finding]:
    limits = host.limits
    soft, hard = limits.open_files, limits.open_files_hard
    if (soft is not None and soft < FILES_FLOOR) or (hard is not None and hard < FILES_ADVISED):
        yield found(
            "host", "nofile-limit", soft=str(soft), hard=str(hard or "unlimited"), set_in=_set_in(host, "n")
        )
    if limits.file_size is not None and limits.file_size < FILE_SIZE_FLOOR:
        yield found("host", "file-size-limit", limit=human_bytes(limits.file_size), set_in=_set_in(host, "f"))
    yield from _threads(host)
    if limits.address_space is not None and limits.address_space < ADDRESS_FLOOR:
        yield found(
            "host", "address-space-limit", limit=human_bytes(limits.address_space), set_in=_set_in(host, "v")
        )


def _set_in(host: Host, letter: str) -> Text:
    """Where it was set, where somebody wrote it down."""
    places = ", ".join(host.limits.set_in.get(letter, ()))
    return Text(f"; set in {places}", f"；设置于 {places}") if places else Text("", "")


def _threads(host: Host) -> Iterator[Finding]:
    """A limit that is reached, or so small that it will be; a filter that lets none be started has nothing to do with it."""
    if host.threads == "seccomp":
        yield found("host", "threads-blocked-by-seccomp", glibc=str(host.glibc), kernel=host.kernel)
        return
    most, now, hard = host.limits.processes, host.limits.processes_now, host.limits.processes_hard
    near = most is not None and now is not None and now > PROCESSES_NEAR * most
    refused = host.threads == "refused" and not _few_pids(host)  # else that is why
    if near or refused or (most is not None and most < PROCESSES_FLOOR):
        more = str(hard) if hard is not None and hard > (most or 0) else "unlimited"
        yield found(
            "host",
            "process-limit",
            severity="fail" if near or refused else "warn",
            limit="?" if most is None else most,
            now="?" if now is None else now,
            hard=more,
            set_in=_set_in(host, "u"),
        )
