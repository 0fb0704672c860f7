"""The assembler that Triton brings: of a card that is younger than it, it does not know the name."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from doctor.facts import GpuDevice
from doctor.facts.gpu import Ptxas
from doctor.goal import Goal
from doctor.goal.target import site_packages
from doctor.reading.peek import is_there

NAMED = ("TRITON_PTXAS_PATH", "TRITON_PTXAS_BLACKWELL_PATH")
# Before Blackwell every Triton that torch comes with knows the card; of it the first kinds are known since 3.3.
KNOWN = ("10.0", "12.0")
SINCE = (3, 3)
RELEASE = re.compile(rb"Cuda compilation tools, release (\d+\.\d+)")
PIECE = 1 << 20
PLACES = ("triton/backends/nvidia/bin/ptxas-blackwell", "triton/backends/nvidia/bin/ptxas")


def of_triton(goal: Goal, devices: Sequence[GpuDevice]) -> Ptxas | None:
    """Looked into only where a card may be too new for it: the file is large."""
    new = [one for one in devices if int(one.compute_capability.split(".")[0] or 0) >= 10]
    if not new or any(os.environ.get(name) for name in NAMED):
        return None
    site = site_packages(goal)
    triton = _triton(site)
    if triton is None or (triton >= SINCE and all(one.compute_capability in KNOWN for one in new)):
        return None
    path = next((site / place for place in PLACES if is_there(site / place)), None)
    version = _release(path) if path else None
    if path is None or version is None:
        return None
    other = next(_others(), (None, None))
    return Ptxas(version=version, path=str(path), other=other[0], other_version=other[1])


def _triton(site: Path) -> tuple[int, ...] | None:
    for pattern in ("triton-*.dist-info", "pytorch_triton-*.dist-info"):
        for info in site.glob(pattern):
            return tuple(int(number) for number in re.findall(r"\d+", info.name)[:2])
    return None


def _release(path: Path) -> str | None:
    """From the words that it prints, which stand in the file."""
    try:
        with path.open("rb") as file:
            last = b""
            while piece := file.read(PIECE):
                if match := RELEASE.search(last + piece):
                    return match[1].decode()
                last = piece[-100:]
    except OSError:
        return None
    return None


def _others() -> Iterator[tuple[str, str]]:
    """Those of toolkits of the system, the newest first."""
    from doctor.probes.torch.toolkit import nvcc_version

    folders = [Path("/usr/local/cuda"), *Path("/usr/local").glob("cuda-*")]
    paths = [str(folder / "bin/ptxas") for folder in folders if os.access(folder / "bin/ptxas", os.X_OK)]
    known = [(path, version) for path in paths if (version := nvcc_version(path))]
    yield from sorted(known, key=lambda one: [int(n) for n in one[1].split(".")], reverse=True)
