"""What is scarce on the whole machine, a C library that no wheel is for, and logins that end what they started."""

from __future__ import annotations

import platform
import shutil
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.faults.gpu.world import World
from tests.faults.native import library
from tests.faults.patient import Diagnosis

ALPINE = 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.18.4\nPRETTY_NAME="Alpine Linux v3.18"\n'
CPUS = """
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <string.h>
int sched_getaffinity(pid_t p, size_t n, cpu_set_t *s) {
  if (n * 8 < 384) { errno = EINVAL; return -1; }
  memset(s, 0, n);
  for (int i = 0; i < 384; i++) CPU_SET_S(i, n, s);
  return 0;
}
"""
BUSY = """
import os, signal, sys, time
name, many = sys.argv[1], int(sys.argv[2])
for _ in range(many):
    if os.fork() == 0:
        open("/proc/self/comm", "w").write(name)
        signal.pause()
print("there", flush=True)
signal.pause()
"""


def ids(said: Diagnosis) -> set[str]:
    return {one["id"] for one in said.findings}


@pytest.mark.parametrize("alpine", [True, False])
def test_a_system_of_musl(bare: World, alpine: bool) -> None:
    """https://github.com/pytorch/pytorch/issues/102592: "Error relocating …: pthread_attr_setaffinity_np: symbol not found"."""
    bare.in_container().put("/lib/ld-musl-x86_64.so.1", b"x")
    if alpine:
        bare.put("/etc/os-release", ALPINE).put("/usr/lib/os-release", ALPINE)
    said = bare.diagnose(areas="host")
    assert ("system-uses-musl" in ids(said)) == alpine
    if alpine:
        told = said.of("system-uses-musl")
        assert "Alpine" in told["evidence"] and "apt-get" not in str(told["remedy"])


@pytest.mark.parametrize(
    ("limit", "threads", "expected"), [("1024", "", True), ("max", "", False), ("1024", "8", False)]
)
def test_few_threads_for_many_processors(
    bare: World, tmp_path: Path, limit: str, threads: str, expected: bool
) -> None:
    """https://github.com/vast-ai/base-image/pull/214: "failed to spawn thread: Os { code: 11 …"."""
    shim = library(tmp_path / "affinity.so", CPUS)
    for name, said in (("cgroup.controllers", "pids"), ("pids.max", limit), ("pids.current", "300")):
        bare.put(f"cgroup/{name}", f"{said}\n", "groups")
    groups = bare.folder / "groups/cgroup"
    bare.inner = ["sh", "-ec", f'mount --bind {groups} /sys/fs/cgroup; exec env LD_PRELOAD={shim} "$@"', "sh"]
    names = ("OMP_NUM_THREADS", "RAYON_NUM_THREADS", "TOKIO_WORKER_THREADS")
    found = bare.diagnose(areas="host", **(dict.fromkeys(names, threads) if threads else {}))
    assert ("pids-limit-few-for-processors" in ids(found)) == expected
    if expected:
        assert "384" in found.of("pids-limit-few-for-processors")["title"]


@pytest.mark.parametrize(("many", "expected"), [(960, True), (5, False)])
def test_ids_that_one_service_uses_up(bare: World, many: int, expected: bool) -> None:
    """https://github.com/vaynedu/nginx-1.16.0/issues/70: "fork: Cannot allocate memory", and memory is there."""
    bare.put("/opt/busy.py", BUSY)
    bare.namespaces += ["--pid", "--fork", "--kill-child", "--mount-proc"]
    lines = (
        "echo 1060 > /proc/sys/kernel/pid_max",
        "[ $(cat /proc/sys/kernel/pid_max) = 1060 ] || exit 9",
        "mkfifo /run/there",
        f"/usr/bin/python3 /opt/busy.py lego_agent {many} > /run/there &",
        "read line < /run/there",
        '"$@"',
    )
    before = Path("/proc/sys/kernel/pid_max").read_text()
    bare.inner = ["sh", "-ec", "\n".join(lines), "sh"]
    if tuple(map(int, platform.release().split(".")[:2])) < (6, 14):
        missing("root", "process ids are limited for the whole machine here, not for a namespace")
    said = bare.diagnose(areas="host")
    assert Path("/proc/sys/kernel/pid_max").read_text() == before
    assert ("process-ids-used-up" in ids(said)) == expected
    if expected:
        assert "lego_agent (" in said.of("process-ids-used-up")["evidence"]


@pytest.mark.parametrize(
    ("kill", "linger", "remote", "severity"),
    [
        ("yes", False, True, "warn"),
        ("yes", False, False, "info"),
        ("yes", True, True, None),
        ("no", False, True, None),
    ],
)
def test_a_login_that_ends_what_it_started(
    bare: World, kill: str, linger: bool, remote: bool, severity: str | None
) -> None:
    """https://github.com/Askannz/optimus-manager/issues/108: tmux is killed as soon as the SSH session ends."""
    bash, setpriv = shutil.which("bash"), shutil.which("setpriv")
    if not bash or not setpriv:
        missing("root", "needs bash and setpriv")
    bare.put("/lib/systemd/systemd", Path(bash).read_bytes())
    (bare.folder / "root/usr/lib/systemd/systemd").chmod(0o755)
    drop_in = "/lib/systemd/logind.conf.d/10-optimus-manager.conf"
    bare.put(drop_in, f"[Login]\nKillUserProcesses={kill}\n")
    bare.put("/etc/systemd/logind.conf", "[Login]\n#KillUserProcesses=no\n#KillExcludeUsers=root\n")
    if linger:
        bare.put("/var/lib/systemd/linger/nobody")
    bare.namespaces += ["--pid", "--fork", "--mount-proc"]
    # Not root, and yet able to read what the tests keep below root's home.
    caps = "+dac_override,+dac_read_search"
    as_nobody = (
        f"{setpriv} --reuid=65534 --regid=65534 --clear-groups --inh-caps {caps} --ambient-caps {caps}"
    )
    line = f'{as_nobody} "$@"; exit $?'
    bare.inner = ["/usr/lib/systemd/systemd", "-c", line, "systemd"]
    more = {"SSH_CONNECTION": "10.0.0.1 50000 10.0.0.2 22"} if remote else {}
    said = bare.diagnose(areas="host", **more)
    told = {one["id"]: one for one in said.findings}.get("logout-ends-programs")
    assert (told and told["severity"]) == severity
    if told:
        assert f"/usr{drop_in}" in told["evidence"]
