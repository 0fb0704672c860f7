"""Fixtures that several rooms share.

Tests that need more than Python (an environment made by `make setup`, a browser, root, the package index) are
skipped with the reason where that is missing, and fail instead where GROUNDWORK_REQUIRE names it, as in CI:
GROUNDWORK_REQUIRE=target,browser,root,index
"""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path
from typing import NoReturn

import msgspec
import pytest

from doctor.goal import Goal
from doctor.goal.settings import DEFAULT_PROFILE, groundwork_home, resolve

ROOT = Path(__file__).resolve().parent.parent


def missing(what: str, reason: str) -> NoReturn:
    """Skip, or fail where GROUNDWORK_REQUIRE names `what`."""
    if what in os.environ.get("GROUNDWORK_REQUIRE", "").split(","):
        pytest.fail(reason)
    pytest.skip(reason)


def pytest_addoption(parser: pytest.Parser) -> None:
    said = "how many times tests/nothing_lost kills setup, spread over a whole run; the full sweep is 200"
    parser.addoption("--kills", type=int, default=12, help=said)
    said = "how many times tests/steps/test_keep_up.py ends JupyterLab and starts it again; in full 20"
    parser.addoption("--lives", type=int, default=4, help=said)
    every = "spoil the network in every way at every host, not only in a third of them"
    parser.addoption("--every-fault", action="store_true", help=every)


@pytest.fixture(scope="session", autouse=True)
def signals_mean_what_they_mean() -> None:
    """Tests that were started by nohup, or behind `&`, would hand on that some are not to be heard."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def target_python() -> str:
    """The interpreter of an environment that `make setup` made, or the one GROUNDWORK_TARGET_PYTHON names."""
    made = f"{groundwork_home()}/envs/{DEFAULT_PROFILE}/bin/python"
    python = os.environ.get("GROUNDWORK_TARGET_PYTHON") or made
    if not Path(python).is_file():
        missing("target", f"{python} is not there; run `make setup` first")
    return python


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        missing("browser", "no Chromium; as root: apt-get install chromium")
    return path


@pytest.fixture(scope="session")
def uv() -> str:
    """The uv that stage 0 verified, or one on PATH."""
    path = os.environ.get("GROUNDWORK_UV") or shutil.which("uv")
    if path is None:
        missing("index", "no uv; start the tests with `make test`")
    return path


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The environment variables of a person whose HOME is new and empty."""
    home = tmp_path / "home"
    home.mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return {**kept, "HOME": str(home), "GROUNDWORK_HOME": str(home / ".groundwork")}


@pytest.fixture
def goal(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Goal:
    """The goal of that person with ENV_MANAGER=venv. uv's cache stays that of whoever runs the tests."""
    monkeypatch.setenv(
        "UV_CACHE_DIR", os.environ.get("UV_CACHE_DIR") or str(Path("~/.cache/uv").expanduser())
    )
    monkeypatch.setenv("HOME", environ["HOME"])
    monkeypatch.delenv("GROUNDWORK_MIRRORS_FILE", raising=False)
    return resolve({"ENV_MANAGER": "venv"}, environ)


@pytest.fixture
def machine_goal() -> Goal:
    """The goal that the recorded machines in tests/machines are judged against."""
    environ = {"HOME": "/root", "GROUNDWORK_HOME": "/root/.groundwork", "PATH": "/usr/bin", "CACHE": "/tmp"}
    return msgspec.structs.replace(resolve({"ENV_MANAGER": "venv"}, environ), root_dir="/root")
