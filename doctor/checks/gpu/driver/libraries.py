"""The driver's libraries: the files that programs get, against the kernel module that they must belong to."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.gpu.cards import broken
from doctor.checks.gpu.driver import copies
from doctor.checks.gpu.see import NONE, devices, library, loaded, on_disk
from doctor.facts import DriverLibrary, Gpu
from doctor.finding import Finding
from doctor.wheels.tables import numbers

NVML, CUDA = "libnvidia-ml.so.1", "libcuda.so.1"
MISMATCH = 18
NO_LIBRARY = 12
NOT_INITIALIZED = 3
CUDA_SAYS = {
    2: "out of memory",
    3: "not initialized",
    34: "a stub library in the driver's place",
    46: "device unavailable",
    100: "no device",
    101: "invalid device",
    802: "system not ready",
    803: "driver and library do not belong together",
    804: "compatibility library on a card that it does not serve",
    805: "no connection to the MPS control daemon",
    999: "unknown error",
}
NO_COMPAT = ("geforce", "titan")  # cards that NVIDIA's forward compatibility never serves


def other_version(gpu: Gpu) -> Finding | None:
    """NVML is of another release than the module: it says 18, and the files say which."""
    file = library(gpu, NVML)
    differs = file is not None and _differs(gpu, file)
    if gpu.nvml_code != MISMATCH and not (differs and gpu.nvml_code != 0):
        return None
    return (copies.hides_the_right_one(gpu, file) if file and differs else None) or _mismatch(gpu, file)


def _differs(gpu: Gpu, file: DriverLibrary) -> bool:
    driver = loaded(gpu)
    return driver is not None and file.version is not None and file.version != driver and not gpu.wsl


def _mismatch(gpu: Gpu, file: DriverLibrary | None) -> Finding:
    return found(
        "gpu",
        "driver-library-version-mismatch",
        driver=loaded(gpu) or "?",
        library=(file.version if file else None) or "?",
        path=file.real if file else NVML,
        commands=(("docker", "restart", "CONTAINER"),) if gpu.container else None,
    )


def not_found(gpu: Gpu) -> Finding | None:
    if gpu.nvml_code != NO_LIBRARY:
        return None
    if gpu.container and library(gpu, CUDA):
        has = gpu.capabilities or NONE
        return found("gpu", "container-driver-capabilities-lack-utility", capabilities=has)
    return found("gpu", "driver-libraries-missing", soname=NVML, disk=on_disk(gpu) or NONE)


def unusable(gpu: Gpu) -> Iterator[Finding]:
    """GPUs are listed, but CUDA has no library, another release's, or no node. Judged only where we found NVML's."""
    cuda, wrong = library(gpu, CUDA), copies.stub(gpu, CUDA) or copies.damaged(gpu, CUDA)
    if wrong:
        yield wrong
    elif cuda is None and library(gpu, NVML) is not None:
        yield _no_cuda(gpu)
    elif cuda is not None and _differs(gpu, cuda):
        yield from _other_cuda(gpu, cuda)
    else:
        yield from _no_memory_node(gpu)


def _no_cuda(gpu: Gpu) -> Finding:
    if gpu.container:
        has = gpu.capabilities or NONE
        return found("gpu", "container-driver-capabilities-lack-compute", capabilities=has)
    return found("gpu", "driver-libraries-missing", soname=CUDA, disk=on_disk(gpu) or NONE)


def _other_cuda(gpu: Gpu, cuda: DriverLibrary) -> Iterator[Finding]:
    if not _is_compat(gpu, cuda):
        yield copies.hides_the_right_one(gpu, cuda) or _mismatch(gpu, cuda)
    elif not _compat_serves(gpu, cuda):
        copy = None if "/compat/" in cuda.real else copies.hides_the_right_one(gpu, cuda)
        if copy:  # of the image, and never meant for compatibility
            yield copy
            return
        card = ", ".join(dict.fromkeys(device.name for device in devices(gpu)))
        yield found(
            "gpu",
            "cuda-compat-libs-shadow-driver",
            path=cuda.path,
            library=cuda.version or "?",
            driver=loaded(gpu) or "?",
            card=card,
            via=cuda.via,
        )


def _is_compat(gpu: Gpu, cuda: DriverLibrary) -> bool:
    """By its folder; in a container the runtime lays it beside the driver's own libraries, of which NVML's is right."""
    nvml = library(gpu, NVML)
    return "/compat/" in cuda.real or (
        gpu.container is not None and nvml is not None and not _differs(gpu, nvml)
    )


def _compat_serves(gpu: Gpu, cuda: DriverLibrary) -> bool:
    """Made for data-centre cards whose driver is older than it."""
    newer = numbers(cuda.version or "0") > numbers(loaded(gpu) or "0")
    return newer and not any(word in device.name.lower() for device in devices(gpu) for word in NO_COMPAT)


def _no_memory_node(gpu: Gpu) -> Iterator[Finding]:
    """/dev/nvidia-uvm. On a host, nvidia-modprobe makes it when the first program asks for CUDA."""
    uvm = next((node for node in gpu.nodes if node.path == "/dev/nvidia-uvm"), None)
    absent = uvm is None or uvm.error in ("ENXIO", "ENODEV", "not a device")
    if gpu.nodes and absent and not gpu.wsl and (gpu.container or not gpu.makes_nodes):
        nodes = tuple(node.path for node in gpu.nodes)
        yield found("gpu", "nvidia-uvm-node-missing", nodes=nodes, said=uvm.error or "" if uvm else NONE)
    elif uvm and uvm.error == "EPERM":
        yield found("gpu", "nvidia-uvm-not-allowed", container=gpu.container or NONE)
    elif uvm and uvm.error == "EACCES":
        yield broken.refused(gpu, (uvm.path,))


def not_starting(gpu: Gpu) -> Iterator[Finding]:
    """CUDA itself was asked (--deep) and refused. Whatever is found above explains it."""
    if gpu.cuda_code == NOT_INITIALIZED and gpu.hmm and gpu.module.is_open:
        yield found("gpu", "cuda-does-not-start-with-hmm", driver=loaded(gpu) or "?")
    elif gpu.cuda_code:
        said = CUDA_SAYS.get(gpu.cuda_code, "?")
        yield found("gpu", "cuda-does-not-start", code=gpu.cuda_code, said=said)
