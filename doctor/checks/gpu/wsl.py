"""Windows Subsystem for Linux: the driver is Windows', its libraries are in /usr/lib/wsl/lib."""

from __future__ import annotations

from doctor.catalogue import found
from doctor.checks.gpu.see import NONE, library, nvml_said, on_disk
from doctor.facts import Gpu
from doctor.finding import Finding

HOME = "/usr/lib/wsl/"
BLOCKED, NO_LIBRARY = 17, 12


def linux_driver(gpu: Gpu) -> Finding | None:
    """A Linux driver's library comes first. In a container the libraries are handed in elsewhere."""
    cuda = library(gpu, "libcuda.so.1") if gpu.wsl and gpu.container is None else None
    if cuda is None or HOME in cuda.real or cuda.version is None:
        return None
    packages = tuple(
        name for name in gpu.packages if name.startswith(("libnvidia", "nvidia", "cuda-drivers"))
    )
    return found("gpu", "wsl-linux-driver-installed", path=cuda.real, packages=packages or NONE)


def blocked(gpu: Gpu) -> Finding | None:
    """Windows has handed in the libraries of an NVIDIA driver, and they are refused. Without them there is no GPU."""
    handed_in = any(HOME in one.real for one in gpu.libraries)
    if not gpu.wsl or not (handed_in or gpu.nvml_code == BLOCKED):
        return None
    if gpu.nvml_code == NO_LIBRARY and handed_in:
        home = HOME + "lib"
        return found(
            "gpu",
            "driver-libraries-missing",
            soname="libnvidia-ml.so.1",
            disk=on_disk(gpu) or NONE,
            commands=(("sh", "-c", f"echo {home} >/etc/ld.so.conf.d/ld.wsl.conf; ldconfig"),),
        )
    dxg = "/dev/dxg" if gpu.has_dxg else "no /dev/dxg"
    return found("gpu", "wsl-gpu-access-blocked", said=nvml_said(gpu), dxg=dxg)
