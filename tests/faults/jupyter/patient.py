"""A person with JupyterLab: their configuration, their kernels, and what the doctor says of them."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from tests.conftest import missing
from tests.faults.patient import Diagnosis, diagnose

AREAS = ("--area", "packages,jupyter")


def look(person: dict[str, str], *, prefix: Sequence[str] = ()) -> Diagnosis:
    return diagnose(person, *AREAS, prefix=prefix)


def configure(person: dict[str, str], name: str, text: str) -> Path:
    path = Path(person["HOME"]) / ".jupyter" / name
    path.write_text(text)
    return path


def add_kernel(person: dict[str, str], name: str, spec: object) -> Path:
    folder = Path(person["HOME"]) / ".local/share/jupyter/kernels" / name
    folder.mkdir(parents=True)
    text = spec if isinstance(spec, str) else json.dumps(spec)
    (folder / "kernel.json").write_text(text)
    return folder / "kernel.json"


def spec_of(python: str | Path, title: str = "Python") -> dict[str, object]:
    argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    return {"argv": argv, "display_name": title, "language": "python"}


def need_root() -> None:
    if os.geteuid() != 0:
        missing("root", "namespaces and other users need root")
