"""An account that may use only a part of a disk, and has used it; df shows room. The kernel, or the server's own program, is asked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.faults.gpu.world import World
from tests.faults.native import library
from tests.faults.patient import Diagnosis
from tests.faults.reported.test_containers import program

# A kernel that counts: this machine's was perhaps built without. quotactl_fd(2) is called by its number.
COUNTS = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
struct block { uint64_t hard, soft, now, files_hard, files_soft, files, grace, files_grace; uint32_t valid; };
static long (*real)(long, long, long, long, long, long, long);
long syscall(long number, ...) {
  va_list list; va_start(list, number); long a[6];
  for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
  va_end(list);
  if (number != 443) {
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "syscall");
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  }
  if ((unsigned)a[1] >> 8 != 0x800007 || (a[1] & 255) != 0 || a[2] != 65534) { errno = ESRCH; return -1; }
  *(struct block *)a[3] = (struct block){BLOCK};
  return 0;
}
"""
GIB = 1 << 20  # in KiB


def see(world: World, line: str, shim: Path | None = None) -> Diagnosis:
    """The doctor of a person without rights, who sees `/` mounted as `line` has it."""
    if not shutil.which("setpriv"):
        missing("root", "needs setpriv")
    caps = "+dac_override,+dac_read_search"  # for what the tests keep below root's home
    preload = f"LD_PRELOAD={shim}" if shim else "A=b"
    script = f"""
sed 's#^\\([^ ]* [^ ]* [^ ]* [^ ]* / .*\\) - .*#\\1 - {line}#' /proc/self/mountinfo >/run/mounts
mount --bind /run/mounts /proc/$$/mountinfo
exec setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps {caps} --ambient-caps {caps} env {preload} "$@"
"""
    world.inner = ["sh", "-ec", script, "sh"]
    return world.diagnose(areas="disk")


@pytest.mark.parametrize(
    ("block", "severity"),
    [
        (f"{20 * GIB}, {20 * GIB}, {20 * GIB}ull * 1024, 0, 0, 1200, 0, 0, 0", "fail"),
        (
            f"{30 * GIB}, {20 * GIB}, {21 * GIB}ull * 1024, 0, 0, 1200, 1000, 0, 0",
            "fail",
        ),  # its grace is over
        (f"{30 * GIB}, {20 * GIB}, {21 * GIB}ull * 1024, 0, 0, 1200, 1ull << 40, 0, 0", None),  # it lasts
        (f"{20 * GIB}, 0, {20 * GIB - 300_000}ull * 1024, 0, 0, 1200, 0, 0, 0", "warn"),
        (f"0, 0, {20 * GIB}ull * 1024, 5000, 5000, 5000, 0, 0, 0", "fail"),  # of files
        (f"{20 * GIB}, {20 * GIB}, {3 * GIB}ull * 1024, 0, 0, 1200, 0, 0, 0", None),
        (f"0, 0, {20 * GIB}ull * 1024, 0, 0, 1200, 0, 0, 0", None),  # counted, and not limited
    ],
)
def test_the_quota_of_an_account(bare: World, tmp_path: Path, block: str, severity: str | None) -> None:
    """https://github.com/modelscope/facechain/issues/16: "[Errno 122] Disk quota exceeded", and df shows room."""
    shim = library(tmp_path / "counts.so", COUNTS.replace("BLOCK", block))
    said = see(bare, "overlay overlay rw,usrquota", shim)
    told = {one["id"]: one for one in said.findings}.get("quota-full")
    assert (told and told["severity"]) == severity


def test_nobody_counts(bare: World, tmp_path: Path) -> None:
    block = f"{20 * GIB}, {20 * GIB}, {20 * GIB}ull * 1024, 0, 0, 1, 0, 0, 0"
    shim = library(tmp_path / "counts.so", COUNTS.replace("BLOCK", block))
    for options in ("rw", "rw,noquota"):
        assert "quota-full" not in see(bare, f"overlay overlay {options}", shim).complaints


HEAD = "Disk quotas for user nobody (uid 65534):\\n     Filesystem  blocks   quota   limit   grace   files   quota   limit   grace\\n"


@pytest.mark.parametrize(
    ("line", "command", "says", "severity"),
    [
        (
            "nfs4 files:/home rw",
            "quota",
            HEAD + "files:/home 20971520* 20971520 20971520 0 812 0 0 0",
            "fail",
        ),
        ("nfs4 files:/home rw", "quota", HEAD + "files:/home 120 20971520 20971520 0 812 0 0 0", None),
        ("nfs4 files:/home rw", "quota", HEAD + "files:/other 20971520* 20971520 20971520 0 812 0 0 0", None),
        ("lustre 10.0.0.1@tcp:/lus rw", "lfs", "     / 1048576 1048576 1048576 - 812 0 0 -", "fail"),
        ("lustre 10.0.0.1@tcp:/lus rw", "lfs", "     / 1048600* 1048576 2097152 6d23h59m 812 0 0 -", None),
    ],
)
def test_the_quota_that_a_file_server_keeps(
    bare: World, line: str, command: str, says: str, severity: str | None
) -> None:
    program(bare, f"/usr/local/bin/{command}")
    bare.put(f"/usr/local/bin/{command}", f"#!/bin/sh\nprintf '{says}\\n'\n")
    (bare.folder / f"root/usr/local/bin/{command}").chmod(0o755)
    said = see(bare, line)
    told = {one["id"]: one for one in said.findings}.get("quota-full")
    assert (told and told["severity"]) == severity
