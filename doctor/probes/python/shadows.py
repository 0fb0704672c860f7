"""What Python searches before the environment: PYTHONHOME, PYTHONPATH, and the packages in ~/.local."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from packaging.utils import canonicalize_name

from doctor.facts import Shadow
from doctor.reading.peek import is_file

# The modules of a course on transformers, and what they cannot do without.
STACK = (
    "torch", "transformers", "tokenizers", "huggingface_hub", "datasets", "accelerate", "safetensors", "numpy",
    "torchvision", "torchaudio", "evaluate", "diffusers", "peft", "timm", "sentencepiece", "pandas", "scipy",
    "sklearn", "PIL", "tqdm", "requests", "packaging", "regex", "yaml", "filelock", "fsspec", "typing_extensions",
    "pyarrow", "jinja2", "sympy", "IPython", "ipykernel",
)  # fmt: skip
# Names of Python's own library under which people save files, and which libraries import.
OF_PYTHON = (
    "queue", "random", "types", "typing", "token", "tokenize", "logging", "json", "copy", "string", "select", "signal",
    "socket", "ssl", "email", "html", "http", "code", "inspect", "io", "math", "operator", "platform", "profile",
    "re", "secrets", "statistics", "struct", "subprocess", "tempfile", "threading", "time", "uuid", "warnings", "abc",
    "enum", "dataclasses", "collections", "functools", "contextlib", "asyncio", "concurrent", "multiprocessing", "csv",
    "calendar", "datetime", "decimal", "glob", "gzip", "hashlib", "importlib", "pathlib", "pickle", "shutil", "urllib",
)  # fmt: skip
DISTRIBUTIONS = {"sklearn": "scikit-learn", "PIL": "pillow", "yaml": "pyyaml"}  # where the names differ
MOST = 64  # entries of PYTHONPATH that are looked at


def pythonhome(environ: Mapping[str, str], base: str | None) -> str | None:
    """PYTHONHOME, unless it names the very installation that the environment stands on."""
    home = environ.get("PYTHONHOME")
    if not home or (base and os.path.realpath(home.split(os.pathsep)[0]) == os.path.realpath(base)):
        return None
    return home


def optimized(environ: Mapping[str, str]) -> str | None:
    """PYTHONOPTIMIZE, where it strips the docstrings: transformers builds some of its own from others."""
    said = environ.get("PYTHONOPTIMIZE", "")
    return said if said.isdecimal() and int(said) > 1 else None


def pythonpath(environ: Mapping[str, str], site: Path | None) -> tuple[Shadow, ...]:
    """Entries of PYTHONPATH that hold a module of the course, the environment's own folder left out."""
    own = str(site) if site else ""
    entries = dict.fromkeys(environ.get("PYTHONPATH", "").split(os.pathsep)[:MOST])
    looked = (
        look_into(entry) for entry in entries if entry and os.path.realpath(entry) != os.path.realpath(own)
    )
    return tuple(shadow for shadow in looked if shadow.holds)


def user_site(environ: Mapping[str, str], version: str | None) -> Shadow | None:
    """The person's own site-packages, where Python would search it and it holds a module of the course."""
    if version is None or environ.get("PYTHONNOUSERSITE"):
        return None
    shadow = look_into(user_packages(environ, version))
    return shadow if shadow.holds else None


def user_packages(environ: Mapping[str, str], version: str) -> str:
    """The folder in which a Python of that version looks for the person's own packages, there or not."""
    base = Path(environ.get("PYTHONUSERBASE") or "~/.local").expanduser()
    minor = ".".join(version.split(".")[:2])
    return f"{base}/lib/python{minor}/site-packages"


def look_into(folder: str) -> Shadow:
    try:
        names = [path.name for path in Path(folder).iterdir()]
    except OSError:
        return Shadow(path=folder)
    versions = dists_in(names)
    here = set(names)
    holds = {
        module: versions.get(DISTRIBUTIONS.get(module) or canonicalize_name(module), "")
        for module in (*STACK, *OF_PYTHON)
        if f"{module}.py" in here or (module in here and is_file(Path(folder, module, "__init__.py")))
    }
    return Shadow(path=folder, holds=holds)


def dists_in(names: Iterable[str]) -> dict[str, str]:
    """Distributions and their versions, by the names in a folder of packages."""
    return dict(_dist(name) for name in names if name.endswith(".dist-info"))


def _dist(name: str) -> tuple[str, str]:
    project, _, version = name.removesuffix(".dist-info").partition("-")
    return canonicalize_name(project), version
