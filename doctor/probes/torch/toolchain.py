"""What is at hand to compile with: for deepspeed, Triton, and extensions of torch. Files are looked for, nothing is run."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from doctor.elf.linker import Linker
from doctor.facts.torch import Toolchain
from doctor.goal import Goal
from doctor.probes.listing import names_in, processes, shown
from doctor.probes.torch.toolkit import c_compiler, include_folders, root_of
from doctor.reading.peek import is_file, is_there, peek, peek_text

MATHS = ("cublas_v2.h", "cusparse.h", "cusolverDn.h")  # that torch's own headers include
LIBCUDA = "libcuda.so"
HALVES = ("/usr/lib/gcc", "/usr/libexec/gcc", "/usr/lib64/gcc")
LAST_WITHOUT_SUFFIX = (3, 4)  # from this Triton on the linker is asked for libcuda.so.1 itself
FRESH = (
    60.0  # seconds; matplotlib does not keep its lock open while it holds it, and never holds it that long
)


def toolchain(
    goal: Goal, site: Path, family: Mapping[str, str], nvcc: str | None, linker: Linker
) -> Toolchain:
    cc = c_compiler()
    release = gcc_release(cc) if cc else None
    ninja = shutil.which("ninja")
    hidden = ninja is None and os.access(f"{goal.prefix}/bin/ninja", os.X_OK)
    return Toolchain(
        cc=cc,
        cc_lost=os.environ.get("CC") or None if cc is None else None,
        gcc=release,
        cxx=cc is None or cxx_compiler(cc, release),
        c_headers=cc is None or has_header("stdio.h", cc),
        nvcc_takes=newest_gcc(nvcc) if nvcc else None,
        host_gcc=host_gcc(nvcc, release) if nvcc else None,
        lacking_headers=lacking_headers(nvcc) if nvcc else (),
        ninja=ninja,
        ninja_hidden=hidden,
        ninja_missed_by=next(without_ninja(Path(goal.prefix)), None) if hidden else None,
        libaio="deepspeed" not in family or has_libaio(linker),
        curand_lost=lost_curand(goal, site, nvcc, linker) if nvcc and "deepspeed" in family else "",
        libcuda_folder=lost_libcuda(site, family, linker) if cc else None,
    )


def gcc_release(compiler: str) -> int | None:
    """13 of /usr/bin/gcc → x86_64-linux-gnu-gcc-13; else by the only release whose folder is there. None for others."""
    path = shutil.which(compiler.split()[0] if compiler else "") or ""
    name = os.path.realpath(path).rpartition("/")[2]
    if match := re.search(r"(?:gcc|g\+\+|cc|c\+\+)-(\d+)(?:\.\d+)*$", name):
        return int(match[1])
    if not re.search(r"gcc$|^cc$", name) or not path.startswith("/usr/bin/"):
        return None
    found = {int(one.name.split(".")[0]) for base in HALVES for one in Path(base).glob("*-linux*/[0-9]*")}
    return found.pop() if len(found) == 1 else None


def cxx_compiler(cc: str, release: int | None) -> bool:
    """gcc calls cc1plus of its own release, so that a g++ of another one does not help it."""
    if release is not None and "/conda" not in cc:
        halves = (Path(base).glob(f"*/{release}*/cc1plus") for base in HALVES)
        if any(next(half, None) for half in halves):
            return True
        return any(is_there(f"{folder}/g++-{release}") for folder in os.get_exec_path())
    return bool(os.environ.get("CXX")) or any(map(shutil.which, ("g++", "c++", "clang++")))


def has_header(name: str, cc: str) -> bool:
    """Compilers of conda bring a C library of their own."""
    return "conda" in os.path.realpath(shutil.which(cc.split()[0]) or "") or is_there(f"/usr/include/{name}")


def newest_gcc(nvcc: str) -> int | None:
    """As its own header says, which refuses all later ones."""
    for folder in include_folders(nvcc):
        said = peek(f"{folder}/crt/host_config.h", 200_000) or b""
        if match := re.search(rb"gcc versions later than (\d+)", said):
            return int(match[1])
    return None


def host_gcc(nvcc: str, release: int | None) -> int | None:
    """Debian's nvcc brings links to a gcc that suits it; a variable may name another one."""
    said = os.environ.get("NVCC_CCBIN") or re.search(
        r"-ccbin[= ](\S+)", os.environ.get("NVCC_PREPEND_FLAGS", "")
    )
    if said:
        return gcc_release(said if isinstance(said, str) else said[1])
    beside = root_of(nvcc) / "bin/gcc"
    if str(beside) != "/usr/bin/gcc" and is_there(beside):
        return gcc_release(str(beside))
    return release


