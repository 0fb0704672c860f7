"""A card without a loaded driver, on a machine whose kernel is our own."""

from __future__ import annotations

import re

from doctor.catalogue import found
from doctor.checks.gpu.cards import broken, kernel_said
from doctor.checks.gpu.see import FIRST_BLACKWELL, NONE, branch, cards_named
from doctor.facts import Gpu
from doctor.finding import Finding

REJECTED = re.compile(r"Loading of .*(unsigned|unavailable key|rejected)|Key was rejected", re.IGNORECASE)
OF_ANOTHER = re.compile(r"nvidia: (?:version magic|disagrees about|Unknown symbol)")
VERSION = re.compile(r"\d{3}\.\d")
USUAL_BRANCH = 580
# Packages that hold, or build, the kernel module.
KERNEL_SIDE = (
    "nvidia-driver", "nvidia-headless", "nvidia-dkms", "nvidia-kernel", "nvidia-open", "cuda-drivers",
    "linux-modules-nvidia",
)  # fmt: skip


def not_loaded(gpu: Gpu) -> Finding | None:
    shown = cards_named(gpu.cards) or gpu.pci
    if _nouveau(gpu):
        installed = "NVIDIA " + ", ".join(_installed(gpu)) if _installed(gpu) else NONE
        return found("gpu", "nouveau-owns-gpu", cards=shown, installed=installed)
    if gpu.module.here:
        rejected = _secure_boot(gpu)
        file = gpu.module.here[0]
        if rejected:
            return found("gpu", "secure-boot-rejects-module", file=file, sign=rejected)
        foreign = _does_not_fit(gpu)
        if foreign:
            return found("gpu", "driver-module-does-not-fit-kernel", file=file, sign=foreign)
        if gpu.module.forbidden:
            return found(
                "gpu",
                "driver-module-blacklisted",
                file=file,
                places=gpu.module.forbidden,
                commands=_allow(gpu),
            )
        return _other_driver(gpu) or found("gpu", "driver-module-not-loaded", cards=shown, file=file)
    if gpu.module.build and (_installed(gpu) or gpu.module.build.log.startswith("/var/log/")):
        from doctor.checks.gpu.driver import build  # where an attempt to build it failed

        return build.failed(gpu.module.build, _installed(gpu))
    if _installed(gpu):
        others = ", ".join(gpu.module.other_kernels) or NONE
        return found(
            "gpu", "driver-module-missing-for-running-kernel", others=others, installed=_installed(gpu)
        )
    return found("gpu", "driver-not-installed", pci=shown, commands=_install(gpu))


def _other_driver(gpu: Gpu) -> Finding | None:
    """A driver that has no use for the card ends as soon as it is loaded; the kernel's words may be gone by now."""
    driver, names = _version(gpu), [name for name in gpu.packages if name.startswith(KERNEL_SIDE)]
    is_open = any("-open" in name for name in names) if names else None
    pair = broken.of_pair(gpu, driver, is_open=is_open) if driver else None
    return kernel_said.dropped(gpu) or pair


def _version(gpu: Gpu) -> str | None:
    """Of the driver that is installed, where there is one: of what its packages say, or what lies ready for DKMS."""
    packages = (v for name, v in gpu.packages.items() if name.startswith(KERNEL_SIDE))
    plain = (version.rpartition(":")[2].partition("-")[0] for version in packages)
    said = [version for version in plain if VERSION.match(version)] or list(gpu.module.sources)
    return said[0] if len({branch(version) for version in said}) == 1 else None


def _install(gpu: Gpu) -> tuple[tuple[str, ...], ...] | None:
    """The newest driver is not for every card: None where the usual one is."""
    device = max((card.device for card in gpu.cards), default=0)
    last = broken.last_branch(device) if device else None
    if last and last < USUAL_BRANCH:
        packages: tuple[str, ...] = (f"nvidia-driver-{last}", f"nvidia-utils-{last}")
    elif device >= FIRST_BLACKWELL:
        packages = (f"nvidia-driver-{USUAL_BRANCH}-server-open", f"nvidia-utils-{USUAL_BRANCH}-server")
    else:
        return None
    return (("apt-get", "install", "-y", *packages), ("reboot",))


def _nouveau(gpu: Gpu) -> bool:
    bound = {card.bound for card in gpu.cards}
    return "nouveau" in bound or (gpu.module.nouveau and gpu.module.state is None and "nvidia" not in bound)


def _installed(gpu: Gpu) -> tuple[str, ...]:
    """What shows that a driver was installed with its kernel module; libraries alone are no driver."""
    packages = [f"{name} {v}" for name, v in gpu.packages.items() if name.startswith(KERNEL_SIDE)]
    sources = [f"/usr/src/nvidia-{version}" for version in gpu.module.sources]
    trees = [f"/lib/modules/{kernel}" for kernel in gpu.module.other_kernels]
    return tuple((packages or sources or trees)[:3])


def _allow(gpu: Gpu) -> tuple[tuple[str, ...], ...]:
    files = dict.fromkeys(place.partition(":")[0] for place in gpu.module.forbidden)
    edited = tuple(("$EDITOR", "/etc/default/grub" if f == "/proc/cmdline" else f) for f in files)
    return (*edited, ("update-initramfs", "-u"), ("modprobe", "nvidia"))


def _does_not_fit(gpu: Gpu) -> str | None:
    """What shows that the file was made for another kernel, or was never finished."""
    if gpu.module.empty:
        return "0 bytes"
    return next((line for line in reversed(gpu.xids) if OF_ANOTHER.search(line)), None)


def _secure_boot(gpu: Gpu) -> str | None:
    """What shows that the kernel will not take this module."""
    said = next((line for line in gpu.xids if REJECTED.search(line)), None)
    if said:
        return said
    if gpu.secure_boot and gpu.module.unsigned:
        return "Secure Boot: on; no signature"
    if gpu.secure_boot and gpu.key_enrolled is False:
        return "Secure Boot: on; MOK not enrolled"
    return None
