"""Parts shared by the tests of stage 0: a bare machine's PATH, a copy of the checkout, wheels, an index."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scripts.loopback import Index, serve

ROOT = Path(__file__).resolve().parents[2]
# Of the packages that every Debian has (essential), the programs that stage 0 uses.
ESSENTIAL = [
    "cat",
    "chmod",
    "cp",
    "cut",
    "env",
    "flock",
    "getent",
    "grep",
    "gzip",
    "head",
    "id",
    "mkdir",
    "mv",
    "printf",
    "rm",
    "rmdir",
    "sed",
    "sha256sum",
    "sleep",
    "tail",
    "timeout",
    "tr",
    "uname",
    "wc",
]
BASE_PYTHON = Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}")
FAKE_BOOTSTRAP = """
import json, os, sys
print(json.dumps({"argv": sys.argv[1:], "env": dict(os.environ), "file": __file__, "prefix": sys.prefix}))
import click, httpx, msgspec, psutil  # from the tool environment
"""


def toolbox(folder: Path, *clients: str | Path, without: tuple[str, ...] = ()) -> Path:
    """A folder for PATH with nothing but the essential programs and the given ones: a Path is used as python3, busybox as wget."""
    folder.mkdir(parents=True)
    (folder / "sh").symlink_to(shutil.which("dash") or "/bin/sh")
    for name in [*ESSENTIAL, *clients]:
        if isinstance(name, Path):
            (folder / "python3").symlink_to(name)
        elif name not in without:
            where = shutil.which(name)
            if where is None:
                pytest.skip(f"{name} is not on this machine")
            (folder / ("wget" if name == "busybox" else name)).symlink_to(where)
    return folder


def clean_env(home: Path, path: Path, **settings: str) -> dict[str, str]:
    """The environment of a person who configured nothing but `settings`."""
    keep = {k: os.environ[k] for k in ("SSL_CERT_FILE",) if k in os.environ}
    basics = {"HOME": str(home), "PATH": str(path), "PIP_CONFIG_FILE": "/dev/null", "MIRRORS": "off"}
    return {**keep, **basics, "GROUNDWORK_PYTHON": str(BASE_PYTHON), **settings}


def run_sh(
    script: Path, *args: str, env: dict[str, str], cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a script with the sh of its own PATH."""
    command = [f"{env['PATH'].split(':')[0]}/sh", str(script), *args]
    return subprocess.run(command, env=env, cwd=cwd, capture_output=True, text=True, timeout=120)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the project with a stand-in for bootstrap that prints what it was given."""
    root = tmp_path / "checkout"
    shutil.copytree(ROOT / "scripts", root / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "configs", root / "configs")
    (root / "bootstrap").mkdir()
    (root / "bootstrap" / "__init__.py").touch()
    (root / "bootstrap" / "__main__.py").write_text(FAKE_BOOTSTRAP)
    return root


@pytest.fixture(scope="session")
def stage0_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tests keep a uv of their own, fetched the way this machine is configured."""
    home = tmp_path_factory.mktemp("uv")
    subprocess.run(["sh", ROOT / "scripts/get_uv.sh", home], check=True, timeout=300)
    return home


@pytest.fixture(scope="session")
def uv(stage0_home: Path) -> Path:
    return stage0_home / "uv"


@pytest.fixture(scope="session")
def uv_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("uv-cache")


@pytest.fixture(scope="session")
def pip(uv: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pip of a fresh virtual environment, configured as this machine's pip is."""
    venv = tmp_path_factory.mktemp("pip") / "venv"
    command = ["sh", "-c", f'. {ROOT}/scripts/pip_settings.sh; exec "$@"', "sh"]
    subprocess.run(
        [*command, uv, "venv", "--quiet", "--seed", "--python", BASE_PYTHON, venv], check=True, timeout=300
    )
    return venv / "bin" / "pip"


@pytest.fixture(scope="session")
def wheels(pip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the real uv wheel and every wheel of the tool lock for this Python."""
    folder = tmp_path_factory.mktemp("wheels")
    version, _, _, wheel_hash, *_ = pins()[os.uname().machine]
    requirements = folder.parent / "uv.in"
    requirements.write_text(f"uv=={version} --hash=sha256:{wheel_hash}\n")
    locks = ["-r", str(requirements), "-r", str(ROOT / "configs/locks/tool.txt")]
    command = [str(pip), "download", "--quiet", "--require-hashes", "--no-deps", "-d", str(folder), *locks]
    subprocess.run(command, check=True, timeout=300)
    return folder


def pins() -> dict[str, list[str]]:
    """The fields of configs/uv.txt by machine type."""
    lines = (ROOT / "configs/uv.txt").read_text().splitlines()
    return {line.split()[1]: line.split() for line in lines if not line.startswith("#")}


@pytest.fixture
def index(wheels: Path) -> Iterator[Index]:
    with serve(wheels) as running:
        yield running


@pytest.fixture
def other_index(wheels: Path) -> Iterator[Index]:
    with serve(wheels) as running:
        yield running
