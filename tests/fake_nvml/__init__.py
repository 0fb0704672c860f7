"""A stand-in for NVIDIA's management library, compiled from nvml.c: the real nvidia-ml-py loads it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.conftest import missing

SOURCE = Path(__file__).with_name("nvml.c")


def build(folder: Path) -> Path:
    """The library, compiled. Skips where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        missing("cc", "no C compiler; as root: apt-get install gcc libc6-dev")
    library = folder / "libnvidia-ml.so"
    flags = ["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-Wl,-soname,libnvidia-ml.so.1"]
    subprocess.run([compiler, *flags, "-o", str(library), str(SOURCE)], check=True, timeout=60)
    return library


CUDA = """
#include <stdlib.h>
int cuInit(unsigned flags) { const char *code = getenv("FAKE_CUDA"); return flags || !code ? 0 : atoi(code); }
"""


def build_cuda(folder: Path) -> Path:
    """A libcuda.so.1 whose start answers what FAKE_CUDA says."""
    compiler = shutil.which("cc") or shutil.which("gcc") or "cc"
    library = folder / "libcuda.so"
    flags = ["-shared", "-fPIC", "-Wl,-soname,libcuda.so.1", "-x", "c", "-"]
    subprocess.run([compiler, *flags, "-o", str(library)], input=CUDA, text=True, check=True, timeout=60)
    return library
