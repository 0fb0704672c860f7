"""Condas made of files, as an installer and `conda create` leave them, with a real Python in them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
BLOCK = """# >>> conda initialize >>>
# !! Contents within this block are managed by 'conda init' !!
__conda_setup="$('{root}/bin/conda' 'shell.bash' 'hook' 2> /dev/null)"
if [ $? -eq 0 ]; then
    eval "$__conda_setup"
else
    if [ -f "{root}/etc/profile.d/conda.sh" ]; then
        . "{root}/etc/profile.d/conda.sh"
    else
        export PATH="{root}/bin:$PATH"
    fi
fi
unset __conda_setup
# <<< conda initialize <<<
"""


def install(
    root: Path, version: str = "26.3.2", channels: str = "[conda-forge]", libmamba: bool = True
) -> Path:
    """A whole conda, as Miniforge leaves it."""
    _python(root)
    site = root / "lib" / f"python{PYTHON}" / "site-packages"
    write(site / "conda" / "__init__.py", "")
    for command in (root / "bin" / "conda", root / "condabin" / "conda"):
        write(command, f"#!{root}/bin/python\n", 0o755)
    record(
        root,
        "conda",
        version,
        "py312_0",
        [f"lib/python{PYTHON}/site-packages/conda/__init__.py", "bin/conda"],
    )
    if libmamba:
        record(root, "conda-libmamba-solver", "25.11.0", "pyhd8ed1ab_0", [])
    write(root / "conda-meta" / "history", "==> 2026-11-01 10:00:00 <==\n# cmd: constructor\n")
    write(root / ".condarc", f"channels: {channels}\n")
    write(root / "etc" / "profile.d" / "conda.sh", "# conda\n")
    package(root / "pkgs", "zlib", "1.3.1", "hb9d3cd8_2", ["lib/libz.so.1", "include/zlib.h"])
    return root


def create(root: Path, name: str = "course") -> Path:
    """An environment of that conda, with a real Python that runs, pip's command, and a package."""
    prefix = root / "envs" / name
    _python(prefix)
    site = prefix / "lib" / f"python{PYTHON}" / "site-packages"
    site.mkdir(parents=True, exist_ok=True)
    write(prefix / "bin" / "pip", f"#!{prefix}/bin/python\n", 0o755)
    write(site / "pip" / "__init__.py", "")
    write(site / "pip" / "__main__.py", "print('pip 26.3')\n")
    write(site / "pip-26.3.dist-info" / "METADATA", "Metadata-Version: 2.1\nName: pip\nVersion: 26.3\n")
    write(site / "pip-26.3.dist-info" / "INSTALLER", "conda\n")
    write(site / "pip-26.3.dist-info" / "RECORD", "pip/__init__.py,,\npip/__main__.py,,\n")
    write(prefix / "lib" / "libopus.so.0", "")
    record(prefix, "libopus", "1.6", "h280c20c_0", ["lib/libopus.so.0", "lib/pkgconfig/opus.pc"])
    record(prefix, "python", f"{PYTHON}.0", "h_0_cpython", ["bin/python"])
    write(prefix / "conda-meta" / "history", "==> 2026-11-02 10:00:00 <==\n# cmd: conda create\n")
    return prefix


def initialise(home: Path, root: Path) -> None:
    """What `conda init bash` writes."""
    write(home / ".bashrc", "# mine\n" + BLOCK.format(root=root))


def activated(environ: dict[str, str], root: Path, prefix: Path) -> dict[str, str]:
    """The variables of a shell after `conda activate`."""
    return {
        **environ,
        "PATH": f"{prefix}/bin:{root}/condabin:{environ['PATH']}",
        "CONDA_PREFIX": str(prefix),
        "CONDA_DEFAULT_ENV": prefix.name,
        "CONDA_EXE": f"{root}/bin/conda",
        "CONDA_PYTHON_EXE": f"{root}/bin/python",
        "CONDA_SHLVL": "1",
    }


def record(prefix: Path, name: str, version: str, build: str, files: list[str]) -> Path:
    path = prefix / "conda-meta" / f"{name}-{version}-{build}.json"
    write(path, json.dumps({"name": name, "version": version, "build": build, "files": files}))
    return path


def package(pkgs: Path, name: str, version: str, build: str, files: list[str]) -> Path:
    """A package in the cache, unpacked as conda unpacks it."""
    folder = pkgs / f"{name}-{version}-{build}"
    for file in files:
        write(folder / file, "x")
    write(folder / "info" / "index.json", json.dumps({"name": name, "version": version, "build": build}))
    paths = [{"_path": file, "path_type": "hardlink", "sha256": "0"} for file in files]
    write(folder / "info" / "paths.json", json.dumps({"paths": paths, "paths_version": 1}))
    return folder


def write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def _python(prefix: Path) -> None:
    """A Python that takes that folder for its own, named as conda names it."""
    real = Path(os.path.realpath(sys.executable))
    versioned = prefix / "bin" / f"python{PYTHON}"
    write(prefix / "bin" / "pyvenv.cfg", f"home = {real.parent}\n")  # beside it: conda has none in the prefix
    versioned.symlink_to(real)
    (prefix / "bin" / "python").symlink_to(versioned.name)
