"""Its caches of packages, and who holds them."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conda_host.prefixes import write
from tests.faults.conda.patient import Patient, in_namespace


def test_a_full_disk_for_packages(patient: Patient) -> None:
    pkgs = patient.home / "data" / "pkgs"
    pkgs.mkdir(parents=True)
    write(patient.home / ".condarc", f"pkgs_dirs: [{pkgs}]\n")
    small = in_namespace(f"mount -t tmpfs -o size=20m tmpfs {pkgs}")
    said = patient.said(*small)
    assert said.failed == said.complaints == ["conda-pkgs-no-space"]
    few = in_namespace(f"mount -t tmpfs -o size=900m,nr_inodes=50 tmpfs {pkgs}")
    assert patient.said(*few).failed == ["conda-pkgs-no-space"]
    assert patient.said().findings == ()


def test_a_package_that_lost_files_in_the_cache(patient: Patient) -> None:
    next(patient.root.glob("pkgs/zlib-*/lib/libz.so.1")).unlink()
    said = patient.said()
    assert (said.failed, said.complaints) == ([], ["conda-pkgs-corrupt"])
    assert "libz.so.1" in said.of("conda-pkgs-corrupt")["evidence"]


def test_an_archive_that_was_cut_short(patient: Patient) -> None:
    (patient.root / "pkgs" / "numpy-2.4.6-py312_0.conda").write_bytes(b"PK\x03\x04" + b"\0" * 5000)
    assert patient.said().complaints == ["conda-pkgs-corrupt"]


def test_a_half_unpacked_package_is_unpacked_again_by_conda(patient: Patient) -> None:
    write(patient.root / "pkgs" / "numpy-2.4.6-py312_0" / "lib" / "x", "")
    write(patient.root / "pkgs" / "torch-2.conda.partial", "PK")
    assert patient.said().findings == ()


HOLD = """
import fcntl, sys, time
file = open(sys.argv[1], "r+")
fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 21)
print("held", flush=True)
time.sleep(60)
"""


@contextmanager
def holding(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock that conda takes, as conda takes it."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_conda_that_was_stopped_holds_the_cache(patient: Patient) -> None:
    cached = patient.root / "pkgs" / "cache" / "497deca9.json"
    write(cached, "{}")
    with holding(cached) as process:
        said = patient.said()
        assert said.complaints == [] and said.of("conda-lock-held")["severity"] == "info"
        os.kill(process.pid, signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        said = patient.said()
        assert said.complaints == ["conda-lock-held"]
        assert str(process.pid) in said.of("conda-lock-held")["title"]


def test_a_lock_file_that_nobody_holds_is_nothing(patient: Patient) -> None:
    write(patient.root / "pkgs" / "cache" / "497deca9.json.lock", "4242")
    with (patient.root / "pkgs" / "cache" / "497deca9.json.lock").open("r+") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
    assert patient.said().findings == ()