def lacking_headers(nvcc: str) -> tuple[str, ...]:
    """Headers of CUDA's mathematical libraries, where those of the compiler itself are there."""
    folders = include_folders(nvcc)
    if not any(is_there(f"{folder}/cuda_runtime.h") for folder in folders):
        return ()
    return tuple(name for name in MATHS if not any(is_there(f"{folder}/{name}") for folder in folders))


def without_ninja(prefix: Path) -> Iterator[int]:
    """Running processes of the environment, started by the full path of its Python: a notebook kernel, an IDE's."""
    folder = f"{prefix}/bin"
    for pid in processes():
        words = (peek(f"/proc/{pid}/cmdline") or b"").split(b"\0")
        if not words[0].startswith(os.fsencode(folder)) or int(pid) == os.getpid():
            continue
        variables = (peek(f"/proc/{pid}/environ") or b"").split(b"\0")
        path = next(
            (one[5:].decode("utf-8", "replace") for one in variables if one.startswith(b"PATH=")), None
        )
        if path is not None and shutil.which("ninja", path=path) is None:
            yield int(pid)


def has_libaio(linker: Linker) -> bool:
    folders = ("/usr/include", "/usr/local/include", *os.environ.get("CPATH", "").split(":"))
    return any(is_file(f"{folder}/libaio.h") for folder in folders if folder) and any(
        is_there(f"{folder}/libaio.so") for folder in (*linker.defaults, "/usr/local/lib")
    )


def lost_curand(goal: Goal, site: Path, nvcc: str, linker: Linker) -> str:
    """The wheels of NVIDIA have libcurand.so.10 alone, a name that no linker looks for."""
    if "-lcurand" not in peek_text(site / "deepspeed/ops/op_builder/builder.py", 200_000):
        return ""
    root = root_of(nvcc)
    places = [f"{root}/lib64", f"{root}/lib", *map(str, root.glob("targets/*/lib")), *linker.defaults]
    places += [f"{goal.prefix}/lib", f"{site}/torch/lib", "/usr/local/lib"]
    places += os.environ.get("LIBRARY_PATH", "").split(":")
    if any(is_there(f"{place}/libcurand.so") for place in places if place):
        return ""
    return next(map(str, site.glob("nvidia/*/lib/libcurand.so.10")), "-")


def lost_libcuda(site: Path, family: Mapping[str, str], linker: Linker) -> str | None:
    """The folder of libcuda.so.1 where Triton links with -lcuda, and libcuda.so is nowhere that it looks."""
    if not asks_for_plain_name(site, family) or os.environ.get("TRITON_LIBCUDA_PATH"):
        return None
    taken = linker.find(f"{LIBCUDA}.1", (), ())
    if taken is None:
        return None  # no driver: another fault
    folder = taken.path.rpartition("/")[0]
    more = (
        word for name in ("LIBRARY_PATH", "LD_LIBRARY_PATH") for word in os.environ.get(name, "").split(":")
    )
    places = (folder, *linker.defaults, "/usr/local/lib", *more)
    return None if any(is_there(f"{place}/{LIBCUDA}") for place in places if place) else folder


def asks_for_plain_name(site: Path, family: Mapping[str, str]) -> bool:
    version = next((v for name, v in family.items() if name in ("triton", "pytorch-triton")), None)
    if version is None:
        return False
    driver = peek_text(site / "triton/backends/nvidia/driver.py", 200_000)
    if driver:
        return "libcuda.so.1']" not in driver and "-l:libcuda.so.1" not in driver
    return tuple(int(n) for n in re.findall(r"\d+", version)[:2]) < LAST_WITHOUT_SUFFIX


def stale_locks() -> tuple[str, ...]:
    """Locks of torch's cache of extensions that no process has open: whoever made them was killed, and all others wait."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    own = os.environ.get("TORCH_EXTENSIONS_DIR")
    bases = [Path(own)] if own else [cache / "torch_extensions", cache / "colossalai/torch_extensions"]
    found = [
        lock for base in bases for pattern in ("*/lock", "*/*/lock") for lock in sorted(base.glob(pattern))
    ]
    found += [lock for lock in sorted((cache / "matplotlib").glob("*.matplotlib-lock")) if _age(lock) > FRESH]
    if not found:
        return ()
    held = set(_open_files())
    return tuple(shown(lock) for lock in found if os.path.realpath(lock) not in held and is_there(lock))


def _age(path: Path) -> float:
    import time

    try:
        return time.time() - path.lstat().st_mtime
    except OSError:
        return 0.0


def _open_files() -> Iterator[str]:
    for pid in processes():
        folder = Path(f"/proc/{pid}/fd")
        for name in names_in(folder):
            try:
                yield str((folder / name).readlink())
            except OSError:
                continue  # closed since, or not ours to see
