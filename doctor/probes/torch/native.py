"""Would the compiled modules load? The dynamic linker's rules, played through on files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache

from doctor.elf import Elf, lacks, undefined
from doctor.elf.linker import Lack, Linker, Loaded, Taken
from doctor.facts import Unknown
from doctor.facts.torch import NativeFault
from doctor.probes.torch.modules import Site
from doctor.reading.peek import is_there

# The driver brings these; on a machine without one they are absent, and that is the driver's matter.
DRIVER = ("libcuda.so.1", "libnvidia-ml.so.1", "libnvcuvid.so.1", "libnvidia-encode.so.1")
TORCH_LIBRARY = (
    "libtorch",
    "libc10",
    "libcudart",
    "libcublas",
    "libcudnn",
    "libcusparse",
    "libnvrtc",
    "libnccl",
)
TORCH_SYMBOL = (
    *("_ZN3c10", "_ZNK3c10", "_ZN2at", "_ZNK2at", "aoti_torch_"),
    *("_ZN5torch3jit", "_ZN5torch8autograd", "_ZN5torch7Library", "_ZN5torch6detail"),
)
MOST_SYMBOLS = 20_000
STATIC_ROOM = 1664  # bytes that glibc keeps for what is loaded later, as far as nobody has taken of it
GOMP = "libgomp"
SHOWN = 3  # symbols of one module; one is enough to know


def native_faults(site: Site, linker: Linker) -> tuple[NativeFault, ...]:
    """What keeps modules from being loaded, each thing once: under the first module that lacks it."""
    found: dict[tuple[str, str, str | None], NativeFault] = {}
    for path in site.modules:
        if "/torchcodec/libtorchcodec_core" in path:
            continue  # one of them is enough: codec_cores
        for fault in _faults_of(path, site, linker):
            found.setdefault(
                (fault.kind, fault.by if fault.kind != "damaged" else "", fault.provider or fault.what), fault
            )
    return (*found.values(), *_for_another_python(site))


def _for_another_python(site: Site) -> Iterator[NativeFault]:
    for path in site.for_another_python():
        what = path.rpartition("/")[2].split(".")[1]  # cpython-310-x86_64-linux-gnu
        yield NativeFault(
            package=site.package(path), dist=site.owner(path), kind="python", what=what, by=path
        )


def _faults_of(path: str, site: Site, linker: Linker) -> Iterator[NativeFault]:
    loaded = load(path, site, linker)
    if "/torchcodec/" in path and any(lack.what.startswith("libav") for lack in loaded.lacks):
        return
    with_torch = site.package(path) == "torch" or _of_torch(path, linker)
    for lack in loaded.lacks:
        # torch looks for NVIDIA's wheels itself where the linker does not find them, others for their own libraries
        brought = lack.kind == "missing" and (
            (with_torch and lack.what in site.shipped) or site.brings(lack.what)
        )
        if lack.what not in DRIVER and not brought:
            yield _fault(lack, path, site, linker, loaded.files)
    if not loaded.lacks:
        yield from _symbols(path, site, linker, loaded.files)
    yield from _stack(path, site, linker, loaded.files)
    yield from _tls(path, site, linker, loaded.files)


def load(path: str, site: Site, linker: Linker) -> Loaded:
    """Load a module as Python would: the interpreter's libraries are there, and for what belongs to torch torch's as well."""
    return linker.load(
        path, _torch_process(site, linker) if _of_torch(path, linker) else _process(site, linker)
    )


@lru_cache(maxsize=4)
def _process(site: Site, linker: Linker) -> dict[str, Taken]:
    return linker.load(os.path.realpath(site.interpreter)).files


@lru_cache(maxsize=4)
def _torch_process(site: Site, linker: Linker) -> dict[str, Taken]:
    """The libraries of a process that has imported torch."""
    held = _process(site, linker)
    for path in site.modules:
        if path.startswith(f"{site.folder}/torch/_C."):
            held = linker.load(path, held).files
    names = {name: Taken(path, "loaded") for name, path in site.shipped.items()}
    return {**names, **held}


def _of_torch(path: str, linker: Linker) -> bool:
    elf = linker.read(path)
    return (
        "/torch/_C." not in path
        and isinstance(elf, Elf)
        and any(name.startswith(TORCH_LIBRARY) for name in elf.needed)
    )


def _fault(lack: Lack, path: str, site: Site, linker: Linker, files: dict[str, Taken]) -> NativeFault:
    culprit = lack.provider if lack.kind in ("damaged", "machine") and lack.provider else lack.by
    inside = culprit.startswith(f"{site.folder}/") and ".libs/" not in culprit
    module = culprit if inside else path
    how = next((taken.how for taken in files.values() if taken.path == lack.provider), None)
    return NativeFault(
        package=site.package(module),
        dist=site.owner(module),
        kind=lack.kind,
        what=lack.what,
        by=lack.by,
        provider=lack.provider,
        how=how,
    )


def _symbols(path: str, site: Site, linker: Linker, files: dict[str, Taken]) -> Iterator[NativeFault]:
    """Symbols of torch that the torch which is here does not have: the module was built for another one."""
    if not _of_torch(path, linker):
        return
    asked = undefined(path)
    names = (
        tuple(name for name, _ in asked if name.startswith(TORCH_SYMBOL))[:MOST_SYMBOLS]
        if isinstance(asked, tuple)
        else ()
    )
    if any(
        name in site.shipped and not taken.path.startswith(f"{site.folder}/") for name, taken in files.items()
    ):
        return  # another library stands in for one of torch's: shadows.py
    libraries = [taken.path for taken in files.values() if taken.path.startswith(f"{site.folder}/")]
    for library in sorted(libraries, key=lambda one: "libtorch_cpu" not in one):
        left = lacks(library, names) if names else ()
        if isinstance(left, Unknown):
            return  # that library's damage is the fault
        names = left
    for name in names[:SHOWN]:
        yield NativeFault(
            package=site.package(path), dist=site.owner(path), kind="symbol", what=name, by=path
        )


def _stack(path: str, site: Site, linker: Linker, files: dict[str, Taken]) -> Iterator[NativeFault]:
    """Of the module, and of the libraries that its package brings: a refused one stops the import all the same."""
    inside = (taken.path for taken in files.values() if taken.path.startswith(f"{site.folder}/"))
    for one in dict.fromkeys((path, *inside)):
        elf = linker.read(one)
        if isinstance(elf, Elf) and elf.executable_stack:
            yield NativeFault(
                package=site.package(one),
                dist=site.owner(one),
                kind="stack",
                what="executable stack",
                by=one,
            )


def _tls(path: str, site: Site, linker: Linker, files: dict[str, Taken]) -> Iterator[NativeFault]:
    """Libraries of the packages' own that want a part of the threads' block that is set aside at the start."""
    early = os.environ.get("LD_PRELOAD", "")
    for file in (path, *(taken.path for taken in files.values())):
        elf = linker.read(file) if file.startswith(f"{site.folder}/") else None
        if isinstance(elf, Elf) and elf.static_tls and os.path.basename(file) not in early:  # noqa: PTH119
            large = elf.static_tls > STATIC_ROOM
            if large or (elf.machine == "aarch64" and ".libs/libgomp-" in file):
                what = f"{elf.static_tls} bytes" if large else GOMP
                yield NativeFault(
                    package=site.package(path), dist=site.owner(path), kind="tls", what=what, by=file
                )


def needs_cuda(site: Site, linker: Linker) -> bool | None:
    """Whether torchvision's compiled part asks for CUDA libraries. None: there is none, or it cannot be read."""
    for path in sorted(site.folder.glob("torchvision/_C*.so")):
        elf = linker.read(str(path))
        if isinstance(elf, Elf):
            return any(name.startswith(("libcudart", "libc10_cuda", "libtorch_cuda")) for name in elf.needed)
    return None


def codec_cores(site: Site, linker: Linker) -> dict[str, tuple[str, ...]]:
    """torchcodec has one library for each FFmpeg; what each of them does not find."""
    cores = sorted(site.folder.glob("torchcodec/libtorchcodec_core*.so"))
    missing = {core.name: load(str(core), site, linker).lacks for core in cores}
    return {name: tuple(lack.what for lack in all_of) for name, all_of in missing.items()}


def sound_library(site: Site, linker: Linker) -> str | None:
    """The libsndfile that soundfile would take: its own, else the system's."""
    own = next(iter(sorted(site.folder.glob("_soundfile_data/libsndfile*.so"))), None)
    near = site.folder.parent.parent / "libsndfile.so.1"
    taken = linker.find("libsndfile.so.1", linker.program, ())
    return str(own) if own else str(near) if is_there(near) else taken.path if taken else None
