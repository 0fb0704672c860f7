"""What the `env` of a kernel.json does to its notebooks alone: other packages, other libraries, another Hub than in a shell."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template

from doctor.facts import KernelVariable
from doctor.goal.target import site_of
from doctor.hub_env import hub_cache_of
from doctor.probes.hub.settings import count_models, endpoint_shape, without_password
from doctor.probes.python.shadows import dists_in, look_into, pythonpath
from doctor.reading.peek import is_file

OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
PLACES = ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME")
YES = ("1", "ON", "YES", "TRUE")  # what huggingface_hub takes for yes
QUOTES = "\"'`“”‘’"
REACHED = ("unset", "fine", "password")


def astray(
    said: Mapping[str, str], prefix: str | None, environ: Mapping[str, str]
) -> tuple[KernelVariable, ...]:
    """The variables that mislead. What the shell says too is told of the shell. `prefix`: of the kernel's interpreter."""
    filled = {name: Template(value).safe_substitute(environ) for name, value in said.items()}
    own = {name: value for name, value in filled.items() if value and environ.get(name) != value}
    site = site_of(Path(prefix)) if prefix else None
    found = [] if site is None else [*_packages(own, site), *_libraries(own, site)]
    return (*found, *_home(own, prefix), *_hub(own, environ))


def _packages(own: Mapping[str, str], site: Path) -> Iterator[KernelVariable]:
    """Modules of the course that PYTHONPATH puts before those of the environment, and that are others."""
    there = None
    for shadow in pythonpath(own, site):
        there = there or look_into(str(site)).holds
        others = [f"{m} {v}".strip() for m, v in shadow.holds.items() if not v or there.get(m) != v]
        if others:
            yield KernelVariable("PYTHONPATH", "packages", f"{shadow.path} ({', '.join(others[:5])})")


def _home(own: Mapping[str, str], prefix: str | None) -> Iterator[KernelVariable]:
    """Python takes the packages of PYTHONHOME; a virtual environment's finds its own all the same."""
    home = own.get("PYTHONHOME", "").partition(":")[0]
    if not home or not prefix or is_file(Path(prefix, "pyvenv.cfg")):
        return
    if os.path.realpath(home) != os.path.realpath(prefix):
        yield KernelVariable("PYTHONHOME", "home", home)


def _libraries(own: Mapping[str, str], site: Path) -> Iterator[KernelVariable]:
    path = tuple(word for word in own.get("LD_LIBRARY_PATH", "").split(":") if word)
    if not path:
        return
    from doctor.elf.linker import Linker  # few kernels say anything of libraries
    from doctor.probes.torch.modules import Site
    from doctor.probes.torch.shadows import shadows

    linker = Linker(platform.machine(), path)
    for shadow in shadows(Site(site, (), Path()), linker, dists_in(os.listdir(site))):  # noqa: PTH208 - names alone
        if shadow.is_harmful:
            yield KernelVariable("LD_LIBRARY_PATH", "libraries", shadow.taken)
            return


def _hub(own: Mapping[str, str], environ: Mapping[str, str]) -> Iterator[KernelVariable]:
    endpoint = own.get("HF_ENDPOINT")
    if endpoint_shape(endpoint) not in REACHED:
        yield KernelVariable("HF_ENDPOINT", "endpoint", without_password(endpoint or ""))
    place = hub_cache_of({**environ, **own})
    named = next((name for name in PLACES if name in own), None)
    if named and (own[named].strip().strip(QUOTES) != own[named] or own[named][0] not in "/~$"):
        yield KernelVariable(named, "path", own[named])
    elif named and not count_models(place) and count_models(hub_cache_of(environ)):
        yield KernelVariable(named, "cache", own[named])
    offline = next((name for name in OFFLINE if own.get(name, "").upper() in YES), None)
    if offline and not count_models(place):
        yield KernelVariable(offline, "offline", own[offline])
