"""Windows Subsystem for Linux: the driver is Windows', its libraries are in /usr/lib/wsl/lib."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.gpu.see import NONE, branch, devices, library, loaded, nvml_said, on_disk
from doctor.facts import Gpu, Host
from doctor.finding import Finding
from doctor.wheels.tables import numbers

HOME = "/usr/lib/wsl/"
BLOCKED, NO_LIBRARY = 17, 12
NEEDS_MORE = 555  # Windows' driver that needs libnvdxgdmal.so.1
FIRST_TO_MOUNT = (1, 14, 4)  # the container toolkit that hands it in


def switched_off(gpu: Gpu, host: object) -> Finding | None:
    """By a line of the distribution's own settings, or of Windows' for all of them."""
    config = host.wslconfig if isinstance(host, Host) else None
    place = gpu.wsl_off or (config.gpu_off if config else "")
    if not place or gpu.container or devices(gpu):
        return None
    return found("gpu", "wsl-gpu-switched-off", place=place, file=place.rpartition(":")[0])


def linux_driver(gpu: Gpu) -> Finding | None:
    """A Linux driver's library comes first. In a container the libraries are handed in elsewhere."""
    cuda = library(gpu, "libcuda.so.1") if gpu.wsl and gpu.container is None else None
    if cuda is None or HOME in cuda.real or cuda.version is None:
        return None
    packages = tuple(
        name
        for name in gpu.packages
        if name.startswith(("libnvidia", "nvidia", "cuda-drivers")) and "-container-" not in name
    )
    return found("gpu", "wsl-linux-driver-installed", path=cuda.real, packages=packages or NONE)


def lacking(gpu: Gpu) -> Iterator[Finding]:
    """What the driver of Windows needs and was not handed in: into this container, or by this host's toolkit into any."""
    if gpu.wsl_lacks:
        cuda = library(gpu, "libcuda.so.1")
        yield found(
            "gpu",
            "wsl-libraries-incomplete",
            missing=gpu.wsl_lacks,
            path=cuda.path if cuda else "libcuda.so.1",
            driver=loaded(gpu) or "?",
            commands=None if gpu.container else (("wsl.exe", "--update"), ("wsl.exe", "--shutdown")),
        )
    version = gpu.docker.toolkit_version.rpartition(":")[2].partition("-")[0]
    if gpu.wsl and version and branch(loaded(gpu) or "") >= NEEDS_MORE and numbers(version) < FIRST_TO_MOUNT:
        yield found("gpu", "wsl-container-toolkit-too-old", version=version, driver=loaded(gpu) or "?")


def apart(gpu: Gpu) -> Iterator[Finding]:
    if gpu.smi_apart and devices(gpu):
        yield found("gpu", "wsl-nvidia-smi-not-on-path", path=gpu.smi_apart)


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
