"""What the doctor never does: write, hang, or crash, whatever stands in its way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, missing
from tests.faults.patient import bare_environ, diagnose

# Every file that a probe may read, so each may be something else than a file.
READ = (
    ".condarc",
    ".config/pip/pip.conf",
    ".config/uv/uv.toml",
    ".cache/huggingface/token",
    ".cache/huggingface/hub/models--a--b/refs/main",
    ".jupyter/jupyter_server_config.py",
    ".jupyter/jupyter_server_config.json",
    ".local/share/jupyter/kernels/mine/kernel.json",
    ".local/share/jupyter/runtime/jpserver-1.json",
    ".bashrc",
    ".netrc",
    "notebook.ipynb",
    "train.py",
    ".groundwork/settings.json",
    ".groundwork/journal.jsonl",
    ".groundwork/jupyter/llm-quickstart/jupyter.log",
    ".groundwork/jupyter/llm-quickstart/server.json",
    ".groundwork/smoke/llm-quickstart.json",
)
LONGEST = 30.0  # seconds: generous, for a machine that is busy with other tests

WATCHED_FOLDER = Path("/var/lib")  # HOME may be in a temporary folder, and these are not watched

# In a mount namespace: the whole file system becomes the lower half of an overlay, so whatever is written lands above.
WATCHED = """
set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o lowerdir=/,upperdir="$1/upper",workdir="$1/work" "$1/root"
for place in proc sys dev; do mount --rbind /$place "$1/root/$place"; done
for place in tmp run var/tmp; do
    test -d "/$place" && mount --bind "/$place" "$1/root/$place"
done
chroot "$1/root" sh -c 'cd "$1"; shift; exec "$@"' sh "$2" "$3" -m doctor --json --deep > "$4" || true
cd "$1/upper"
find . ! -type d
"""


def test_it_writes_nothing_anywhere(target_python: str, tmp_path: Path) -> None:
    """Everything but /proc, /sys, /dev, /run and the temporary folders is watched; these are compared by hand."""
    if os.geteuid() != 0:
        missing("root", "an overlay of the whole file system needs root")
    home = WATCHED_FOLDER / f"groundwork-never-{os.getpid()}"
    environ = bare_environ(home, TARGET=str(Path(target_python).parent.parent))
    layer, out = tmp_path / "layer", tmp_path / "out.json"
    layer.mkdir()
    before = listing(tmp_path)
    try:
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", WATCHED, "sh", str(layer), str(ROOT), sys.executable, str(out)],
            env=environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        shutil.rmtree(home)
    if "overlay" in done.stderr and done.returncode != 0:
        missing("root", f"no overlay here: {done.stderr.strip()[-200:]}")
    assert done.returncode == 0, done.stderr
    assert out.read_text().startswith("{"), done.stderr
    assert done.stdout.split() == []
    assert listing(tmp_path) - before == {"out.json"}


def listing(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_the_watcher_would_see_a_write(target_python: str, tmp_path: Path) -> None:
    """The same with a program that does write: otherwise the test above proves nothing."""
    if os.geteuid() != 0:
        missing("root", "an overlay of the whole file system needs root")
    writer, layer = WATCHED_FOLDER / f"groundwork-writer-{os.getpid()}", tmp_path / "layer"
    layer.mkdir()
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho hello > {writer}\n")
    program.chmod(0o755)
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", WATCHED, "sh", str(layer), str(ROOT), str(program), "/dev/null"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if "overlay" in done.stderr and done.returncode != 0:
        missing("root", f"no overlay here: {done.stderr.strip()[-200:]}")
    assert writer.name in done.stdout and not writer.exists()


@pytest.fixture
def blocked_home(home: Path) -> Iterator[Path]:
    """A HOME in which every file that could be read is a pipe that nobody writes to."""
    for name in READ:
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(path)
    yield home
    # A reader that is still stuck in one of them would outlive the test.
    assert not [pid for pid in pids_of("doctor") if str(home) in command_of(pid)]


def pids_of(word: str) -> list[int]:
    return [
        int(p.name) for p in Path("/proc").iterdir() if p.name.isdecimal() and word in command_of(int(p.name))
    ]


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        return ""


def test_a_pipe_where_a_file_should_be_costs_no_time(blocked_home: Path, empty_env: Path) -> None:
    began = time.monotonic()
    said = diagnose(bare_environ(blocked_home, TARGET=str(empty_env), ROOT_DIR=str(blocked_home)))
    assert time.monotonic() - began < LONGEST
    assert not [f["id"] for f in said.findings if f["id"].endswith("-unknown")]


def test_a_folder_where_a_file_should_be_is_no_crash(home: Path, empty_env: Path) -> None:
    for name in READ:
        (home / name).mkdir(parents=True)
    said = diagnose(bare_environ(home, TARGET=str(empty_env), ROOT_DIR=str(home)))
    assert not [f["evidence"] for f in said.findings if f["id"].endswith("-unknown")]


def test_garbage_in_every_file_is_no_crash(home: Path, empty_env: Path) -> None:
    for name in READ:
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\xff\x00\xfe{[(" * 50)
    said = diagnose(bare_environ(home, TARGET=str(empty_env), ROOT_DIR=str(home)))
    assert not [f["evidence"] for f in said.findings if f["id"].endswith("-unknown")]


def test_files_of_two_gigabytes_are_not_read_whole(home: Path, empty_env: Path) -> None:
    for name in READ:
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.truncate(2_000_000_000)  # sparse: takes no room
    limited = [
        "prlimit",
        "--as=3000000000",
    ]  # bytes of address space: reading one file whole would not fit twice
    began = time.monotonic()
    said = diagnose(bare_environ(home, TARGET=str(empty_env), ROOT_DIR=str(home)), prefix=limited)
    assert time.monotonic() - began < LONGEST
    assert not [f["evidence"] for f in said.findings if f["id"].endswith("-unknown")]


def test_names_that_are_no_utf8_are_no_crash(home: Path, empty_env: Path) -> None:
    for folder in ("", ".jupyter", ".local/share/jupyter/kernels", ".cache/huggingface/hub"):
        place = os.path.join(os.fsencode(home), folder.encode(), b"caf\xe9.py")  # noqa: PTH118  (bytes)
        os.makedirs(os.path.dirname(place), exist_ok=True)  # noqa: PTH120, PTH103
        with open(place, "wb") as file:  # noqa: PTH123
            file.write(b"pipeline('summarization')\n")
    said = diagnose(bare_environ(home, TARGET=str(empty_env), ROOT_DIR=str(home)))
    assert not [f["evidence"] for f in said.findings if f["id"].endswith("-unknown")]


def test_an_interpreter_that_never_answers_costs_its_deadline(home: Path, empty_env: Path) -> None:
    python = empty_env / "bin" / "python"
    python.unlink()
    python.write_text("#!/bin/sh\nexec sleep 300\n")
    python.chmod(0o755)
    began = time.monotonic()
    said = diagnose(bare_environ(home, TARGET=str(empty_env)))
    assert time.monotonic() - began < LONGEST
    assert said.code == 1, "an interpreter that does not run is a fault"


def test_processes_that_may_not_be_seen_are_no_crash(home: Path, empty_env: Path) -> None:
    if os.geteuid() != 0:
        missing("root", "mounting /proc needs root")
    hidden = ["unshare", "-m", "sh", "-c", 'mount -t proc -o hidepid=2 proc /proc && exec "$@"', "sh"]
    said = diagnose(bare_environ(home, TARGET=str(empty_env)), prefix=hidden)
    assert not [f["evidence"] for f in said.findings if f["id"].endswith("-unknown")]
