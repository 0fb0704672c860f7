"""Libraries of LD_LIBRARY_PATH that stand in for those which torch was built with."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping

from doctor.elf import Elf, lacks, undefined
from doctor.elf.linker import Linker
from doctor.facts import Unknown
from doctor.facts.torch import Shadow
from doctor.probes.torch.modules import Site

# Which wheel a library comes with, by the beginning of its name.
WHEELS = {
    "libnvJitLink": "nvjitlink",
    "libcublas": "cublas",
    "libcusparseLt": "cusparselt",
    "libcusparse": "cusparse",
    "libcudart": "cuda-runtime",
    "libnvrtc": "cuda-nvrtc",
    "libcudnn": "cudnn",
    "libcufft": "cufft",
    "libcurand": "curand",
    "libcusolver": "cusolver",
    "libnccl": "nccl",
    "libcupti": "cuda-cupti",
}
SHOWN = 3


def shadows(site: Site, linker: Linker, installed: Mapping[str, str]) -> tuple[Shadow, ...]:
    """One for each library that a folder of LD_LIBRARY_PATH has under the same name, and that is another file."""
    return tuple(_shadows(site, linker, installed)) if linker.library_path else ()


def _shadows(site: Site, linker: Linker, installed: Mapping[str, str]) -> Iterator[Shadow]:
    for name, shipped in site.shipped.items():
        taken = next((f"{d}/{name}" for d in linker.library_path if os.access(f"{d}/{name}", os.F_OK)), None)
        if taken is None or os.path.realpath(taken) == os.path.realpath(shipped):
            continue
        users = tuple(_users(name, taken, site, linker))
        yield Shadow(
            name=name,
            taken=taken,
            shipped=shipped,
            taken_version=_version(taken),
            shipped_version=_wheel_version(name, installed),
            used_by=users,
            missing=_missing(users, taken, shipped),
            readable=isinstance(linker.read(taken), Elf) and isinstance(linker.read(shipped), Elf),
        )


def _users(name: str, taken: str, site: Site, linker: Linker) -> Iterator[str]:
    """The shipped libraries that ask for it and would be given the other one."""
    for path in site.shipped.values():
        elf = linker.read(path)
        if isinstance(elf, Elf) and name in elf.needed:
            given = linker.load(path).files.get(name)
            if given and given.path == taken:
                yield path


def _missing(users: tuple[str, ...], taken: str, shipped: str) -> tuple[str, ...]:
    """What they ask of the shipped library and the other one does not have."""
    found: dict[str, None] = {}
    for user in users:
        asked = undefined(user)
        names = tuple(name for name, _ in asked) if isinstance(asked, tuple) else ()
        foreign = lacks(shipped, names)
        offered = tuple(set(names) - set(foreign)) if not isinstance(foreign, Unknown) else ()
        left = lacks(taken, tuple(sorted(offered)))
        found.update(dict.fromkeys(left if not isinstance(left, Unknown) else (left.reason,)))
    return tuple(found)[:SHOWN]


def _version(path: str) -> str | None:
    """libnvJitLink.so.12.1.105 → 12.1.105, by the file that a chain of links ends in."""
    match = re.search(r"\.so\.(\d+(?:\.\d+)+)$", os.path.realpath(path))
    return match.group(1) if match else None


def _wheel_version(name: str, installed: Mapping[str, str]) -> str | None:
    wheel = next((wheel for start, wheel in WHEELS.items() if name.startswith(start)), None)
    if wheel is None:
        return None
    names = (f"nvidia-{wheel}", f"nvidia-{wheel}-cu13", f"nvidia-{wheel}-cu12", f"nvidia-{wheel}-cu11")
    return next((installed[one] for one in names if one in installed), None)
