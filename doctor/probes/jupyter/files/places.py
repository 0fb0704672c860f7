"""Where a Jupyter of this person looks for its files, as jupyter_core says it (jupyter_core/paths.py)."""

from __future__ import annotations

import os
from pathlib import Path

from doctor.reading.peek import is_file, is_folder

SYSTEM_CONFIG = ("/usr/local/etc/jupyter", "/etc/jupyter")
SYSTEM_DATA = ("/usr/local/share/jupyter", "/usr/share/jupyter")


def home() -> Path:
    return Path("~").expanduser()


def config_dir() -> Path:
    return Path(os.environ.get("JUPYTER_CONFIG_DIR") or home() / ".jupyter")


def data_dir() -> Path:
    said = os.environ.get("JUPYTER_DATA_DIR")
    share = os.environ.get("XDG_DATA_HOME") or home() / ".local" / "share"
    return Path(said) if said else Path(share) / "jupyter"


def runtime_dir() -> Path:
    return Path(os.environ.get("JUPYTER_RUNTIME_DIR") or data_dir() / "runtime")


def ipython_dir() -> Path:
    return Path(os.environ.get("IPYTHONDIR") or home() / ".ipython")


def config_path(prefix: str) -> tuple[Path, ...]:
    """Folders of configuration for the Jupyter of an environment; the first wins."""
    user = (config_dir(), home() / ".local" / "etc" / "jupyter")
    return _path("JUPYTER_CONFIG_PATH", user, Path(prefix) / "etc" / "jupyter", prefix, SYSTEM_CONFIG)


def data_path(prefix: str) -> tuple[Path, ...]:
    """Folders of data (kernels, extensions) for the Jupyter of an environment; the first wins."""
    user = (data_dir(),)
    return _path("JUPYTER_PATH", user, Path(prefix) / "share" / "jupyter", prefix, SYSTEM_DATA)


def _path(
    variable: str, user: tuple[Path, ...], env: Path, prefix: str, system: tuple[str, ...]
) -> tuple[Path, ...]:
    extra = tuple(Path(one) for one in os.environ.get(variable, "").split(os.pathsep) if one)
    near = (env, *user) if prefers_environment(prefix) else (*user, env)
    return tuple(dict.fromkeys((*extra, *near, *map(Path, system))))


def prefers_environment(prefix: str) -> bool:
    """Whether the environment's own folders come before the person's."""
    said = os.environ.get("JUPYTER_PREFER_ENV_PATH")
    if said is not None:
        return said.lower() not in ("no", "n", "false", "off", "0", "0.0")
    if is_file(Path(prefix) / "pyvenv.cfg"):
        return True
    named = Path(prefix).parent.name == "envs" and is_folder(Path(prefix) / "conda-meta")
    return named and os.environ.get("CONDA_PREFIX") == prefix
