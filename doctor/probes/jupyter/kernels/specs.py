"""The kernels that the person's Jupyter offers: each with its interpreter, and whether that could run it."""

from __future__ import annotations

import json
import os
import re
import shutil
from itertools import pairwise
from pathlib import Path

from doctor.facts import Kernel, KernelVariable
from doctor.goal.target import site_of
from doctor.probes.jupyter.files.places import data_path
from doctor.probes.jupyter.kernels.sites import has_package
from doctor.reading.peek import is_file, peek

HUB_PACKAGES = ("torch", "transformers", "datasets", "accelerate", "diffusers", "sentence_transformers")
MOST = 60  # kernelspecs; a folder of thousands is no folder of kernels


def kernels(prefix: str, leave_out: str) -> tuple[Kernel, ...]:
    """All kernels by precedence, but for our own (`leave_out`), which is judged by itself."""
    seen: dict[str, str] = {}
    found = []
    for folder in data_path(prefix):
        for place in _folders(folder / "kernels"):
            if str(place) != leave_out:
                found.append(_kernel(place, prefix, seen))
    hidden = {kernel.name: kernel.path for kernel in found if kernel.path != seen[kernel.name]}
    first = [kernel for kernel in found if kernel.path == seen[kernel.name]]
    return tuple(_with_shadow(kernel, hidden) for kernel in first)


def _with_shadow(kernel: Kernel, hidden: dict[str, str]) -> Kernel:
    shadows = hidden.get(kernel.name)
    if shadows is None:
        return kernel
    return Kernel(**{**{f: getattr(kernel, f) for f in kernel.__struct_fields__}, "shadows": shadows})


def _folders(kernels: Path) -> list[Path]:
    try:
        names = sorted(os.listdir(kernels))[:MOST]  # noqa: PTH208 - a listing, no Path for each name yet
    except OSError:
        return []
    return [
        kernels / name for name in names if name.isprintable() and is_file(kernels / name / "kernel.json")
    ]


def _kernel(place: Path, prefix: str, seen: dict[str, str]) -> Kernel:
    name, path = place.name.lower(), place / "kernel.json"
    seen.setdefault(name, str(path))
    try:
        spec = json.loads((peek(path) or b"").decode())  # as Jupyter does: a byte-order mark is an error
    except json.JSONDecodeError as error:
        return Kernel(name=name, path=str(path), error=f"line {error.lineno}: {error.msg}")
    except (ValueError, RecursionError) as error:
        return Kernel(name=name, path=str(path), error=str(error) or type(error).__name__)
    argv = spec.get("argv") if isinstance(spec, dict) else None
    if not isinstance(argv, list) or not argv or not all(isinstance(word, str) for word in argv):
        return Kernel(name=name, path=str(path), error="no argv")
    if _is_ipykernel(argv) and not any("{connection_file}" in word for word in argv):
        return Kernel(name=name, path=str(path), error="argv lacks {connection_file}")
    if refused := _refused(spec):
        return Kernel(name=name, path=str(path), error=refused)
    return _described(name, path, spec, argv, prefix)


def _lacks(prefix: str, module: str) -> bool:
    from doctor.probes.jupyter.kernels.imports import lacks  # most kernels are ipykernel's

    return lacks(prefix, module)


def _refused(spec: dict[str, object]) -> str | None:
    """What Jupyter does not take: a whole kernel is lost for one value of the wrong kind."""
    env, mode = spec.get("env", {}), spec.get("interrupt_mode", "signal")
    for name, kind in (("display_name", str), ("language", str), ("metadata", dict), ("env", dict)):
        if name in spec and not isinstance(spec[name], kind):
            return f"{name} is not {'a text' if kind is str else 'an object'}"
    if isinstance(env, dict) and (wrong := [key for key, value in env.items() if not isinstance(value, str)]):
        return f"env: {wrong[0]} is not a text"
    if not isinstance(mode, str) or mode.lower() not in ("signal", "message"):
        return "interrupt_mode is neither signal nor message"
    return None


def _described(name: str, path: Path, spec: dict[str, object], argv: list[str], prefix: str) -> Kernel:
    env = spec.get("env")
    interpreter = argv[0].replace("{resource_dir}", str(path.parent))
    own = bool(re.fullmatch(r"python(3(\.\d+)?)?", interpreter))  # jupyter_client starts its own Python then
    runs = own or _can_run(interpreter, prefix)
    ipykernel = _is_ipykernel(argv)
    where = prefix if own else _prefix(interpreter)
    module = next((word for flag, word in pairwise(argv) if flag == "-m"), None)
    if where and runs and module and not ipykernel and _lacks(where, module):
        return Kernel(name=name, path=str(path), error=f"no module {module} in {where}")
    return Kernel(
        name=name,
        path=str(path),
        display_name=str(spec.get("display_name", ""))[:80],
        interpreter=interpreter,
        prefix=where,
        runs=runs,
        is_ipykernel=ipykernel,
        has_ipykernel=has_package(where, "ipykernel") if where and runs and ipykernel and not own else None,
        hub_packages=hub_packages(where) if where and runs and ipykernel else None,
        widgets=_widgets(where) if where and where != prefix and runs and ipykernel else None,
        env=tuple(sorted(str(key) for key in env)) if isinstance(env, dict) else (),
        lost_home=_lost_home(env.get("PYTHONHOME"), where) if isinstance(env, dict) else None,
        astray=_astray(env, where) if ipykernel and runs and isinstance(env, dict) else (),
    )


def _widgets(prefix: str) -> str | None:
    from doctor.probes.jupyter.kernels.widgets import ipywidgets_of  # most people have one environment

    return ipywidgets_of(prefix)


def _can_run(program: str, prefix: str) -> bool:
    """No shell reads it: `~` and `$HOME` are names of folders here. One without a slash is looked for on PATH."""
    if "/" not in program:
        return shutil.which(program, path=f"{prefix}/bin:{os.environ.get('PATH', os.defpath)}") is not None
    if not program.startswith("/"):
        return not program.startswith(("~", "$"))
    return is_file(program) and os.access(program, os.X_OK)


def _is_ipykernel(argv: list[str]) -> bool:
    return any(word in ("ipykernel", "ipykernel_launcher") for word in argv)


def _astray(env: dict[str, str], prefix: str | None) -> tuple[KernelVariable, ...]:
    if not env:
        return ()
    from doctor.probes.jupyter.kernels.variables import astray  # most kernels set nothing

    return astray(env, prefix, os.environ)


def _lost_home(said: object, prefix: str | None) -> str | None:
    """PYTHONHOME, which may name two folders, where the library of that very Python is in none. A variable in it is
    unknowable."""
    if not isinstance(said, str) or not said or "$" in said:
        return None
    site = site_of(Path(prefix)) if prefix else None
    python = site.parent.name if site and site.name == "site-packages" else "python3*"
    places = (Path(place) for place in said.split(":"))
    return None if any(next(place.glob(f"lib/{python}/encodings"), None) for place in places) else said


def _prefix(interpreter: str) -> str | None:
    """The environment of an interpreter; for a launcher such as `conda run` there is none to be told."""
    path = Path(interpreter)
    if not path.is_absolute() or not path.name.startswith("python"):
        return None
    return str(path.parent.parent)


def hub_packages(prefix: str) -> tuple[str, ...] | None:
    """Which of the Hub's libraries an environment has; None where it may borrow them from elsewhere."""
    said = {name: has_package(prefix, name) for name in HUB_PACKAGES}
    if None in said.values():
        return None
    return tuple(name for name, there in said.items() if there)
