"""Facts of GPUs and their driver."""

from __future__ import annotations

import msgspec

from doctor.facts.unknown import Unknown


class PciCard(msgspec.Struct, frozen=True, kw_only=True):
    """One NVIDIA controller on the PCI bus, as the kernel lists it without any driver of NVIDIA's."""

    address: str
    device: int  # PCI device id: 0x2684
    bound: str | None = None  # the kernel driver that owns it: nvidia, nouveau, vfio-pci
    answers: bool = True  # False: its configuration space reads as all ones, it is off the bus


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One of /dev/nvidia*, listed before NVML was asked: as root NVML makes them itself."""

    path: str
    error: str | None = None  # what open(2) said: EPERM, EACCES, …; None: it opens


class DriverLibrary(msgspec.Struct, frozen=True, kw_only=True):
    """One file that answers to a name of the driver's libraries, in the order in which ld.so finds them."""

    name: str  # libcuda.so.1
    path: str  # as found
    real: str  # where its links end
    version: str | None = None
    via: str = "cache"  # LD_LIBRARY_PATH, cache, or disk: there, but ld.so does not look there
    beside: tuple[str, ...] = ()  # releases of other files of that library in the same folder
    damaged: str = ""  # why it cannot be loaded: an empty file, or one that breaks off


class Module(msgspec.Struct, frozen=True, kw_only=True):
    """The kernel module."""

    state: str | None = None  # /sys/module/nvidia/initstate
    nouveau: bool = False  # the free driver is loaded
    is_open: bool = False  # NVIDIA's open kernel modules
    here: tuple[str, ...] = ()  # its files for the running kernel
    other_kernels: tuple[str, ...] = ()  # kernels, other than the running one, that have it
    unsigned: bool | None = None  # the file carries no signature; None: packed, or not there
    sources: tuple[str, ...] = ()  # versions whose source lies ready for DKMS
    forbidden: tuple[
        str, ...
    ] = ()  # what keeps it from being loaded at boot: FILE:LINE of modprobe.d, or a word of the kernel's command line
    empty: bool = False  # its file for the running kernel has no bytes


class GpuProcess(msgspec.Struct, frozen=True, kw_only=True):
    pid: int
    name: str | None = None  # None: no such process here, it is in another container
    bytes: int | None = None
    orphan: bool = False  # a notebook kernel or worker whose parent has gone


class GpuDevice(msgspec.Struct, frozen=True, kw_only=True):
    """One GPU as NVML describes it. What it does not say of this card is left at "nothing"."""

    index: int
    name: str
    compute_capability: str  # "8.9"
    memory_bytes: int
    memory_used: int | None = None
    uuid: str = ""
    pci: str = ""
    processes: tuple[GpuProcess, ...] | None = None  # None: not said
    is_vgpu: bool = False  # a share of a card, handed out by a hypervisor
    unlicensed: bool = False  # a share that found no licence and is held back for it
    ecc_uncorrected: int = 0  # since the driver was loaded
    remap_pending: bool = False
    remap_failed: bool = False
    mig: bool = False
    mig_devices: tuple[str, ...] = ()  # UUIDs of its slices
    mig_pending: bool = False  # was switched on or off, which holds from the next reset
    pages_pending: bool = False  # worn memory pages wait for the next reset (cards before Ampere)
    compute_mode: int = 0  # 0 shared, 1 and 3 exclusive, 2 prohibited
    slowed_by: int = 0  # NVML's bits of clocks event reasons
    power_limit_watts: float | None = None
    power_default_watts: float | None = None
    persistence: bool | None = None
    fabric: int | None = None  # 0 none, 1 not started, 2 in progress, 3 done


class LostDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A GPU that NVML counts and cannot talk to."""

    index: int
    code: int
    said: str


class Visible(msgspec.Struct, frozen=True, kw_only=True):
    """CUDA_VISIBLE_DEVICES, and where it was seen."""

    value: str
    where: str  # shell, kernelspec NAME, process PID


class Allocator(msgspec.Struct, frozen=True, kw_only=True):
    """The variable that steers torch's memory on the GPU, where torch stops at its value."""

    variable: str
    value: str
    fault: str  # the option at which torch stops


class Ptxas(msgspec.Struct, frozen=True, kw_only=True):
    """The assembler that Triton brings, on a machine with a card that a recent one may not know."""

    version: str  # "12.8"
    path: str
    other: str | None = None  # one of a toolkit of the system, and its version
    other_version: str | None = None


class Docker(msgspec.Struct, frozen=True, kw_only=True):
    """What hands GPUs to containers, on a host."""

    command: str | None = None
    toolkit: str | None = None  # the first of NVIDIA's programs found
    runtime: bool = False  # daemon.json names the runtime nvidia
    cdi: bool = False  # a CDI specification of NVIDIA's is there


class Gpu(msgspec.Struct, frozen=True, kw_only=True, tag="gpu"):
    pci: tuple[str, ...]  # PCI addresses of NVIDIA display and compute controllers
    driver: str | Unknown | None  # version of the loaded kernel module; on WSL what NVML says
    devices: tuple[GpuDevice, ...] | Unknown
    cards: tuple[PciCard, ...] = ()
    others: tuple[str, ...] = ()  # PCI vendor ids of GPUs of other makers
    nvswitches: int = 0  # on the PCI bus
    module: Module = Module()
    nodes: tuple[Node, ...] = ()
    libraries: tuple[DriverLibrary, ...] = ()
    packages: dict[str, str] = {}  # of the driver and the fabric manager, as dpkg has them
    lost: tuple[LostDevice, ...] = ()
    nvml_code: int | None = None  # what its initialisation answered; 0 is fine
    cuda_code: int | None = None  # with --deep: what cuInit answered; 0 is fine
    nvml_hung: float | None = None  # seconds waited in vain
    nvml_stuck: bool = False  # the question hangs in the kernel (state D), as do those of others
    holders: tuple[GpuProcess, ...] = ()  # processes here that have a GPU's node open
    container: str | None = None
    wsl: bool = False
    has_dxg: bool = False  # /dev/dxg: WSL's way to the GPU
    secure_boot: bool = False
    key_enrolled: bool | None = (
        None  # the key with which this machine signs its modules is known to the firmware
    )
    uptime_seconds: float | None = None
    fabric_manager: bool = False  # its process runs here
    makes_nodes: bool = False  # nvidia-modprobe is here: CUDA calls it for nodes that are missing
    visible: tuple[Visible, ...] = ()
    visible_set_in: tuple[str, ...] = ()  # files that set CUDA_VISIBLE_DEVICES: path:line
    nvidia_visible: str | None = None  # NVIDIA_VISIBLE_DEVICES
    capabilities: str | None = None  # NVIDIA_DRIVER_CAPABILITIES
    slurm: bool = False  # inside a job
    groups: tuple[str, ...] = ()  # this user's, by name
    docker: Docker = Docker()
    jetson: bool = False  # the GPU is part of the processor: on no PCI bus, and with its own driver
    allocator: Allocator | None = None
    allocator_options: dict[str, str] = {}  # that torch can read, each with the variable and its value
    ptxas: Ptxas | None = None
    xids: tuple[str, ...] = ()  # NVRM's last lines in the kernel log of this boot, where readable
