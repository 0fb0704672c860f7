"""What is told when the disk says no: tests/nothing_lost/test_full_disk.py tries it for real; here what needs other disks."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import msgspec
import pytest

from bootstrap.process import Done
from bootstrap.safety import no_room
from doctor.errors import Exit, Trouble
from doctor.probes.disk import place


def test_a_quota_is_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = place("", tmp_path)
    monkeypatch.setattr(no_room, "place", lambda role, path: where)
    trouble = no_room.of_text("cause: Disk quota exceeded (os error 122)", (tmp_path,), 10**15)
    assert trouble is not None and trouble.hint is not None
    assert trouble.code == Exit.PERSON
    assert f"({10**15 - where.free_bytes} bytes) are missing on {where.mount}" in trouble.message.en
    assert trouble.message.zh.startswith(f"您的磁盘配额已用完：{where.mount} 还缺")
    assert trouble.hint.en.startswith("see what is large: quota -s; ")


def test_an_error_names_the_file_that_it_is_about(tmp_path: Path) -> None:
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(tmp_path / "a file"))
    trouble = no_room.of_error(error, (Path("/proc"),))
    assert trouble is not None
    assert f"are missing on {place('', tmp_path).mount}" in trouble.message.en


@pytest.mark.parametrize("error", [OSError(errno.EACCES, "Permission denied"), ValueError("x")])
def test_other_errors_are_not_the_disks(error: Exception, tmp_path: Path) -> None:
    assert no_room.of_error(error, (tmp_path,)) is None
    assert no_room.of_text(str(error), (tmp_path,)) is None


def test_a_program_that_was_ended_for_a_large_file(tmp_path: Path) -> None:
    ended = Done(-25, ("[ended by signal 25: File size limit exceeded]",))
    with pytest.raises(Trouble) as raised:
        no_room.stop(["uv"], tmp_path / "log", ended)
    trouble = no_room.of_text(raised.value.message.en, (tmp_path,))
    assert trouble is not None
    assert "ulimit -f" in trouble.message.en
    assert no_room.stop(["uv"], tmp_path / "log", Done(0, ended.tail)).code == 0


def test_an_image_that_is_always_full_is_not_blamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = msgspec.structs.replace(place("", tmp_path), free_bytes=0, read_only=True)
    monkeypatch.setattr(no_room, "place", lambda role, path: image)
    assert no_room.of_text("exit code 1", (tmp_path,)) is None
    full = msgspec.structs.replace(image, read_only=False)
    monkeypatch.setattr(no_room, "place", lambda role, path: full)
    trouble = no_room.of_text("exit code 1", (tmp_path,))
    assert trouble is not None
    assert "20000000 bytes" in trouble.message.en
