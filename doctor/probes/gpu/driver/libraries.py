"""Which files answer to the names of the driver's libraries, in the order in which ld.so finds them."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator
from pathlib import Path

from doctor.elf import read
from doctor.elf.linker import CACHE, FLAGS, cache_entries
from doctor.facts import DriverLibrary, Unknown
from doctor.reading.peek import is_file, peek

NAMES = ("libnvidia-ml.so.1", "libcuda.so.1")
# Where ld.so looks without being told.
DEFAULT = ("/lib64", "/usr/lib64", "/lib", "/usr/lib")
DEBIAN = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu")
# Where drivers are put too; found there but not by ld.so, the cache was never renewed.
ELSEWHERE = ("/usr/lib/wsl/lib", "/usr/local/nvidia/lib64", "/run/nvidia/driver/usr/lib")
# What NVIDIA's runtime lays into a container.
LAID_IN = (
    "libcuda*.so*",
    "libnvidia-*.so*",
    "libnvcuvid.so*",
    "libnvoptix.so*",
    "libvdpau_nvidia.so*",
    "libGL*_nvidia.so*",
)
PROGRAMS = (
    "nvidia-smi",
    "nvidia-debugdump",
    "nvidia-persistenced",
    "nvidia-cuda-mps-control",
    "nvidia-cuda-mps-server",
)
ELF_64 = b"\x7fELF\x02"


def libraries() -> tuple[DriverLibrary, ...]:
    cached = [line for line in cache_entries(CACHE, FLAGS.get(platform.machine(), 0)) if line[0] in NAMES]
    return tuple(found for name in NAMES for found in _of_name(name, cached))


def _of_name(name: str, cached: list[tuple[str, str]]) -> Iterator[DriverLibrary]:
    """Each file once, by where its links end."""
    places = [
        *((str(Path(folder) / name), "LD_LIBRARY_PATH") for folder in _path_folders()),
        *((path, "cache") for soname, path in cached if soname == name),
        *((f"{folder}/{name}", "default") for folder in (*DEFAULT, *DEBIAN)),
        *((f"{folder}/{name}", "disk") for folder in ELSEWHERE),
    ]
    seen: set[str] = set()
    for path, via in places:
        real = os.path.realpath(path)
        if real not in seen and peek(real, len(ELF_64)) in (ELF_64, b""):
            seen.add(real)
            yield _library(name, path, real, via)


def _library(name: str, path: str, real: str, via: str) -> DriverLibrary:
    version, whole = version_of(real), read(real)
    return DriverLibrary(
        name=name,
        path=path,
        real=real,
        version=version,
        via=via,
        beside=_beside(name, real) if via != "disk" else (),
        damaged=whole.reason if isinstance(whole, Unknown) else "",
        empties=_empties(Path(real)) if peek(real, 1) == b"" else (),
    )


def _beside(name: str, real: str) -> tuple[str, ...]:
    """Other releases of it that lie in the same folder: of an image, or of an installation by another way."""
    stem = name.removesuffix("1")
    files = (path for path in Path(real).parent.glob(f"{stem}*") if str(path) != real)
    return tuple(sorted({version for path in files if (version := version_of(str(path)))}))


def _empties(file: Path) -> tuple[str, ...]:
    """All that was laid in beside it, and its programs: where it was, an empty file stays behind."""
    places = [
        *(file.parent.glob(pattern) for pattern in LAID_IN),
        [Path("/usr/bin", name) for name in PROGRAMS],
    ]
    files = (path for place in places for path in place if is_file(path) and peek(path, 1) == b"")
    return tuple(sorted({str(path) for path in files if not path.is_symlink()}))


def version_of(path: str) -> str | None:
    """The driver's version in the name of one of its files: libcuda.so.550.144.03."""
    match = re.search(r"\.so\.(\d{3}\.\d[\d.]*)$", path)
    return match.group(1) if match else None


def _path_folders() -> list[str]:
    return [folder for folder in os.environ.get("LD_LIBRARY_PATH", "").split(":") if folder]
