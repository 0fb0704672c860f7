"""What lies around torch: the processor, the mount, the CUDA compiler, libsndfile."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.torch.mend import install
from doctor.checks.torch.toolchain import nvcc_lines
from doctor.facts import Torch
from doctor.finding import Finding
from doctor.goal import Goal

LEAST = ("sse4_1", "sse4_2", "ssse3", "popcnt", "cx16")  # x86-64-v2, which numpy and pyarrow are built for
FAST = ("avx", "avx2")


def check(torch: Torch, goal: Goal, *, is_told: bool) -> Iterator[Finding]:
    yield from _processor(torch)
    yield from _compiler(torch, is_told)
    if torch.noexec:
        yield found("torch", "site-mounted-noexec", prefix=goal.prefix)
    if "soundfile" in torch.family and torch.sndfile is None:
        yield found(
            "torch",
            "soundfile-no-libsndfile",
            version=torch.family["soundfile"],
            install=install(torch, goal),
        )


def _processor(torch: Torch) -> Iterator[Finding]:
    flags = torch.cpu_flags
    if flags is None:
        return
    least, fast = [f for f in LEAST if f not in flags], [f for f in FAST if f not in flags]
    if least or fast:
        yield found(
            "torch", "cpu-too-old-for-wheels", severity="fail" if least else "warn", missing=[*least, *fast]
        )


def _compiler(torch: Torch, is_told: bool) -> Iterator[Finding]:
    """Of interest to those alone who compile; nothing that comes as a wheel needs it. `is_told`: of CUDA_HOME, by another."""
    if not torch.cuda or not torch.version:
        return
    said = f"{torch.nvcc} {torch.nvcc_version or ''}".strip() if torch.nvcc else "no nvcc"
    if torch.cuda_home:
        said += f"; CUDA_HOME={torch.cuda_home}"
    named = torch.cuda_home is not None and not is_told
    absent = torch.nvcc is None and (named or "deepspeed" in torch.family)
    other = torch.nvcc_version is not None and torch.nvcc_version.split(".")[0] != torch.cuda.split(".")[0]
    if absent or other:
        lines = nvcc_lines(torch.cuda)
        yield found("torch", "nvcc-missing-or-other-cuda", said=said, cuda=torch.cuda, commands=lines)
