"""Environments with a CUDA build of torch on a machine with a card, and what is beside them to compile with."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.faults.dists import install
from tests.faults.gpu.world import World
from tests.faults.patient import Diagnosis

AREAS = "gpu,host,disk,torch"
CLEAN = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
TAG = f"cpython-{sys.version_info.major}{sys.version_info.minor}-{sys.implementation._multiarch}"
COMPILERS = "gcc* cc clang* x86_64-linux-gnu-gcc* aarch64-linux-gnu-gcc* c99* c89*"


def torch(env: Path, version: str, cuda: str, requires: tuple[str, ...] = (), **files: bytes) -> None:
    said = f"__version__ = '{version}'\ncuda: Optional[str] = '{cuda}'\nhip: Optional[str] = None\n"
    install(env, "torch", version, {"torch/__init__.py": "", "torch/version.py": said, **files}, requires)


def program(world: World, path: str, said: str = "#!/bin/sh\nexit 0\n") -> World:
    world.put(path, said)
    (world.folder / "root" / path.lstrip("/")).chmod(0o755)
    return world


def nvcc(
    world: World, version: str, folder: str = "/usr/local/cuda", takes: int = 99, whole: bool = True
) -> World:
    """A toolkit with its notes, its limit of gcc and, where it is whole, the headers of its libraries."""
    program(world, f"{folder}/bin/nvcc")
    world.put(f"{folder}/version.json", f'{{"cuda":{{"name":"CUDA SDK","version":"{version}.0"}}}}')
    limit = f"#if __GNUC__ > {takes}\n#error -- unsupported GNU version! gcc versions later than {takes} are not supported!\n#endif\n"
    world.put(f"{folder}/include/crt/host_config.h", limit).put(f"{folder}/include/cuda_runtime.h")
    for name in ("cublas_v2.h", "cusparse.h", "cusolverDn.h") if whole else ():
        world.put(f"{folder}/include/{name}")
    return world


def well(world: World) -> World:
    """What a machine has on which everything can be compiled, whatever the one of the tests has."""
    link = world.folder / "root/usr/lib" / sys.implementation._multiarch / "libcuda.so"
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to("libcuda.so.1")
    return world


def see(world: World, env: Path, *gone: str, shell: str = "", **more: str) -> Diagnosis:
    """The doctor where neither ninja nor nvcc of the tests' machine is, nor what is to be `gone`."""
    away = " ".join(("/usr/bin/ninja", "/usr/local/bin/ninja", "/usr/local/bin/nvcc", *gone))
    world.inner = [
        "sh",
        "-ec",
        f'rm -rf {away}; [ ! -L /usr/local/cuda ] || rm /usr/local/cuda; {shell or ":"}; exec "$@"',
        "sh",
    ]
    return world.diagnose(areas=AREAS, **{"TARGET": str(env), "PATH": CLEAN, **more})
