"""Disks that are really full, read-only, dead or in the wrong place; each diagnosed, its twin not."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from doctor.probes.disk.mounts import MountPoint, carrier, is_local_disk, is_network, mounts
from tests.conftest import missing
from tests.faults.cache import fill_cache
from tests.faults.patient import Diagnosis, bare_environ, diagnose


@pytest.fixture
def person(home: Path, empty_env: Path) -> dict[str, str]:
    return bare_environ(home, TARGET=str(empty_env), HF_HOME=str(home / "hf"))


def look(environ: dict[str, str], mounting: str, *args: str) -> Diagnosis:
    """The doctor in a mount namespace of its own, after `mounting`."""
    if os.geteuid() != 0:
        missing("root", "mounting needs root")
    prefix = ["unshare", "-m", "sh", "-ec", f'{mounting}\n"$@"', "sh"]
    return diagnose(environ, "--area", "host,disk,hub", *args, prefix=prefix)


def tmpfs(folder: str, options: str) -> str:
    return f"mkdir -p {folder} && mount -t tmpfs -o {options} tmpfs {folder}"


def fill(folder: str) -> str:
    return f"dd if=/dev/zero of={folder}/big bs=1M 2>/dev/null || true"


def test_a_full_home(person: dict[str, str]) -> None:
    home = person["HOME"]
    said = look(person, f"{tmpfs(home, 'size=8m')}; {fill(home)}")
    assert said.failed == ["disk-full"] and home in said.of("disk-full")["title"]
    roomy = look(person, tmpfs(home, "size=8g"))
    assert roomy.failed == []


def test_a_cache_on_a_small_disk_that_is_full(person: dict[str, str]) -> None:
    said = look(person, f"{tmpfs(person['HF_HOME'], 'size=8m')}; {fill(person['HF_HOME'])}")
    assert said.failed == ["hf-home-small-disk"]
    assert said.complaints == ["hf-home-small-disk"]


def test_a_small_disk_whose_cache_is_a_link_to_a_large_one(person: dict[str, str], tmp_path: Path) -> None:
    small, big = tmp_path / "small", tmp_path / "big"
    big.mkdir()
    linked = f"{tmpfs(str(small), 'size=8m')}; ln -s {big} {small}/hf"
    assert look({**person, "HF_HOME": f"{small}/hf"}, linked).complaints == []


def test_no_inodes(person: dict[str, str]) -> None:
    folder = person["HF_HOME"]
    eaten = f"{tmpfs(folder, 'size=900m,nr_inodes=40')}; i=0; while [ $i -lt 39 ]; do : > {folder}/$i; i=$((i+1)); done"
    said = look(person, eaten)
    assert said.failed == ["inodes-full"]


def test_a_deleted_file_that_a_process_keeps(person: dict[str, str]) -> None:
    home = person["HOME"]
    opened = f"exec 9< {home}/big; rm {home}/big; sleep 20 & holder=$!; exec 9<&-"
    held = f"{tmpfs(home, 'size=40m')}; {fill(home)}; {opened}"
    try_it = f'{held}\n"$@"; code=$?; kill $holder; exit $code'
    if os.geteuid() != 0:
        missing("root", "mounting needs root")
    said = diagnose(person, "--area", "host,disk,hub", prefix=["unshare", "-m", "sh", "-c", try_it, "sh"])
    assert said.failed == ["deleted-but-open-files"]
    assert "sleep (process" in said.of("deleted-but-open-files")["evidence"]


def test_a_read_only_home(person: dict[str, str]) -> None:
    home = person["HOME"]
    said = look(person, f"mount --bind {home} {home} && mount -o remount,bind,ro {home}")
    assert said.failed == ["disk-read-only"]
    assert said.of("home-not-writable")["blocked_by"] == ["disk-read-only"]


def test_a_read_only_cache_with_nothing_in_it(person: dict[str, str]) -> None:
    assert look(person, tmpfs(person["HF_HOME"], "size=2g,ro")).failed == ["hf-home-read-only"]


def test_a_shared_read_only_cache_that_serves(person: dict[str, str], tmp_path: Path) -> None:
    fill_cache(Path(person["HF_HOME"]) / "hub")
    folder = person["HF_HOME"]
    said = look(person, f"mount --bind {folder} {folder} && mount -o remount,bind,ro {folder}")
    assert said.complaints == []


def test_no_programs_in_the_temporary_folder(person: dict[str, str], tmp_path: Path) -> None:
    folder = str(tmp_path / "t")
    environ = {**person, "TMPDIR": folder}
    assert look(environ, tmpfs(folder, "size=2g,noexec")).complaints == ["tmp-noexec"]
    assert look(environ, tmpfs(folder, "size=2g")).complaints == []


def test_a_temporary_folder_that_is_gone(person: dict[str, str], tmp_path: Path) -> None:
    assert look({**person, "TMPDIR": str(tmp_path / "gone")}, "true").complaints == ["tmpdir-missing"]
    assert look({**person, "TMPDIR": f"{tmp_path}/"}, "true").complaints == []


def test_a_temporary_folder_that_is_closed(person: dict[str, str], tmp_path: Path) -> None:
    if os.geteuid() != 0:
        missing("root", "chown needs root")
    folder = tmp_path / "t"
    folder.mkdir(mode=0o755)
    os.chown(folder, 65534, 65534)
    bound = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    said = diagnose({**person, "TMPDIR": str(folder)}, "--area", "host,disk", prefix=bound)
    assert said.failed == ["tmp-not-writable"]


# A FUSE filesystem whose server never answers: to the kernel the same as an NFS server that is gone.
DEAD = """
import ctypes, os, subprocess, sys
folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
server = os.open("/dev/fuse", os.O_RDWR)
libc = ctypes.CDLL(None, use_errno=True)
options = f"fd={server},rootmode=40000,user_id=0,group_id=0".encode()
if libc.mount(b"dead", folder.encode(), b"fuse", 0, options):
    sys.exit(f"mount: {os.strerror(ctypes.get_errno())}")
