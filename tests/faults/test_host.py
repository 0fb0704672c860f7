"""Machines, containers and shells that are really too tight, mistaken or busy; each diagnosed, its twin not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from doctor.probes.host.cgroup import cgroup
from doctor.probes.host.machine import clock, wsl
from tests.conftest import missing
from tests.faults.patient import Diagnosis, bare_environ, diagnose

MEMORY = Path("/sys/fs/cgroup/memory")
PIDS = Path("/sys/fs/cgroup/pids")
UNIFIED = Path("/sys/fs/cgroup")


@pytest.fixture
def person(home: Path, empty_env: Path) -> dict[str, str]:
    return bare_environ(home, TARGET=str(empty_env))


def look(environ: dict[str, str], *, shell: str = "", namespace: bool = False) -> Diagnosis:
    """The doctor, started by a shell that prepares the fault first; in a mount namespace where it mounts."""
    if namespace and os.geteuid() != 0:
        missing("root", "mounting needs root")
    prefix = ["sh", "-ec", f'{shell}\nexec "$@"', "sh"] if shell else []
    prefix = ["unshare", "-m", *prefix] if namespace else prefix
    return judged(environ, prefix, apt="dpkg" in shell)


def judged(environ: dict[str, str], prefix: list[str], *, apt: bool = False) -> Diagnosis:
    """Whoever really installs packages on the machine of the tests is no fault of ours, unless it is asked about."""
    said = diagnose(environ, "--area", "host,disk", prefix=prefix)
    rest = tuple(f for f in said.findings if apt or f["id"] != "dpkg-lock-held")
    return Diagnosis(said.code, rest, said.stderr)


def test_a_sound_machine(person: dict[str, str]) -> None:
    said = look(person)
    assert (said.complaints, said.code) == ([], 0)


def test_shared_memory_of_a_plain_container(person: dict[str, str]) -> None:
    small = look(person, shell="mount -t tmpfs -o size=64m tmpfs /dev/shm", namespace=True)
    assert small.complaints == ["shm-64mb"] and "64 MiB" in small.of("shm-64mb")["evidence"]
    large = look(person, shell="mount -t tmpfs -o size=2g tmpfs /dev/shm", namespace=True)
    assert large.complaints == []


def test_few_open_files(person: dict[str, str]) -> None:
    assert look(person, shell="ulimit -n 256").complaints == ["nofile-limit"]
    usual = look(person, shell="ulimit -Sn 1024")  # what most systems give; the hard limit is larger
    assert usual.complaints == []


def test_small_files_only(person: dict[str, str]) -> None:
    assert look(person, shell="ulimit -f 1000000").failed == ["file-size-limit"]


def test_little_address_space(person: dict[str, str]) -> None:
    assert look(person, shell="ulimit -v 4000000").failed == ["address-space-limit"]


@pytest.fixture
def group(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A control group of our own, below the controller that the test asks for."""
    controller: Path = request.param if request.param.is_dir() else UNIFIED
    folder = controller / f"groundwork-test-{os.getpid()}"
    try:
        folder.mkdir()
    except OSError as error:
        missing("root", f"no control groups here: {error}")
    yield folder
    folder.rmdir()


@pytest.mark.parametrize("group", [MEMORY], indirect=True)
def test_a_container_with_little_memory(person: dict[str, str], group: Path) -> None:
    limit = group / ("memory.limit_in_bytes" if MEMORY.is_dir() else "memory.max")
    if not limit.exists():
        missing("root", "the memory controller is not ours to use")
    limit.write_text(str(2 << 30))
    inside = look(person, shell=f"echo $$ > {group}/cgroup.procs")
    assert inside.complaints == ["cgroup-memory-limit"]
    assert "2.1 GB" in inside.of("cgroup-memory-limit")["evidence"]
    limit.write_text(str(9 << 30))
    assert look(person, shell=f"echo $$ > {group}/cgroup.procs").complaints == []


