"""What is outside, played on loopback or in a network namespace of its own; nothing leaves this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec

from tests.conftest import missing
from tests.faults.island import Island
from tests.faults.patient import Diagnosis, diagnose
from tests.faults.web import Page
from tests.hub.models import write_mirrors

OUTSIDE = ("223.5.5.5", "1.1.1.1")  # what the probe takes for the world outside
HUB_HOST = "10.9.9.9"
ENDPOINT = {"HF_ENDPOINT": "http://hub.example"}
AREAS = "gpu,network,conda,python,packages,torch,ffmpeg"  # what needs nothing but the environment


def sources(tmp_path: Path, *urls: str) -> dict[str, str]:
    """The Hub's sources, the first of them the official one."""
    return {"GROUNDWORK_MIRRORS_FILE": str(write_mirrors(tmp_path / "sources.toml", *urls, official=True))}


def look(person: dict[str, str], **more: str) -> Diagnosis:
    return diagnose({**person, **more}, "--area", AREAS, offline=False)


def on_island(island: Island, person: dict[str, str], areas: str = AREAS, **more: str) -> Diagnosis:
    if os.geteuid() != 0:
        missing("root", "a network namespace needs root")
    spec = msgspec.json.encode(island).decode()
    prefix = ["unshare", "-n", "-m", sys.executable, "-m", "tests.faults.island", spec]
    return diagnose({**person, **more}, "--area", areas, offline=False, prefix=prefix)


CHANNELS = """
channels:
  - conda-forge
  - old   # gone since 2023
  - nodefaults
channel_alias: {alias}
custom_channels:
  conda-forge: {alias}/cloud
show_channel_urls: true
"""


def pip_conf(person: dict[str, str], text: str) -> Path:
    path = Path(person["HOME"]) / ".config/pip/pip.conf"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def conda(person: dict[str, str], condarc: str) -> Path:
    root = Path(person["HOME"]) / "miniconda3"
    package = root / "lib/python3.12/site-packages/conda/__init__.py"
    for path in (
        package,
        root / "bin/python",
        root / "bin/conda",
        root / "conda-meta/conda-26.5.3-py312_0.json",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o755)
    rc = Path(person["HOME"]) / ".condarc"
    rc.write_text(condarc)
    return rc


def links(*names: str) -> Page:
    body = "".join(f'<a href="../../{name}">{name}</a>' for name in names).encode()
    return Page(200, {"Content-Type": "text/html"}, b"<html>" + body + b"</html>")
