"""Threads, names and Windows' Linux, as people have reported them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.faults import person as persons
from tests.faults.gpu.world import World, windows
from tests.faults.native import library
from tests.faults.patient import Diagnosis, bare_environ, diagnose
from tests.faults.person import diagnose_as_nobody, hand_over, home_of_nobody, need_another_user

AREAS = "host,disk,hub"
BUSY = """
import sys, threading
threading.stack_size(65536)
done = threading.Event()
for _ in range(int(sys.argv[1])):
    threading.Thread(target=done.wait, daemon=True).start()
print("there", flush=True)
sys.stdin.read()
"""
# A filter as docker 20.10.7 has it: what it does not know, clone3 among it, is refused with EPERM.
SECCOMP = """
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
steps = [(0x20, 0, 0, 0), (0x15, 0, 1, 435), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000)]
code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *step) for step in steps))
program = ctypes.create_string_buffer(struct.pack("<HxxxxxxQ", len(steps), ctypes.addressof(code)))
libc.prctl(38, 1, 0, 0, 0)
if libc.prctl(22, 2, ctypes.c_void_p(ctypes.addressof(program)), 0, 0):
    sys.exit(os.strerror(ctypes.get_errno()))
os.execvp(sys.argv[1], sys.argv[1:])
"""
STARTS = "import threading; threading.Thread(target=print).start()"


@pytest.mark.parametrize(("threads", "failed"), [(600, ["process-limit"]), (10, [])])
def test_threads_that_use_up_what_one_user_may_have(
    monkeypatch: pytest.MonkeyPatch, threads: int, failed: list[str]
) -> None:
    """https://github.com/MIC-DKFZ/nnUNet/issues/1343: "pthread_create failed for thread 33 of 64"."""
    need_another_user()
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    busy = subprocess.Popen(
        [*nobody, "/usr/bin/python3", "-c", BUSY, str(threads)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert busy.stdout and busy.stdout.readline() == "there\n"
        limited = persons.WITHIN_REACH.replace("exec setpriv", "exec prlimit --nproc=700:90000 setpriv")
        monkeypatch.setattr(persons, "WITHIN_REACH", limited)
        with home_of_nobody() as home:
            hand_over(home)
            said = diagnose_as_nobody(bare_environ(home), "--area", AREAS)
    finally:
        busy.kill()
        busy.wait()
    assert said.failed == failed
    if failed:
        assert said.of("process-limit")["remedy"]["commands"][0] == ["ulimit", "-u", "90000"]


def test_a_filter_that_does_not_know_how_threads_are_started(person: dict[str, str]) -> None:
    """https://github.com/coqui-ai/TTS/issues/3439: "can't start new thread", and no limit is reached."""
    filtered = [sys.executable, "-c", SECCOMP]
    tried = subprocess.run([*filtered, sys.executable, "-c", STARTS], capture_output=True, check=False)
    if b"can't start new thread" not in tried.stderr:
        missing("root", "no filter of system calls can be set here, or the C library does without clone3")
    said = diagnose(person, "--area", AREAS, prefix=filtered)
    assert said.complaints == ["threads-blocked-by-seccomp"]
    assert "clone3" in said.of("threads-blocked-by-seccomp")["evidence"]
    everything = diagnose(person, prefix=filtered)
    assert "threads-blocked-by-seccomp" in everything.failed and "Traceback" not in everything.stderr


def in_hosts(*lines: str) -> list[str]:
    """A machine whose name is `user`, with these lines in /etc/hosts, and no name server."""
    script = """
hostname user
made=$(mktemp -d)
printf '%b' "$0" >"$made/hosts"
echo 'hosts: files' >"$made/order"
mount --bind "$made/hosts" /etc/hosts
mount --bind "$made/order" /etc/nsswitch.conf
exec "$@"
"""
    return ["unshare", "-m", "-u", "sh", "-ec", script, "".join(f"{line}\\n" for line in lines)]


@pytest.mark.parametrize(
    ("line", "complaints"),
    [
        ("", ["own-name-unknown"]),
        ("198.51.100.7 user", ["own-name-unknown"]),  # of the machine that this one was copied from
        ("127.0.1.1 user.lan user", []),
    ],
)
def test_a_name_that_does_not_lead_to_its_own_machine(
    person: dict[str, str], line: str, complaints: list[str]
) -> None:
    """https://github.com/nyu-systems/Grendel-GS/issues/9: torchrun and "Temporary failure in name resolution"."""
    need_another_user()
    said = diagnose(person, "--area", AREAS, prefix=in_hosts("127.0.0.1 localhost", line))
    assert said.complaints == complaints
    if complaints:
        assert "user" in said.of("own-name-unknown")["title"]


@pytest.mark.parametrize(("most", "told"), [("8192", True), ("524288", False)])
def test_few_files_may_be_watched(person: dict[str, str], tmp_path: Path, most: str, told: bool) -> None:
    """https://github.com/chatchat-space/Langchain-Chatchat/issues/1727: "inotify watch limit reached"."""
    need_another_user()
    from tests.faults.dists import install

    (tmp_path / "most").write_text(f"{most}\n")
    over = f'mount --bind {tmp_path}/most /proc/sys/fs/inotify/max_user_watches; exec "$@"'
    prefix = ["unshare", "-m", "sh", "-ec", over, "sh"]
    said = diagnose(person, "--area", AREAS, prefix=prefix)
    assert said.complaints == []
    assert ("inotify-watches-few" in {f["id"] for f in said.findings}) is told
    install(Path(person["TARGET"]), "streamlit", "1.28.1")
    said = diagnose(person, "--area", f"{AREAS},packages", prefix=prefix)
    assert ("inotify-watches-few" in said.complaints) is told


UNAME = """#define _GNU_SOURCE
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
int uname(struct utsname *u) { int r = syscall(SYS_uname, u); strcpy(u->release, "RELEASE"); return r; }
"""
WSL = "5.10.16.3-microsoft-standard-WSL2"


def in_windows(bare: World, tmp_path: Path, gigabytes: float, killed: int = 0) -> Diagnosis:
    """Windows' Linux with that much memory."""
    kib = int(gigabytes * (1 << 20))
    kinds = {"MemTotal": kib, "MemFree": kib // 2, "MemAvailable": kib // 2, "Buffers": 1000, "Cached": 1000}
    lines = {
        **kinds,
        "Active": 1,
        "Inactive": 1,
        "Shmem": 1,
        "Slab": 1,
        "SwapTotal": 8 << 20,
        "SwapFree": 8 << 20,
    }
    (tmp_path / "meminfo").write_text("".join(f"{name}: {value} kB\n" for name, value in lines.items()))
    (tmp_path / "vmstat").write_text(f"nr_free_pages 1000\npswpin 0\npswpout 0\noom_kill {killed}\n")
    shim = library(tmp_path / "uname.so", UNAME.replace("RELEASE", WSL))
    world = (
        windows(bare)
        .put("version", f"Linux version {WSL} (gcc)\n", "proc")
        .put("/mnt/c/Users/ann/ntuser.ini")
    )
    laid = "".join(f"mount --bind {tmp_path}/{name} /proc/{name}; " for name in ("meminfo", "vmstat"))
    world.inner = ["sh", "-ec", f'{laid}exec env LD_PRELOAD={shim} "$@"', "sh"]
    return world.diagnose(areas="gpu,host")


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        (".wslconfig", b"\xff\xfe" + "[wsl2] memory=48GB\r\n".encode("utf-16-le"), "UTF-16"),
        (".wslconfig", b"[wsl2] memory=48GB\r\n", "one line"),
        (".wslconfig", b"memory=48GB\r\n", "[wsl2]"),
        (".wslconfig.txt", b"[wsl2]\r\nmemory=48GB\r\n", ".txt"),
        (".wslconfig", b"[wsl2]\r\nmemory=48GB\r\n", "shut down"),
        (
            ".wslconfig",
            b"\xef\xbb\xbf[wsl2]\r\n# mine\r\nmemory=32GB\r\n\r\n[experimental]\r\nsparseVhd=true\r\n",
            None,
        ),
        (".wslconfig", b"[wsl2]\nprocessors=8\n", None),
    ],
)
def test_a_file_of_limits_that_windows_does_not_read(
    bare: World, tmp_path: Path, name: str, content: bytes, why: str | None
) -> None:
    """https://github.com/microsoft/WSL/issues/11151: memory=48GB, and WSL has half of the machine's 64 GB."""
    bare.put(f"/mnt/c/Users/ann/{name}", content)
    said = in_windows(bare, tmp_path, 31.2)
    assert said.complaints == ([] if why is None else ["wslconfig-not-read"])
    assert why is None or why in said.of("wslconfig-not-read")["title"]


@pytest.mark.parametrize(
    ("gigabytes", "killed", "complaints"),
    [(7.8, 3, ["wsl-memory-default"]), (15.6, 2, ["wsl-memory-default"]), (31.2, 0, [])],
)
def test_windows_gives_a_part_of_its_memory(
    bare: World, tmp_path: Path, gigabytes: float, killed: int, complaints: list[str]
) -> None:
    """https://github.com/microsoft/WSL/issues/6030: "Killed", with 128 GB in the machine."""
    said = in_windows(bare, tmp_path, gigabytes, killed)
    assert said.complaints == complaints
    if complaints:
        assert ".wslconfig" in said.of("wsl-memory-default")["remedy"]["commands"][0][1]
