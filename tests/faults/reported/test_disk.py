"""Disks and what is mounted, as people have reported it; each named at first sight."""

from __future__ import annotations

import pytest

from tests.faults import person
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
