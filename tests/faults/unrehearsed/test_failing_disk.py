"""A disk that cannot give back what is on it: a real file system on a device that ends before it does."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.faults.cache import blob_of, fill_cache
from tests.faults.dists import course, install, site_of
from tests.faults.patient import Diagnosis, bare_environ, diagnose

BLOCKS, LOST = 16384, 16000  # of 4 kB: a file system of 64 MB, and a block near its end
AREAS = "disk,hub,packages,python"
Look = Callable[..., Diagnosis]


@pytest.fixture
def look(home: Path, empty_env: Path) -> Look:
    """The doctor on that person's home, on a disk where the first block of the files that are named cannot be read."""
    if os.geteuid() != 0:
        missing("root", "mounting needs root")
    for tool in ("mkfs.ext4", "debugfs", "losetup"):
        if not shutil.which(tool, path=f"{os.environ['PATH']}:/usr/sbin:/sbin"):
            missing("mkfs", f"no {tool}; as root: apt-get install e2fsprogs mount")
    course(empty_env)
    shutil.copytree(empty_env, home / "venv", symlinks=True)
    fill_cache(home / "hf/hub")

    def on_disk(*lost: Path, deep: bool = False) -> Diagnosis:
        disk = make_disk(home, lost)
        shorter = f"mount -o loop {disk} {home} && truncate -s {4096 * (LOST - 100)} {disk}"
        tried = [f"! cat {path} > {os.devnull} 2>&1" for path in lost]
        through = ["unshare", "-m", "sh", "-ec", " && ".join([shorter, *tried, 'exec "$@"']), "sh"]
        environ = bare_environ(home, TARGET=str(home / "venv"), HF_HOME=str(home / "hf"))
        return diagnose(environ, "--area", AREAS, *(["--deep"] if deep else []), prefix=through)

    return on_disk


def make_disk(home: Path, lost: tuple[Path, ...]) -> Path:
    """An image with all that is in `home`. Its files are mapped block by block, so that one can be sent astray."""
    disk = home.with_name("disk.img")
    with disk.open("wb") as file:
        file.truncate(4096 * BLOCKS)
    plain = "^extent,^64bit,^metadata_csum,^has_journal"
    run("mkfs.ext4", "-q", "-F", "-O", plain, "-b", "4096", "-d", str(home), str(disk))
    for path in lost:
        run("debugfs", "-w", "-R", f"sif /{path.relative_to(home)} block[0] {LOST}", str(disk))
    return disk


def run(tool: str, *args: str) -> None:
    environ = {"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    subprocess.run([tool, *args], check=True, capture_output=True, env=environ, timeout=60)


def test_a_disk_that_gives_back_all(look: Look) -> None:
    assert look(deep=True).complaints == []


def test_a_module_that_cannot_be_read(look: Look, home: Path) -> None:
    path = site_of(home / "venv") / "transformers/__init__.py"
    said = look(path)
    assert said.failed == said.complaints == ["disk-read-error"]
    assert str(path) in said.of("disk-read-error")["evidence"]


@pytest.mark.parametrize("name", ["METADATA", "RECORD"])
def test_metadata_that_cannot_be_read(look: Look, home: Path, name: str) -> None:
    (info,) = site_of(home / "venv").glob("tokenizers-*.dist-info")
    assert look(info / name).failed == ["disk-read-error"]


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_file_of_a_model_that_cannot_be_read(look: Look, home: Path, name: str) -> None:
    (snapshot,) = home.glob("hf/hub/models--*/snapshots/*")
    said = look(blob_of(snapshot, name))
    assert said.failed == said.complaints == ["disk-read-error"]


def test_a_library_that_is_read_where_there_is_time(look: Look, home: Path) -> None:
    install(
        home / "venv", "numpy", "2.3.4", {"numpy/__init__.py": "", "numpy/core.so": b"\x7fELF" + b"x" * 9000}
    )
    path = site_of(home / "venv") / "numpy/core.so"
    assert look(path).failed == []
    assert look(path, deep=True).failed == ["disk-read-error"]
