"""How much memory a piece of work took at its peak, in MB (10^6 bytes)."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

MB = 1e6


def begin(device: str) -> float:
    """Forget earlier peaks and return the level, in MB, above which `peak` counts."""
    if device.startswith("cuda"):
        import torch

        torch.cuda.reset_peak_memory_stats(device)
        return 0.0
    return _process_mb("VmRSS:") if _reset_peak() else _highest_mb()


def peak(device: str, level: float) -> float:
    """On a GPU what torch held at most; on a CPU by how much the process grew above `level`.

    Where the kernel refuses to reset the peak, growth counts only above the highest peak so far: a lower bound.
    """
    if device.startswith("cuda"):
        import torch

        return float(torch.cuda.max_memory_allocated(device)) / MB
    return max(0.0, _highest_mb() - level)


def _reset_peak() -> bool:
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def _highest_mb() -> float:
    if Path("/proc/self/status").exists():
        return _process_mb("VmHWM:")
    # kilobytes on Linux, bytes on macOS
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / MB


def _process_mb(name: str) -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024 / MB
    return 0.0
