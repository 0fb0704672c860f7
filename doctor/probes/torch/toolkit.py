"""What lies around torch: the CUDA compiler, what the processor can do, and whether code may be loaded at all."""

from __future__ import annotations

import os
import platform
import re
import shutil
from pathlib import Path

from doctor.reading.peek import peek, peek_text

# What the wheels of numpy (x86-64-v2) and torch rely on, as the kernel calls it.
WATCHED = ("sse4_1", "sse4_2", "ssse3", "popcnt", "cx16", "avx", "avx2", "fma", "f16c")


def nvcc() -> str | None:
    """The CUDA compiler that a build would take: CUDA_HOME first, then PATH, then the usual place."""
    home = os.environ.get("CUDA_HOME") or os.environ.get("CUDA_PATH")
    if home:
        return f"{home}/bin/nvcc" if os.access(f"{home}/bin/nvcc", os.X_OK) else None
    usual = "/usr/local/cuda/bin/nvcc"
    return shutil.which("nvcc") or (usual if os.access(usual, os.X_OK) else None)


def nvcc_version(path: str) -> str | None:
    """From the toolkit's own notes; the compiler is not run."""
    root = root_of(path)
    for name, pattern in (
        ("version.json", rb'"cuda"[^}]*"version"\s*:\s*"(\d+\.\d+)'),
        ("version.txt", rb"(\d+\.\d+)"),
    ):
        if match := re.search(pattern, peek(root / name, 65536) or b""):
            return match.group(1).decode()
    if named := re.search(r"cuda-(\d+\.\d+)", str(root)):
        return named.group(1)
    for folder in include_folders(path):  # that of Debian and Ubuntu has no such notes
        if match := re.search(
            rb"#define CUDA(?:RT)?_VERSION\s+(\d+)", peek(f"{folder}/cuda.h", 65536) or b""
        ):
            return f"{int(match[1]) // 1000}.{int(match[1]) % 1000 // 10}"
    return None


def root_of(nvcc: str) -> Path:
    """The folder of the toolkit. Distributions put a script into PATH that calls the compiler elsewhere."""
    said = peek_text(nvcc, 400)
    called = re.search(r"^exec\s+(/\S+/nvcc)\b", said, re.MULTILINE) if said.startswith("#!") else None
    return Path(called[1] if called else nvcc).resolve().parent.parent


def include_folders(nvcc: str) -> tuple[str, ...]:
    """Where that compiler has CUDA's headers; conda keeps them a folder further down."""
    root = root_of(nvcc)
    system = ("/usr/include",) if root.name in ("usr", "nvidia-cuda-toolkit") else ()
    return (f"{root}/include", f"{root}/targets/{platform.machine()}-linux/include", *system)


def c_compiler() -> str | None:
    """The one that Triton would take to build the start of each kernel; a variable is followed wherever it leads."""
    if said := os.environ.get("CC", "").strip():
        return said if shutil.which(said.split()[0]) else None
    return next(filter(None, map(shutil.which, ("gcc", "clang", "cc"))), None)


def cpu_flags(path: Path = Path("/proc/cpuinfo")) -> tuple[str, ...] | None:
    """Of the watched abilities those that the processor has. None where this says nothing (other kinds of processor)."""
    if platform.machine() != "x86_64":
        return None
    lines = peek_text(path, 16384).splitlines()  # the first processor is enough
    words = next((line.split() for line in lines if line.startswith("flags")), None)
    return tuple(flag for flag in WATCHED if flag in words) if words else None


def noexec(folder: Path) -> bool:
    try:
        return bool(os.statvfs(folder).f_flag & os.ST_NOEXEC)
    except OSError:
        return False
