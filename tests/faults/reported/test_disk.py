"""Disks and what is mounted, as people have reported it; each named at first sight."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.faults import person
from tests.faults.gpu.world import World
from tests.faults.patient import bare_environ, diagnose
from tests.faults.person import diagnose_as_nobody, hand_over, home_of_nobody, need_another_user


@pytest.mark.parametrize(("mode", "failed"), [("0755", ["shm-not-writable"]), ("1777", [])])
def test_shared_memory_that_only_root_may_write_to(
    monkeypatch: pytest.MonkeyPatch, mode: str, failed: list[str]
) -> None:
    """https://github.com/celery/billiard/issues/288: SemLock says "Permission denied"."""
    need_another_user()
    mounted = f"mount -t tmpfs -o mode={mode},size=2g tmpfs /dev/shm"
    monkeypatch.setattr(person, "WITHIN_REACH", f"set -eu\n{mounted}\n{person.WITHIN_REACH}")
    with home_of_nobody() as home:
        hand_over(home)
        assert diagnose_as_nobody(bare_environ(home), "--area", "host,disk").failed == failed


ERRORS = (
    "ssv state 2",
    "ssv error_count 7",
    "ssv first_error_time 20250101000000",
    "ssv last_error_time 20250101000000",
)


@pytest.mark.parametrize(
    ("errors", "options", "expected"),
    [(True, "remount,ro", "disk-read-only-after-errors"), (False, "remount,ro", "disk-read-only"),
     (True, "remount,bind,ro", "disk-read-only")],
)  # fmt: skip
def test_a_file_system_with_errors(tmp_path: Path, errors: bool, options: str, expected: str) -> None:
    """https://github.com/microsoft/WSL/issues/4833: "Read-only file system" everywhere, until it is checked."""
    need_another_user()
    tools = [shutil.which(name, path="/usr/sbin:/sbin") for name in ("mkfs.ext4", "debugfs")]
    if None in tools or not Path("/dev/loop-control").exists():
        missing("root", "needs e2fsprogs and loop devices")
    make, change = map(str, tools)
    disk, home = tmp_path / "disk.img", tmp_path / "home"
    with disk.open("wb") as file:
        file.truncate(32 << 20)
    subprocess.run([make, "-q", "-F", str(disk)], check=True)
    for line in ERRORS if errors else ():
        subprocess.run([change, "-w", "-R", line, str(disk)], check=True, capture_output=True)
    lines = f'mount -o loop,errors=continue {disk} {home}; mount -o {options} {home}; exec "$@"'
    environ = bare_environ(home)
    said = diagnose(environ, "--area", "host,disk", prefix=["unshare", "-m", "sh", "-ec", lines, "sh"])
    assert expected in said.failed
    assert "remount" not in str(said.of(expected)["remedy"])
    if expected.endswith("errors"):
        assert "7 errors" in said.of(expected)["evidence"]


@pytest.mark.parametrize(("mode", "expected"), [("770", True), ("1777", False), ("777", False)])
def test_a_folder_for_temporary_files_of_root_alone(bare: World, mode: str, expected: bool) -> None:
    """https://github.com/cloudfoundry/bosh-linux-stemcell-builder/issues/39: "is gnupg installed?"."""
    # The tests' own files lie below /tmp: a folder of its own lies over it, and they under that.
    lines = f'mkdir /mnt/t; mount --rbind /tmp /mnt/t; mount -t tmpfs -o mode={mode} none /tmp; for p in /mnt/t/*; do n=${{p##*/}}; [ ! -d $p ] || {{ mkdir /tmp/$n; mount --rbind $p /tmp/$n; }}; done; exec "$@"'
    bare.inner = ["sh", "-ec", lines, "sh"]
    said = bare.diagnose(areas="host,disk")
    assert ("tmp-not-for-everyone" in {one["id"] for one in said.findings}) == expected
    if expected:
        assert said.of("tmp-not-for-everyone")["remedy"]["commands"] == [["chmod", "1777", "/tmp"]]


SEGMENTS = """
mount -t tmpfs -o size=64m tmpfs /dev/shm
number=0
while [ $number -lt $0 ]; do
    number=$((number + 1))
    head -c 1048576 /dev/zero >/dev/shm/psm_$number 2>/dev/null || true
done
"""


@pytest.mark.parametrize(
    ("count", "held", "complaints"),
    [("70", False, ["shm-full-of-leftovers"]), ("70", True, ["disk-full"]), ("20", False, [])],
)
def test_shared_memory_full_of_what_killed_programs_left(
    person: dict[str, str], count: str, held: bool, complaints: list[str]
) -> None:
    """https://github.com/sgl-project/sglang/pull/28089: "Bus error", "scheduler died"."""
    need_another_user()
    keep = "tail -f /dev/shm/psm_* >/dev/null 2>&1 & trap 'kill $!' EXIT\n" if held else ""
    prefix = ["unshare", "-m", "sh", "-ec", f'{SEGMENTS}{keep}"$@"', count]
    said = diagnose(person, "--area", "disk", prefix=prefix)
    assert [one for one in said.complaints if one != "shm-64mb"] == complaints
    if complaints == ["shm-full-of-leftovers"]:
        assert "psm_*" in said.of(complaints[0])["remedy"]["commands"][0]
