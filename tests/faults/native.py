"""Small libraries with real symbols, versions and wishes, made by the C compiler; and distributions' metadata."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.conftest import missing
from tests.faults.patient import replace

AARCH64 = 183


def library(
    path: Path,
    source: str = "int nothing;",
    *,
    soname: str | None = None,
    needs: Sequence[Path] = (),
    versions: str | None = None,
    runpath: str | None = None,
    more: Sequence[str] = (),
) -> Path:
    """Compile `source` to a shared library. `versions` is a version script, `needs` are libraries to link with."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        missing("cc", "no C compiler; as root: apt-get install gcc libc6-dev")
    replace(path, b"")
    code = path.with_name(f"{path.name}.c")
    code.write_text(source)
    argv = [
        compiler,
        "-shared",
        "-fPIC",
        "-nostartfiles",
        "-o",
        str(path),
        str(code),
        "-Wl,--no-as-needed",
        *map(str, needs),
        *more,
    ]
    argv += [f"-Wl,-soname,{soname}"] if soname else []
    argv += [f"-Wl,--enable-new-dtags,-rpath,{runpath}"] if runpath else []
    if versions:
        script = path.with_name(f"{path.name}.map")
        script.write_text(versions)
        argv.append(f"-Wl,--version-script={script}")
    path.unlink()
    subprocess.run(["env", "LC_ALL=C", *argv], check=True, capture_output=True, timeout=30)
    for made in path.parent.glob(f"{path.name}.*"):
        if made.suffix in (".c", ".map"):
            made.unlink()
    return path


def module(path: Path, name: str, **more: object) -> Path:
    """A module that Python would import, were it not for what it needs."""
    body = str(more.pop("source", ""))
    return library(path, f"{body}\nvoid *PyInit_{name}(void) {{ return 0; }}", **more)  # type: ignore[arg-type]


def for_machine(path: Path, machine: int = AARCH64) -> Path:
    """The same file, said to be for another kind of processor."""
    data = bytearray(path.read_bytes())
    struct.pack_into("<H", data, 18, machine)
    replace(path, bytes(data))
    return path


def distribution(
    site: Path, name: str, version: str, *requires: str, files: Sequence[str] = (), installer: str = "pip"
) -> Path:
    """The metadata of an installed distribution."""
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    wishes = "".join(f"Requires-Dist: {wish}\n" for wish in requires)
    replace(info / "METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{wishes}\nText\n")
    replace(info / "INSTALLER", f"{installer}\n")
    names = (*files, *(f"{info.name}/{one}" for one in ("METADATA", "INSTALLER", "RECORD")))
    replace(info / "RECORD", "".join(f"{one},,\n" for one in names))
    return info
