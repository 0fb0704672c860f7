"""Environments with torch and its companions, as people have reported them; each named at first sight."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.conftest import missing
from tests.faults.dists import install
from tests.faults.patient import diagnose
from tests.faults.person import need_another_user
from tests.faults.reported.later import flash_attn_of_later
from tests.faults.torch.env import ROOM, look

TAG = f"cpython-{sys.version_info.major}{sys.version_info.minor}-{sys.implementation._multiarch}"
FLAGS = (
    "fpu de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pse36 clflush mmx fxsr sse sse2 syscall nx lm nopl cpuid"
    " pni cx16 hypervisor lahf_lm abm pti"
)


def with_torch(prefix: Path, version: str, cuda: str) -> None:
    built = f"__version__ = '{version}'\ncuda: Optional[str] = '{cuda}'\nhip: Optional[str] = None\n"
    install(prefix, "torch", version, {"torch/__init__.py": "", "torch/version.py": built})


def test_a_virtual_machine_that_hides_what_its_processor_can(
    empty_env: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    """https://github.com/pytorch/pytorch/issues/22338: "Illegal instruction" on a "QEMU Virtual CPU (cpu64-rhel6)"."""
    need_another_user()
    if "x86_64" not in TAG:
        missing("x86_64", "the flags are those of x86_64")
    with_torch(empty_env, "1.1.0", "9.0.176")
    model = "QEMU Virtual CPU version (cpu64-rhel6)"
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nmodel name\t: {model}\nflags\t\t: {FLAGS}\n\n")
    over = f'mount --bind {tmp_path}/cpuinfo /proc/cpuinfo && exec "$@"'
    prefix = ["unshare", "-m", "sh", "-c", over, "sh"]
    said = diagnose({**environ, "TARGET": str(empty_env)}, "--area", ROOM, prefix=prefix)
    assert said.failed == ["cpu-too-old-for-wheels"]
    assert "avx2" in said.of("cpu-too-old-for-wheels")["evidence"]


def test_flash_attn_for_a_newer_system(empty_env: Path, environ: dict[str, str], tmp_path: Path) -> None:
    """https://github.com/Dao-AILab/flash-attention/issues/1708: "`GLIBC_2.32' not found"; here a version of the future."""
    with_torch(empty_env, "2.5.1+cu121", "12.1")
    flash_attn_of_later(empty_env, tmp_path, TAG)
    said = look(empty_env, environ)
    assert said.complaints == ["glibc-too-old-for-extension"]
    assert "GLIBC_2.99" in said.of("glibc-too-old-for-extension")["title"]
