"""What is read of a person's Jupyter: never run, never waited for, no secret kept."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import msgspec
import pytest

from doctor.facts import Jupyter
from doctor.goal import Goal
from doctor.lab.sockets import is_absent
from doctor.probes.jupyter import probe
from doctor.probes.jupyter.around import UFW, firewall, provider
from doctor.probes.jupyter.files.configs import person_files
from doctor.probes.jupyter.files.pyconfig import COMPUTED, read_python
from doctor.probes.jupyter.servers.processes import is_kernel, is_server, without_secret

SECRET = "correct-horse-battery-staple"


@pytest.fixture
def home(goal: Goal, environ: dict[str, str]) -> Path:
    """The home of the goal's person, with a folder for configurations."""
    folder = Path(environ["HOME"])
    (folder / ".jupyter").mkdir()
    return folder


@pytest.mark.parametrize(
    "source",
    [
        "c = get_config()\nc.ServerApp.port = 1",
        "import os as o\nc.ServerApp.root_dir = o.environ['HOME']\nc.ServerApp.port = 1",
        "from os.path import *\nc.ServerApp.root_dir = join('a', 'b')\nc.ServerApp.port = 1",
        "def f():\n    return unknown_yet\nc.ServerApp.ip = f()\nc.ServerApp.port = 1",
        "ports = [p for p in range(3)]\nc.ServerApp.x = ports[0]\nc.ServerApp.port = 1",
        "try:\n    from jupyter_server.auth import passwd\nexcept ImportError:\n    passwd = None\n"
        "c.ServerApp.password = passwd('x')\nc.ServerApp.port = 1",
        "c.ServerApp.file_handler = lambda path: path\nc.ServerApp.port = 1",
        "if port := 3:\n    pass\nc.ServerApp.x = port\nc.ServerApp.port = 1",
        "# -*- coding: utf-8 -*-\nc.ServerApp.port = 9\nc.ServerApp.port = 1",
    ],
)
def test_a_sound_configuration_is_not_called_broken(source: str) -> None:
    said = read_python(source.encode())
    assert said.error is None and said.values["ServerApp.port"] == 1


def test_what_only_running_would_tell_stays_open() -> None:
    assert read_python(b"c.ServerApp.ip = open('/nowhere').read()").values == {"ServerApp.ip": COMPUTED}


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (b"c.ServerApp.ip = '1\n", 1),
        (b"\nc.ServerApp.ip = localhost\n", 2),
        (b"c.ServerApp.allow_root = true\n", 1),
    ],
)
def test_a_broken_one_is_told_with_its_line(source: bytes, line: int) -> None:
    said = read_python(source)
    assert said.error and said.line == line


def test_no_secret_becomes_a_fact(home: Path, goal: Goal, monkeypatch: pytest.MonkeyPatch) -> None:
    python = f"c.ServerApp.password = '{SECRET}'\nc.IdentityProvider.token = '{SECRET}'\nc.My.api_key = '{SECRET}'\n"
    (home / ".jupyter/jupyter_server_config.py").write_text(python)
    data = {
        "PasswordIdentityProvider": {"hashed_password": f"argon2:{SECRET}"},
        "X": {"url": f"http://u:{SECRET}@h"},
    }
    (home / ".jupyter/jupyter_server_config.json").write_text(json.dumps(data))
    (home / ".bashrc").write_text(
        f"export HF_TOKEN={SECRET}\nexport https_proxy=http://me:{SECRET}@proxy:1\n"
    )
    (home / "nohup.out").write_text(
        f"http://127.0.0.1:8888/lab?token={SECRET}\nBad config encountered during initialization token={SECRET}\n"
    )
    monkeypatch.setenv("HF_TOKEN", SECRET)
    said = probe(goal)
    assert {file.path for file in said.files} and said.exports and said.log_lines
    assert SECRET not in msgspec.json.encode(said).decode()
    shapes = {name: shape for file in said.files for name, shape in file.secrets.items()}
    assert shapes["ServerApp.password"].startswith("plain") and shapes[
        "PasswordIdentityProvider.hashed_password"
    ].startswith("hash")


