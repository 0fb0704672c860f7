"""A world in which files cannot be mapped, as on a FUSE mount that goes past the page cache: loaded before the real library."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.conftest import missing

SOURCE = """
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
void *mmap(void *where, size_t size, int may, int how, int file, off_t offset) {
    if (file >= 0 && (how & MAP_SHARED)) { errno = ENODEV; return MAP_FAILED; }
    return (void *)syscall(SYS_mmap, where, size, may, how, file, offset);
}
void *mmap64(void *where, size_t size, int may, int how, int file, off_t offset) {
    return mmap(where, size, may, how, file, offset);
}
"""


def no_mmap(folder: Path) -> dict[str, str]:
    """Variables under which every program finds that no file can be mapped together with others."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        missing("cc", "no C compiler; as root: apt-get install gcc libc6-dev")
    source, library = folder / "no_mmap.c", folder / "no_mmap.so"
    source.write_text(SOURCE)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source)], check=True, timeout=60)
    return {"LD_PRELOAD": str(library)}