sys.exit(subprocess.call(sys.argv[2:], close_fds=True))
"""


def test_a_dead_network_disk_costs_its_deadline(person: dict[str, str]) -> None:
    if os.geteuid() != 0 or not Path("/dev/fuse").exists():
        missing("root", "a dead disk needs root and /dev/fuse")
    dead = ["unshare", "-m", sys.executable, "-c", DEAD, person["HF_HOME"]]
    began = time.monotonic()
    said = diagnose(person, prefix=dead, seconds=40)
    assert time.monotonic() - began < 15
    assert "disk-not-answering" in said.failed
    assert not [f["id"] for f in said.findings if f["id"].endswith("-unknown")]
    assert person["HF_HOME"] in said.of("disk-not-answering")["title"]


def test_mounts_are_read_with_what_lies_over_them(tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(
        "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
        "30 22 0:40 / /data rw - ext4 /dev/sdb1 rw\n"
        "31 30 0:41 / /data rw shared:5 - nfs4 server:/export rw\n"
        "32 22 0:42 / /my\\040disk rw - xfs /dev/sdc1 rw\n"
    )
    known = mounts(table)
    assert carrier(Path("/data/hf"), known) == MountPoint("/data", "nfs4", "rw", known[-2].device)
    assert carrier(Path("/my disk/x"), known) == MountPoint("/my disk", "xfs", "rw", known[-1].device)
    assert carrier(Path("/database"), known).point == "/"


@pytest.mark.parametrize("name", ["nfs4", "cifs", "9p", "fuse.sshfs", "fuse.juicefs", "fuse"])
def test_filesystems_that_another_machine_answers_for(name: str) -> None:
    assert is_network(name)


@pytest.mark.parametrize(
    "name", ["ext4", "overlay", "lustre", "wekafs", "fuseblk", "fuse.fuse-overlayfs", "virtiofs"]
)
def test_filesystems_that_are_fast_enough(name: str) -> None:
    assert not is_network(name)


def test_disks_that_are_for_the_system(tmp_path: Path) -> None:
    assert is_local_disk(MountPoint("/root/autodl-tmp", "xfs"))
    assert not is_local_disk(MountPoint("/boot/efi", "ext4")) and not is_local_disk(MountPoint("/x", "nfs4"))
