"""Small distributions, installed as an installer leaves them: files, METADATA, INSTALLER, and RECORD last."""

from __future__ import annotations

import base64
import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path


def site_of(prefix: Path) -> Path:
    return next(prefix.glob("lib/python3*/site-packages"))


def install(
    prefix: Path,
    name: str,
    version: str,
    files: Mapping[str, str | bytes] | None = None,
    requires: Sequence[str] = (),
    installer: str = "pip",
) -> Path:
    """Install a distribution; without `files` a module of its name that says its version. Returns its metadata folder."""
    site, module = site_of(prefix), name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    headers = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {line}" for line in requires)]
    content: dict[str, str | bytes] = {
        **(files if files is not None else {f"{module}/__init__.py": f'__version__ = "{version}"\n'}),
        f"{info}/METADATA": "\n".join(["Metadata-Version: 2.1", *headers, "", "A description."]),
        f"{info}/INSTALLER": installer,
    }
    rows = [_write(site, path, data) for path, data in content.items()]
    (site / info / "RECORD").write_text("\n".join([*rows, f"{info}/RECORD,,", ""]))
    return site / info


def _write(site: Path, path: str, data: str | bytes) -> str:
    raw = data.encode() if isinstance(data, str) else data
    (site / path).parent.mkdir(parents=True, exist_ok=True)
    (site / path).write_bytes(raw)
    digest = base64.urlsafe_b64encode(hashlib.sha256(raw).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(raw)}"


def remove(prefix: Path, name: str) -> None:
    """As `pip uninstall` leaves it: neither module nor metadata."""
    module = name.replace("-", "_")
    for path in (site_of(prefix) / module, *site_of(prefix).glob(f"{module}-*.dist-info")):
        shutil.rmtree(path, ignore_errors=True)


def course(prefix: Path) -> None:
    """A small stack whose metadata fits together as that of transformers 4.57 does."""
    needs = (
        "huggingface-hub<1.0,>=0.34.0",
        "tokenizers<=0.23.0,>=0.22.0",
        "numpy>=1.17",
        "regex",
        "tqdm>=4.27",
    )
    install(prefix, "pip", "25.0")
    install(prefix, "setuptools", "80.9.0", {"setuptools/__init__.py": "", "pkg_resources/__init__.py": ""})
    for name, version in (
        ("numpy", "2.3.4"),
        ("regex", "2025.9.1"),
        ("tqdm", "4.67.1"),
        ("safetensors", "0.6.2"),
    ):
        install(prefix, name, version)
    install(prefix, "huggingface-hub", "0.36.0", requires=("tqdm>=4.42.1", 'boto3>=1; extra == "s3"'))
    install(prefix, "tokenizers", "0.22.2", requires=("huggingface-hub<2.0,>=0.16.4",))
    install(prefix, "transformers", "4.57.6", requires=needs)


def script(prefix: Path, name: str, first_line: str) -> Path:
    """A command in the environment's bin folder."""
    path = prefix / "bin" / name
    path.write_text(f"{first_line}\nimport sys\nprint(sys.prefix)\n")
    path.chmod(0o755)
    return path
