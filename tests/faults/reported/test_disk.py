"""Disks and what is mounted, as people have reported it; each named at first sight."""

from __future__ import annotations

import pytest

from tests.faults import person
from tests.faults.patient import bare_environ
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
