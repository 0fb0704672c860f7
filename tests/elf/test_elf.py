"""The reader of ELF files: right about real libraries, and unmoved by files that lie."""

from __future__ import annotations

import os
import struct
import subprocess
import tempfile
import time
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doctor.elf import Elf, lacks, read, undefined
from doctor.facts import Unknown
from tests.conftest import missing
from tests.faults.native import for_machine, library

SEED = Path(str(import_module("psutil._psutil_linux").__file__)).read_bytes()


def test_a_library_says_what_it_asks_and_offers(tmp_path: Path) -> None:
    other = library(
        tmp_path / "libother.so.2",
        "int other(void) { return 2; }",
        soname="libother.so.2",
        versions="OTHER_2.1 { global: *; };",
    )
    use = "int other(void); int soft(void) __attribute__((weak)); int own(void) { return soft ? soft() : other(); }"
    path = library(tmp_path / "libown.so.1", use, soname="libown.so.1", needs=(other,), runpath="$ORIGIN/lib")
    said = read(str(path))
    assert isinstance(said, Elf)
    assert said.soname == "libown.so.1" and "libother.so.2" in said.needed and said.runpath == "$ORIGIN/lib"
    assert ("libother.so.2", ("OTHER_2.1",)) in [(want.soname, want.versions) for want in said.wants]
    offered = read(str(other))
    assert isinstance(offered, Elf) and "OTHER_2.1" in offered.offers and not offered.executable_stack
    assert undefined(str(path)) == (("other", "OTHER_2.1"),), "what may stay undefined is left out"
    assert lacks(str(other), ("other", "own", "oth")) == ("own", "oth")


@pytest.mark.parametrize("style", ["gnu", "sysv", "both"])
def test_symbols_are_found_by_either_kind_of_table(tmp_path: Path, style: str) -> None:
    names = tuple(f"function_{number}" for number in range(200))
    source = "".join(f"int {name}(void) {{ return 1; }}\n" for name in names)
    path = library(tmp_path / "libmany.so", source, more=(f"-Wl,--hash-style={style}",))
    assert lacks(str(path), (*names, "function_200")) == ("function_200",)


def test_an_executable_stack_is_seen(tmp_path: Path) -> None:
    said = read(str(library(tmp_path / "libstack.so", more=("-Wl,-z,execstack",))))
    assert isinstance(said, Elf) and said.executable_stack


def test_it_agrees_with_readelf_on_the_interpreter_s_own_libraries() -> None:
    libraries = sorted(Path("/lib/x86_64-linux-gnu").glob("lib*.so.[0-9]"))[:60]
    if not libraries:
        missing("cc", "no libraries of that machine")
    for path in libraries:
        said = read(str(path))
        listed = subprocess.run(
            ["readelf", "-dW", str(path)], capture_output=True, text=True, check=True
        ).stdout
        needed = [line.split("[")[1].rstrip("]") for line in listed.splitlines() if "(NEEDED)" in line]
        assert isinstance(said, Elf) and list(said.needed) == needed, path


def test_for_another_machine_only_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "lib.so"
    path.write_bytes(SEED)
    assert read(str(for_machine(path))) is not None
    said = read(str(path))
    assert isinstance(said, Elf) and said.machine == "aarch64"
    path.write_bytes(b"\x7fELF\x01\x01\x01" + bytes(11) + struct.pack("<H", 3) + bytes(100))
    assert read(str(path)) == Elf(machine="i386")


@pytest.mark.parametrize("size", [0, 3, 63, 64, 200, 4096, 8192])
def test_a_file_that_is_cut_off_is_unknown(tmp_path: Path, size: int) -> None:
    path = tmp_path / "lib.so"
    path.write_bytes(SEED[:size])
    for said in (read(str(path)), undefined(str(path)), lacks(str(path), ("a",))):
        assert isinstance(said, Unknown) and said.reason


def test_what_is_no_file_does_not_hold_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.so")
    started = time.monotonic()
    for name in ("pipe.so", "", "absent.so"):
        assert isinstance(read(str(tmp_path / name)), Unknown)
    assert time.monotonic() - started < 1


def test_a_huge_library_costs_no_time(tmp_path: Path) -> None:
    path = tmp_path / "lib.so"
    path.write_bytes(SEED)
    with path.open("r+b") as file:
        file.truncate(3_000_000_000)  # sparse
    started = time.monotonic()
    assert isinstance(read(str(path)), Elf)
    assert time.monotonic() - started < 1


@settings(max_examples=400, deadline=2000)
@given(
    st.lists(
        st.tuples(st.integers(0, len(SEED) - 1), st.binary(min_size=1, max_size=8)), min_size=1, max_size=12
    )
)
def test_no_change_of_bytes_makes_it_crash(changes: list[tuple[int, bytes]]) -> None:
    """Anywhere, and above all in the tables at the front."""
    data = bytearray(SEED)
    for place, content in changes:
        for start in (place, place % 1024):
            data[start : start + len(content)] = content
    _survives(bytes(data[: len(SEED)]))


@settings(max_examples=200, deadline=2000)
@given(st.binary(max_size=400), st.integers(0, len(SEED)))
def test_no_garbage_makes_it_crash(garbage: bytes, size: int) -> None:
    _survives(SEED[:size] + garbage)
    _survives(b"\x7fELF\x02\x01\x01" + garbage)


def _survives(data: bytes) -> None:
    with tempfile.NamedTemporaryFile(suffix=".so") as file:
        file.write(data)
        file.flush()
        assert isinstance(read(file.name), (Elf, Unknown))
        assert isinstance(undefined(file.name), (tuple, Unknown))
        assert isinstance(lacks(file.name, ("PyInit__psutil_linux", "nothing")), (tuple, Unknown))
