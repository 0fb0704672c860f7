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
    lanes: int | None = None  # of PCI Express, in use now
    lanes_most: int | None = None  # that the card itself has
    window: int = 0  # bytes of its memory that are seen in the machine's addresses (BAR 1); 0: not said
    window_at: int | None = None  # where; None: it was given no place, or is not said
    redirected: tuple[
        str, ...
    ] = ()  # bridges above it that send what cards say to each other the long way (ACS)
    translated: str = ""  # kind of the IOMMU's domain that it is in: DMA, DMA-FQ, identity; "": none


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One of /dev/nvidia*, listed before NVML was asked: as root NVML makes them itself."""

    path: str
    error: str | None = None  # what open(2) said: EPERM, EACCES, …; None: it opens
    group: str = ""  # that may read and write it, where not all may; "": none but root's


class DriverLibrary(msgspec.Struct, frozen=True, kw_only=True):
    """One file that answers to a name of the driver's libraries, in the order in which ld.so finds them."""

    name: str  # libcuda.so.1
    path: str  # as found
    real: str  # where its links end
    version: str | None = None
    via: str = "cache"  # LD_LIBRARY_PATH, cache, or disk: there, but ld.so does not look there
    beside: tuple[str, ...] = ()  # releases of other files of that library in the same folder
    damaged: str = ""  # why it cannot be loaded: an empty file, or one that breaks off
    empties: tuple[str, ...] = ()  # where it is empty: all files of the driver that are


class Build(msgspec.Struct, frozen=True, kw_only=True):
    """What kept a kernel module from being built, as the log of the attempt has it."""

    log: str  # path
    why: str  # compiler, compiler-missing, headers, disk, memory, tool, licence, signing, kernel-too-new, ""
    line: str  # the line that says so
    wanted: str = ""  # the compiler, or the tool, that was wanted


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
    build: Build | None = None  # why DKMS could not build it for the running kernel
    params: dict[str, str] = {}  # its options that are not at their defaults
    options: tuple[str, ...] = ()  # lines of modprobe's settings that set those: FILE:LINE


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
    lanes: int | None = None  # of PCI Express, in use now
    lanes_most: int | None = None  # that the card in this slot could use
    linked: bool = False  # to others, by NVLink
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


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """A variable that steers CUDA, torch or NCCL, as a shell, a notebook or a file of NCCL's sets it."""

    name: str
    value: str
    where: str  # shell, kernelspec NAME, notebook kernel PID, the path of a file
    set_in: tuple[str, ...] = ()  # lines of start-up files that set it: path:line
    fault: str = ""  # why the file or folder that it names cannot be used
    one: str = ""  # of a list where one folder is asked for: the folder that would do
    unknown: tuple[
        str, ...
    ] = ()  # of a list of architectures: those that the torch of the goal does not know


class Mps(msgspec.Struct, frozen=True, kw_only=True):
    """Where CUDA looks for NVIDIA's server that shares a card among programs, and whether it is there."""

    folder: str
    named: bool = False  # by CUDA_MPS_PIPE_DIRECTORY
    state: str = "alive"  # alive, no folder, no control (socket), dead, denied


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """A setting of NVIDIA's container toolkit with which containers get no GPU."""

    name: str
    value: str = ""
    fault: str = ""  # why, in words


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
    fault: str = ""  # why its daemon does not start with its daemon.json
    context: str = ""  # the context, or the variable, that leads to another daemon than this machine's
    endpoint: str = ""  # that daemon's address, without who logs in
    settings: tuple[Setting, ...] = ()  # of the container toolkit, where they keep GPUs from containers
    rootful: bool = False  # its daemon of root listens here
    rootless: str = ""  # the address of a daemon of this user, where `docker` talks to one
    outdated: str = ""  # when NVIDIA's toolkit was installed, where the running daemon is older
    toolkit_version: str = ""  # as dpkg has it
    others: tuple[str, ...] = ()  # what else starts containers here: containerd, podman, kubelet


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
    pod: bool = False  # that container is one of Kubernetes
    barred: str | None = (
        None  # files whose rights allow all are refused: by this label of SELinux, or "": by what is not seen
    )
    hypervisor: str = ""  # above this machine; looked for where an old driver lists no card
    hmm: bool = False  # nvidia_uvm manages memory of all programs (HMM); looked at where CUDA refuses
    wsl: bool = False
    has_dxg: bool = False  # /dev/dxg: WSL's way to the GPU
    wsl_off: str = ""  # the line of /etc/wsl.conf by which WSL hands no GPU in: FILE:LINE
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
    variables: tuple[Variable, ...] = ()
    interfaces: tuple[str, ...] = ()  # of the network, where a variable names some
    infiniband: bool = False  # an adapter is here; looked for where a variable switches it off
    nccl_lines: tuple[str, ...] = ()  # lines of NCCL's files that it cannot read as meant: PATH:LINE: why
    unaddressed: bool = False  # several cards, and no interface but loopback has an address
    adapters_withheld: tuple[
        str, ...
    ] = ()  # InfiniBand adapters with a link, whose device files this container was not given
    path_set_in: tuple[str, ...] = ()  # lines of start-up files that set LD_LIBRARY_PATH
    locked_most: int | None = (
        None  # bytes that may be locked in memory, where RDMA needs more; None: enough, or no RDMA
    )
    mps: Mps | None = None
    wsl_lacks: tuple[str, ...] = ()  # libraries of Windows' driver that are not here
    smi_apart: str = ""  # nvidia-smi, where it is here and no folder of PATH has it
    container_seconds: float | None = None  # since its first process was started
    licence_lacks: tuple[str, ...] = ()  # what a share without licence has not been given to ask for one
    allocator_options: dict[str, str] = {}  # that torch can read, each with the variable and its value
    ptxas: Ptxas | None = None
    xids: tuple[str, ...] = ()  # NVRM's last lines in the kernel log of this boot, where readable
