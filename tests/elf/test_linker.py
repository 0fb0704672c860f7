"""The dynamic linker's rules: each is tried against the real one, which tells what it loads with LD_TRACE_LOADED_OBJECTS."""

from __future__ import annotations

import ctypes
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from doctor.elf.linker import CACHE, Linker, cached_libraries
from doctor.facts import Unknown
from tests.faults.native import for_machine, library

ANSWER = "int answer(void) {{ return {}; }}"


def real(path: Path, library_path: str) -> int:
    """What the function `ask` of the library says in a process of its own."""
    code = f"import ctypes; print(ctypes.CDLL({str(path)!r}).ask())"
    environ = {**os.environ, "LD_LIBRARY_PATH": library_path}
    return int(
        subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, check=True).stdout
    )


@pytest.mark.parametrize(
    ("tags", "taken"), [("--enable-new-dtags", "environment"), ("--disable-new-dtags", "beside")]
)
def test_rpath_beats_the_environment_and_runpath_does_not(tmp_path: Path, tags: str, taken: str) -> None:
    for number, place in enumerate(("beside", "environment")):
        library(tmp_path / place / "libanswer.so.1", ANSWER.format(number), soname="libanswer.so.1")
    source = "int answer(void); int ask(void) { return answer(); }"
    needs = (tmp_path / "beside/libanswer.so.1",)
    path = library(tmp_path / "libask.so", source, needs=needs, more=(f"-Wl,{tags},-rpath,$ORIGIN/beside",))
    environment = str(tmp_path / "environment")
    loaded = Linker(platform.machine(), (environment,)).load(str(path))
    assert loaded.files["libanswer.so.1"].path == str(tmp_path / taken / "libanswer.so.1")
    assert loaded.lacks == [] and real(path, environment) == ("beside", "environment").index(taken)
    assert Linker(platform.machine()).load(str(path)).files["libanswer.so.1"].path == str(needs[0])


def test_the_rpath_of_the_one_that_asked_serves_what_it_brings(tmp_path: Path) -> None:
    low = library(tmp_path / "lib/liblow.so.1", ANSWER.format(7), soname="liblow.so.1")
    middle = library(tmp_path / "lib/libmiddle.so.1", "int middle;", soname="libmiddle.so.1", needs=(low,))
    path = library(
        tmp_path / "libtop.so", needs=(middle,), more=("-Wl,--disable-new-dtags,-rpath,$ORIGIN/lib",)
    )
    assert ctypes.CDLL(str(path))
    assert Linker(platform.machine()).load(str(path)).lacks == []


def test_what_is_missing_is_named_with_the_one_that_asks(tmp_path: Path) -> None:
    gone = library(tmp_path / "libgone.so.1", soname="libgone.so.1")
    path = library(tmp_path / "libask.so", needs=(gone,))
    gone.unlink()
    (lack,) = Linker(platform.machine()).load(str(path)).lacks
    assert (lack.kind, lack.what, lack.by) == ("missing", "libgone.so.1", str(path))


def test_one_for_another_machine_is_passed_over(tmp_path: Path) -> None:
    right = library(tmp_path / "right/libanswer.so.1", ANSWER.format(1), soname="libanswer.so.1")
    wrong = tmp_path / "wrong/libanswer.so.1"
    wrong.parent.mkdir()
    wrong.write_bytes(right.read_bytes())
    for_machine(wrong)
    path = library(
        tmp_path / "libask.so", "int answer(void); int ask(void) { return answer(); }", needs=(right,)
    )
    folders = (str(wrong.parent), str(right.parent))
    assert Linker(platform.machine(), folders).load(str(path)).files["libanswer.so.1"].path == str(right)
    assert real(path, ":".join(folders)) == 1


def test_every_extension_of_the_running_python_loads() -> None:
    linker = Linker(platform.machine(), (), os.path.realpath(sys.executable))
    for folder in (p for p in sys.path if Path(p).is_dir()):
        for path in list(Path(folder).glob("*/*.abi3.so"))[:20]:
            assert linker.load(str(path)).lacks == [], path


def test_the_cache_of_ldconfig_is_read_and_a_damaged_one_is_empty(tmp_path: Path) -> None:
    if CACHE.exists():
        assert Path(Linker(platform.machine()).cache["libc.so.6"]).exists()
    damaged = tmp_path / "ld.so.cache"
    for content in (b"", b"glibc-ld.so.cache1.1", b"glibc-ld.so.cache1.1" + b"\xff" * 4000):
        damaged.write_bytes(content)
        assert isinstance(cached_libraries(damaged, 0x0303), dict)
    assert not isinstance(cached_libraries(tmp_path / "absent", 0x0303), Unknown)