def test_pipes_folders_and_endless_logs_cost_no_time(home: Path, goal: Goal) -> None:
    os.mkfifo(home / ".jupyter/jupyter_server_config.json")
    (home / ".jupyter/jupyter_server_config.py").mkdir()
    (home / ".local/share/jupyter/kernels/pipe").mkdir(parents=True)
    os.mkfifo(home / ".local/share/jupyter/kernels/pipe/kernel.json")
    (home / ".local/share/jupyter/kernels" / os.fsdecode(b"\xff")).mkdir()
    os.mkfifo(home / ".bashrc")
    (home / ".profile").symlink_to(home / ".profile")
    with (home / "nohup.out").open("wb") as log:
        log.truncate(4 << 30)
    begun = time.monotonic()
    said = probe(goal)
    assert time.monotonic() - begun < 5
    assert [file.error for file in said.files if file.error]
    assert msgspec.json.decode(msgspec.json.encode(said), type=Jupyter) == said


def test_only_what_every_shell_gets_counts_as_exported(home: Path, goal: Goal) -> None:
    (home / ".bashrc").write_text(
        "proxy_on() {\n    export http_proxy=http://127.0.0.1:7890\n}\n# export HF_HUB_OFFLINE=1\nHF_XET=1\n"
        "alias m='export HF_ENDPOINT=https://hf-mirror.com'\nexport HF_HOME=$HOME/hf\nexport HF_ENDPOINT='https://a'; ls\n"
    )
    (home / ".zshrc").write_text("export HF_HUB_OFFLINE=1\n")
    said = {export.name: (export.value, export.place) for export in probe(goal).exports}
    assert said["HF_HOME"] == ("", f"{home}/.bashrc:7") and said["HF_ENDPOINT"] == (
        "https://a",
        f"{home}/.bashrc:8",
    )
    assert not said.keys() & {"http_proxy", "HF_HUB_OFFLINE", "HF_XET"}


def test_equal_secrets_have_equal_marks_and_others_not(home: Path, goal: Goal) -> None:
    for name, value in (("jupyter_server_config", "a"), ("jupyter_lab_config", "a"), ("jupyter_config", "b")):
        (home / f".jupyter/{name}.py").write_text(f"c.IdentityProvider.token = '{value}'\n")
    marks = [file.secrets["IdentityProvider.token"] for file in person_files(goal.prefix)]
    assert marks[0] == marks[1] != marks[2]


@pytest.mark.parametrize(
    ("line", "server"),
    [
        ("/env/bin/python3.11 /env/bin/jupyter-lab --allow-root", True),
        ("/env/bin/python -m jupyterlab", True),
        ("/env/bin/python -I -m jupyter_server --port=1", True),
        ("/usr/bin/python3 /usr/local/bin/jupyter notebook", True),
        ("/env/bin/python /env/bin/jupyter-lab list", False),
        ("vim jupyter-lab.sh", False),
        ("/env/bin/python -m ipykernel_launcher -f /run/kernel-1.json", False),
        ("grep -r jupyterlab2 .", False),
    ],
)
def test_servers_are_known_by_their_command_line(line: str, server: bool) -> None:
    assert is_server(tuple(line.split())) is server


def test_a_kernel_is_known_by_its_connection_file() -> None:
    assert is_kernel(("/e/bin/python", "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "/k.json"))
    assert not is_kernel(("/e/bin/python", "-m", "ipykernel", "install"))


def test_the_ports_that_providers_let_in() -> None:
    vast = {"VAST_CONTAINERLABEL": "C.1", "VAST_TCP_PORT_8888": "41234", "VAST_TCP_PORT_22": "41235"}
    assert provider(vast) == ("Vast.ai", (22, 8888))
    assert provider({"AutoDLContainerUUID": "x"})[0] == "AutoDL"
    assert provider({}) == (None, ())


def test_addresses_of_this_machine_and_of_others() -> None:
    assert is_absent("203.0.113.77") and is_absent("2001:db8::7")
    assert not any(
        is_absent(ip) for ip in ("127.0.0.1", "0.0.0.0", "", "*", "localhost", "::1", "a.example.com")
    )


def test_credentials_of_a_proxy_are_left_out() -> None:
    assert without_secret("https_proxy", "http://me:word@proxy:3128") == "http://***@proxy:3128"
    assert without_secret("HF_TOKEN", "hf_x") == "set"


def test_without_ufw_no_firewall_is_named() -> None:
    assert UFW.is_dir() or firewall(()) is None
