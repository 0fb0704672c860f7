"""What setup saw holds while no file of it changes, and not one moment longer: a real program that counts its starts."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from bootstrap import seen
from doctor.elf import Elf, read
from doctor.elf.seen import reader, see
from doctor.goal import Goal
from doctor.probes import ffmpeg, torch
from doctor.probes.ffmpeg import proof
from tests.faults.native import library

PROGRAM = r"""
#include <stdio.h>
int sound(void);
int main(void) {
    FILE *starts = fopen("%s", "a");
    fputs("x", starts);
    fclose(starts);
    fprintf(stderr, "ffmpeg version 7.%%d Copyright\n", sound());
    return 0;
}
"""
LIBRARY = "int sound(void) { return 1; }"


@pytest.fixture
def here(goal: Goal, tmp_path: Path) -> Goal:
    """An environment whose ffmpeg takes a library from beside itself; setup has looked at both."""
    folder = Path(goal.prefix) / "bin"
    folder.mkdir(parents=True)
    library(folder / "libsound.so.1", LIBRARY, soname="libsound.so.1")
    code = tmp_path / "ffmpeg.c"
    code.write_text(PROGRAM % (tmp_path / "starts"))
    compiler = shutil.which("gcc") or "cc"
    made = [str(folder / "ffmpeg"), str(code), str(folder / "libsound.so.1"), "-Wl,-rpath,$ORIGIN"]
    subprocess.run([compiler, "-o", *made], check=True, timeout=60)
    seen.keep(goal, tmp_path / "log")
    assert not (tmp_path / "log").exists(), "nothing went wrong"
    return goal


@pytest.fixture
def starts(here: Goal, tmp_path: Path) -> Iterator[Callable[[], int]]:
    """How often it was started since the last time that this was asked."""
    file = tmp_path / "starts"

    def since() -> int:
        count = file.stat().st_size if file.exists() else 0
        file.unlink(missing_ok=True)
        return count

    assert since() == 1, "setup asked it"
    yield since


def test_what_has_not_changed_is_not_started_again(here: Goal, starts: Callable[[], int]) -> None:
    said = ffmpeg.probe(here)
    assert said.version == "7.1" and said.path == f"{here.prefix}/bin/ffmpeg"
    assert starts() == 0
    assert ffmpeg.look(here) == said, "and it still says the same"


def replaced(library_: Path, goal: Goal) -> None:
    library_.unlink()
    library(library_, LIBRARY, soname="libsound.so.1")


def written(library_: Path, goal: Goal) -> None:
    """In place, with another byte, its size and its times as they were."""
    before = library_.stat()
    with library_.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\1")
    os.utime(library_, ns=(before.st_atime_ns, before.st_mtime_ns))


def no_proof(library_: Path, goal: Goal) -> None:
    proof.path_in(goal).write_bytes(b'{"said":')


def no_letters(library_: Path, goal: Goal) -> None:
    proof.path_in(goal).write_bytes(b'{"said": {"type": "ffmpeg", "path": "\xff"}}')


@pytest.mark.parametrize(
    "change", [replaced, written, no_proof, no_letters], ids=lambda change: change.__name__
)
def test_what_has_changed_is_started(
    here: Goal, starts: Callable[[], int], change: Callable[[Path, Goal], None]
) -> None:
    change(Path(here.prefix) / "bin/libsound.so.1", here)
    assert ffmpeg.probe(here).version == "7.1"
    assert starts() == 1


def test_a_library_that_went_missing_is_told(here: Goal) -> None:
    (Path(here.prefix) / "bin/libsound.so.1").unlink()
    said = ffmpeg.probe(here)
    assert said.version is None and "libsound.so.1" in (said.error or "")


def test_another_command_on_the_path_is_started(here: Goal, starts: Callable[[], int]) -> None:
    command = Path(here.prefix) / "bin/ffmpeg"
    command.unlink()
    command.write_text("#!/bin/sh\necho 'ffmpeg version 8.0'\n")
    command.chmod(0o755)
    assert ffmpeg.probe(here).version == "8.0"


def test_with_deep_or_a_variable_of_the_linker_it_is_started(
    here: Goal, starts: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    ffmpeg.probe(msgspec.structs.replace(here, deep=True))
    assert starts() == 1
    monkeypatch.setenv("LD_LIBRARY_PATH", "/somewhere")
    ffmpeg.probe(here)
    assert starts() == 1


def test_nothing_is_kept_of_what_does_not_run_or_could_run_anything(here: Goal) -> None:
    command = Path(here.prefix) / "bin/ffmpeg"
    command.unlink()
    command.write_text("#!/bin/sh\necho 'ffmpeg version 8.0'\n")
    command.chmod(0o755)
    assert ffmpeg.look(here).version == "8.0" and proof.prove(ffmpeg.look(here)) is None
    command.write_text("#!/bin/sh\nexit 1\n")
    assert proof.prove(ffmpeg.look(here)) is None


def test_of_libraries_that_have_not_changed_nothing_is_read(tmp_path: Path) -> None:
    path, kept = library(tmp_path / "libsound.so", LIBRARY, soname="libsound.so"), tmp_path / "kept.json"
    kept.write_bytes(
        see([str(path), str(tmp_path / "absent.so"), str(kept)]).replace(b'"libsound', b'"libmarks')
    )
    known = reader(kept)
    said = known(str(path))
    assert isinstance(said, Elf) and said.soname == "libmarks.so", "as it is kept"
    os.utime(path)
    assert known(str(path)) == read(str(path)), "as it is"
    for damaged in (b"{", b'{"\xff": 1}'):
        kept.write_bytes(damaged)
        assert reader(kept)(str(path)) == read(str(path))


def test_setup_keeps_what_a_look_reads(here: Goal) -> None:
    kept = torch.seen_in(here)
    assert kept.is_file() and proof.path_in(here).is_file()
    assert torch.look(here, reader(kept)) == torch.look(here, read)


def test_what_cannot_be_kept_spoils_nothing(here: Goal, tmp_path: Path) -> None:
    """A folder in the place of one file: that is told in the log, and the other is kept."""
    proof.path_in(here).unlink()
    proof.path_in(here).mkdir()
    torch.seen_in(here).unlink()
    seen.keep(here, tmp_path / "log")
    assert "IsADirectoryError" in (tmp_path / "log").read_text()
    assert torch.seen_in(here).is_file()