THREADS = """
import sys, threading, time
for _ in range(int(sys.argv[1])):
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
print("there", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("group", [PIDS], indirect=True)
def test_no_more_processes(person: dict[str, str], group: Path) -> None:
    if not (group / "pids.max").exists():
        missing("root", "the pids controller is not ours to use")
    (group / "pids.max").write_text("700")
    busy = subprocess.Popen(
        [
            "sh",
            "-c",
            f'echo $$ > {group}/cgroup.procs; exec "$@"',
            "sh",
            sys.executable,
            "-c",
            THREADS,
            "645",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert busy.stdout and busy.stdout.readline() == "there\n"
        crowded = look(person, shell=f"echo $$ > {group}/cgroup.procs")
    finally:
        busy.kill()
        busy.wait()
    assert crowded.failed == ["pids-limit-near"]
    assert look(person, shell=f"echo $$ > {group}/cgroup.procs").complaints == []


def test_no_home(person: dict[str, str], home: Path) -> None:
    gone = {**person, "HOME": str(home / "gone")}
    assert look(gone).failed == ["home-missing"]
    assert look({name: value for name, value in person.items() if name != "HOME"}).failed == ["home-missing"]


def test_a_home_of_somebody_else(person: dict[str, str], home: Path) -> None:
    if os.geteuid() != 0:
        missing("root", "chown needs root")
    os.chown(home, 65534, 65534)
    said = diagnose(
        person, "--area", "host,disk,hub", prefix=["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    )
    assert said.failed == ["home-not-writable"]


def test_a_user_without_a_name(person: dict[str, str]) -> None:
    nameless = ["unshare", "--user", "--map-user=54321"]
    if subprocess.run([*nameless, "true"], capture_output=True, check=False).returncode != 0:
        missing("root", "no user namespaces here")
    said = judged(person, nameless)
    assert said.complaints == ["user-without-passwd-entry"]
    named = judged({**person, "USER": "student"}, nameless)
    assert named.complaints == []


def test_text_that_is_not_read_as_utf8(person: dict[str, str]) -> None:
    ascii_only = {**person, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    assert look(ascii_only).complaints == ["locale-not-utf8"]
    assert look({**person, "LANG": "C"}).complaints == []  # Python helps itself there
    assert look({**person, "LC_ALL": "xx_XX.nonsense"}).complaints == []


DPKG = """
import fcntl, sys, time
lock = open(sys.argv[1], "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def dpkg(tmp_path: Path) -> Path:
    """A private state of dpkg, mounted over the machine's own by `over`."""
    folder = tmp_path / "dpkg"
    (folder / "updates").mkdir(parents=True)
    (folder / "lock-frontend").touch()
    (folder / "status").write_text(status_of("install ok installed"))
    return folder


def status_of(state: str) -> str:
    return f"Package: base-files\nStatus: install ok installed\n\nPackage: nvidia-dkms-580\nStatus: {state}\nVersion: 1\n"


def over(dpkg: Path) -> str:
    return f"mount --bind {dpkg} /var/lib/dpkg"


def test_apt_is_busy(person: dict[str, str], dpkg: Path) -> None:
    assert look(person, shell=over(dpkg), namespace=True).complaints == []  # the file alone is no lock
    (dpkg / "status").write_text(status_of("install ok half-configured"))  # on its way
    holder = subprocess.Popen(
        [sys.executable, "-c", DPKG, str(dpkg / "lock-frontend")], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout and holder.stdout.readline() == "held\n"
        said = look(person, shell=over(dpkg), namespace=True)
    finally:
        holder.kill()
        holder.wait()
    assert said.complaints == ["dpkg-lock-held"]
    assert f"process {holder.pid}" in said.of("dpkg-lock-held")["evidence"]


@pytest.mark.parametrize(
    "state", ["install ok half-configured", "install ok unpacked", "install reinstreq installed"]
)
def test_apt_was_interrupted(person: dict[str, str], dpkg: Path, state: str) -> None:
    (dpkg / "status").write_text(status_of(state))
    said = look(person, shell=over(dpkg), namespace=True)
    assert said.complaints == ["apt-half-configured"]
    assert "nvidia-dkms-580" in said.of("apt-half-configured")["evidence"]


@pytest.mark.parametrize(
    "state", ["install ok triggers-awaited", "deinstall ok config-files", "hold ok installed"]
)
def test_states_of_packages_that_are_no_fault(person: dict[str, str], dpkg: Path, state: str) -> None:
    (dpkg / "status").write_text(status_of(state))
    assert look(person, shell=over(dpkg), namespace=True).complaints == []


def test_dpkg_was_killed_in_the_middle(person: dict[str, str], dpkg: Path) -> None:
    (dpkg / "updates" / "0007").touch()
    assert look(person, shell=over(dpkg), namespace=True).complaints == ["apt-half-configured"]


def test_a_clock_that_is_behind_what_was_written(person: dict[str, str], dpkg: Path) -> None:
    """The clock cannot be set here, so the past is made to lie ahead."""
    written = (dpkg / "status").stat().st_mtime + 40 * 86_400
    os.utime(dpkg / "status", (written, written))
    assert look(person, shell=over(dpkg), namespace=True).failed == ["clock-wrong"]


def test_the_clock_is_compared_with_the_newest_file(tmp_path: Path) -> None:
    (tmp_path / "old.py").touch()
    os.utime(tmp_path / "old.py", (1e9, 1e9))
    now, newest, path = clock(tmp_path, tmp_path / "none")
    assert (newest, path) == (1e9, str(tmp_path / "old.py")) and now > 1.7e9


@pytest.mark.parametrize(
    ("release", "version"),
    [
        ("4.4.0-19041-Microsoft", 1),
        ("5.15.153.1-microsoft-standard-WSL2", 2),
        ("6.8.0-45-generic", None),
    ],
)
def test_windows_linux(release: str, version: int | None) -> None:
    assert wsl(release) == version


def test_limits_of_both_versions_of_control_groups(tmp_path: Path) -> None:
    two, own = tmp_path / "two", tmp_path / "own"
    (two / "a/b").mkdir(parents=True)
    own.write_text("0::/a/b\n")
    (two / "cgroup.controllers").write_text("cpu memory pids\n")
    (two / "a/memory.max").write_text("8000000000\n")  # the parent's limit counts too
    (two / "a/b/memory.max").write_text("max\n")
    (two / "a/b/memory.events").write_text("oom 4\noom_kill 3\n")
    (two / "a/b/cpu.max").write_text("150000 100000\n")
    found = cgroup(two, own)
    assert (found.version, found.memory, found.cpus, found.oom_kills) == (2, 8_000_000_000, 1.5, 3)
    one = tmp_path / "one"
    for name, value in (("memory/memory.limit_in_bytes", str(2**63 - 4096)), ("cpu/cpu.cfs_quota_us", "-1")):
        (one / name).parent.mkdir(parents=True)
        (one / name).write_text(value)
    own.write_text("4:memory:/docker/abc\n1:cpu:/docker/abc\n")
    unlimited = cgroup(one, own)
    assert (unlimited.version, unlimited.memory, unlimited.cpus) == (1, None, None)
