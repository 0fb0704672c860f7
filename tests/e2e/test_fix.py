"""`fix` as a person runs it: broken for real, named, mended, healthy; and an environment of theirs is theirs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.faults.patient import bare_environ, linked_copy

PASSED_ON = ("UV_", "PIP_", "SSL_", "GROUNDWORK_UV", "http", "HTTP", "no_proxy", "NO_PROXY")
Environ = dict[str, str]


@pytest.fixture
def person(uv: str, tmp_path: Path) -> Environ:
    """A person with a new HOME who shares uv's cache, so that nothing is downloaded twice."""
    cache = os.environ.get("UV_CACHE_DIR") or str(Path("~/.cache/uv").expanduser())
    kept = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
    home = tmp_path / "home"
    ours = {"GROUNDWORK_UV": uv, "UV_CACHE_DIR": cache, "MODELS": "none", "ENV_MANAGER": "venv"}
    return bare_environ(home, **(kept | ours))


def word(environ: Mapping[str, str], *words: str, seconds: float = 280) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "bootstrap.cli", *words]
    return subprocess.run(
        argv,
        cwd=ROOT,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def failed(environ: Mapping[str, str], *args: str) -> list[str]:
    """The root causes that the doctor names, of what an environment consists of."""
    said = word(environ, "doctor", "--offline", "--json", "--area", "python,packages,torch", *args)
    findings: list[dict[str, Any]] = json.loads(said.stdout)["findings"]
    return [finding["id"] for finding in findings if finding["severity"] == "fail"]


def content(folder: Path) -> str:
    """A hash over the names and bytes of all files below, bytecode left out."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    whole = hashlib.sha256()
    for path in files:
        whole.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return whole.hexdigest()


def test_our_environment_is_mended(target_python: str, person: Environ) -> None:
    ours = Path(person["HOME"], ".groundwork", "envs", "llm-quickstart")
    ours.parent.mkdir(parents=True)
    linked_copy(Path(target_python).parent.parent, ours)
    assert failed(person) == []
    (library,) = ours.glob("lib/python3*/site-packages/safetensors/_safetensors_rust*.so")
    library.unlink()
    assert failed(person) == ["wheel-files-missing"]
    done = word(person, "fix", "--yes", "--only", "wheel-files-missing")
    assert done.returncode == 0, done.stdout + done.stderr
    assert library.is_file() and failed(person) == []
    shutil.rmtree(ours)


def test_an_environment_of_theirs_is_left_alone_until_it_is_adopted(
    uv: str, person: Environ, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    subprocess.run([uv, "venv", "-q", "-p", "3.11", str(mine)], env=person, check=True, timeout=120)
    theirs = [
        uv,
        "pip",
        "install",
        "-q",
        "--python",
        str(mine / "bin" / "python"),
        "transformers>=4.57,<4.58",
    ]
    subprocess.run(theirs, env=person, check=True, timeout=200)
    (hub,) = mine.glob("lib/python3*/site-packages/huggingface_hub/__init__.py")
    hub.unlink()
    person = {**person, "TARGET": str(mine)}
    assert failed(person) == ["wheel-files-missing"]

    before = content(mine)
    told = word(person, "fix", "--yes", "--only", "wheel-files-missing")
    assert told.returncode == 4 and "--adopt" in told.stdout, told.stdout + told.stderr
    assert content(mine) == before

    steps = ("--only", "torch-missing", "--only", "packages-missing")
    done = word(person, "fix", "--adopt", "--yes", *steps)
    assert done.returncode == 0, done.stdout + done.stderr
    imports = "from transformers import pipeline; import torch, datasets; print(torch.__version__)"
    works = [str(mine / "bin" / "python"), "-I", "-c", imports]
    subprocess.run(works, env=bare_environ(tmp_path / "other"), check=True, timeout=120, capture_output=True)
    assert failed({**person, "TARGET": str(mine)}) == []
