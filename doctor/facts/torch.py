"""Facts of torch, of what belongs to it, and of the native libraries of the Hugging Face stack."""

from __future__ import annotations

from typing import Literal

import msgspec

# What the course imports that has compiled modules, by the name that one imports.
CORE = frozenset(
    (
        "torch",
        "torchvision",
        "torchaudio",
        "torchcodec",
        "numpy",
        "scipy",
        "pandas",
        "pyarrow",
        "sklearn",
        "tokenizers",
        "safetensors",
        "hf_xet",
        "sentencepiece",
        "PIL",
        "matplotlib",
        "regex",
        "yaml",
        "google",
        "_soundfile_data",
        "soundfile",
        "cv2",
        "triton",
        "psutil",
        "zmq",
        "tornado",
        "multidict",
        "yarl",
        "frozenlist",
        "aiohttp",
        "propcache",
        "xxhash",
        "accelerate",
        "datasets",
    )
)

# missing: no library of that name; version, symbol: the library that is taken lacks it; damaged: no whole ELF file;
# machine: made for another kind of processor; stack: it asks for an executable stack
# python: its modules are for another Python
FaultKind = Literal["missing", "version", "symbol", "damaged", "machine", "stack", "tls", "python"]


class NativeFault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that keeps a compiled module from being loaded."""

    package: str  # what one would import: torch, cv2, flash_attn_2_cuda
    dist: str | None = None  # who installed the module, "name==version"
    kind: FaultKind
    what: str  # the name of the library, the version, the symbol, or what is wrong with the file
    by: str  # the file that asks for it
    provider: str | None = None  # the file that was taken, and does not do
    how: str | None = None  # by which rule it was taken: LD_LIBRARY_PATH, rpath, runpath, system


class Shadow(msgspec.Struct, frozen=True, kw_only=True):
    """A library of LD_LIBRARY_PATH under a name that the environment ships too."""

    name: str
    taken: str
    shipped: str
    taken_version: str | None = None
    shipped_version: str | None = None
    used_by: tuple[str, ...] = ()  # libraries that get the wrong one
    missing: tuple[str, ...] = ()  # what they ask of it, and it lacks
    readable: bool = True

    @property
    def is_harmful(self) -> bool:
        """A newer one, and one that has all that is asked of it, do no harm."""
        if self.missing:
            return True
        if self.used_by and self.readable and not self.name.startswith("libcudnn"):
            return False  # all that is asked of it is there
        mine, theirs = self.taken_version, self.shipped_version
        if not mine or not theirs:
            return False
        count = min(mine.count("."), theirs.count(".")) + 1
        return [int(n) for n in mine.split(".")[:count]] < [int(n) for n in theirs.split(".")[:count]]


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """What a distribution's metadata asks of another one, here one of the torch family."""

    by: str
    by_version: str
    name: str
    specifier: str  # "==2.13.0"
    installed: str | None


class SystemNeed(msgspec.Struct, frozen=True, kw_only=True):
    """A library or a program of the system that a package calls, and that is not there."""

    by: str  # "sounddevice 0.5.1"
    what: str  # "libportaudio.so.2"
    package: str  # of Debian and Ubuntu, that brings it
    program: bool = False


class Toolchain(msgspec.Struct, frozen=True, kw_only=True):
    """What a package meets that compiles something: when it is installed from source, or each time that it is used.

    Looked at beside a CUDA build of torch only.
    """

    cc: str | None = (
        None  # the C compiler that would be taken; None where `no_compiler` says that there is none
    )
    cc_lost: str | None = None  # what CC names, where that is not there
    gcc: int | None = None  # its release, where it is gcc: 13
    cxx: bool = True  # its C++ half is there
    c_headers: bool = True  # stdio.h
    nvcc_takes: int | None = None  # the newest gcc that nvcc accepts
    host_gcc: int | None = None  # the release of the gcc that nvcc would call
    lacking_headers: tuple[str, ...] = ()  # of CUDA's libraries, beside an nvcc
    ninja: str | None = "ninja"  # the program; None: there is none
    ninja_hidden: bool = False  # it is in the environment, and PATH does not lead there
    ninja_missed_by: int | None = None  # a running process of the environment that does not find it
    libaio: bool = True  # with its header
    curand_lost: str = (
        ""  # deepspeed links with -lcurand, and no libcurand.so is where a linker looks: pip's file, or "-"
    )
    libcuda_folder: str | None = (
        None  # has libcuda.so.1, and no folder has the libcuda.so that a linker asks for
    )


class LateLibrary(msgspec.Struct, frozen=True, kw_only=True):
    """A library that a package opens while it runs, by a name that the linker does not find."""

    by: str  # "ctranslate2 4.3.1"
    name: str
    here: str | None = None  # where in the environment it lies
    others: tuple[str, ...] = ()  # the same library of another major version, where it is


class Overlap(msgspec.Struct, frozen=True, kw_only=True):
    """One library that two of NVIDIA's packages brought to the same path."""

    path: str
    owners: tuple[str, ...]  # "nvidia-nccl-cu12==2.29.3"
    taken: str | None = None  # whose file it is, where its size says so
    wanted: str | None = None  # whose torch was built with


class DeepImport(msgspec.Struct, frozen=True, kw_only=True):
    """What happened when the target really imported torch and computed something (--deep)."""

    stage: Literal["import", "operation", "done"]
    device: str | None = None
    chain: tuple[str, ...] = ()  # the error and what caused it, the innermost last


class Torch(msgspec.Struct, frozen=True, kw_only=True, tag="torch"):
    version: str | None  # "2.13.0+cpu"
    cuda: str | None  # CUDA the build was made for, None for CPU builds
    torchvision: str | None
    hip: str | None = None
    xpu: str | None = None
    installer: str | None = None  # pip, uv, conda
    conda: dict[str, str] = {}  # packages of conda that matter here: pytorch, mkl, …
    family: dict[str, str] = {}  # distributions around torch: torchaudio, triton, nvidia-…, opencv-…
    pins: tuple[Pin, ...] = ()
    native: tuple[NativeFault, ...] = ()
    shadows: tuple[Shadow, ...] = ()
    torchvision_for_cuda: bool | None = None  # its compiled part asks for CUDA libraries
    codec_cores: dict[
        str, tuple[str, ...]
    ] = {}  # torchcodec: for each FFmpeg its library, and what that does not find
    bitsandbytes: tuple[str, ...] = ()  # the libraries that it has
    bitsandbytes_override: str | None = None  # BNB_CUDA_VERSION
    sndfile: str | None = None  # the libsndfile that soundfile would load
    audio_backends: tuple[str, ...] | None = (
        None  # what torchaudio could read files with; None: it asks for none
    )
    system_needs: tuple[SystemNeed, ...] = ()
    nvcc: str | None = None  # "/usr/local/cuda/bin/nvcc"
    nvcc_version: str | None = None
    cuda_home: str | None = None  # as set, whether it is there or not
    no_compiler: bool = False  # a CUDA build, and no C compiler for Triton
    cpu_flags: tuple[str, ...] | None = None  # of those that wheels rely on; None: not x86, or not known
    noexec: bool = False  # the environment lies on a file system from which no code may be loaded
    has_pip: bool = False
    toolchain: Toolchain = Toolchain()
    late: tuple[LateLibrary, ...] = ()
    overlaps: tuple[Overlap, ...] = ()
    without_cuda: tuple[str, ...] = ()  # compiled for the processor alone: "llama-cpp-python 0.2.11"
    stale_locks: tuple[str, ...] = ()  # of caches of compiled code, held by nobody
    deep: DeepImport | None = None
