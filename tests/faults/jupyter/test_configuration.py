"""Configurations and folders of a person's Jupyter, really broken: each time the doctor names that, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.jupyter.patient import configure, look, need_root
from tests.faults.lab import refused
from tests.faults.patient import bare_environ
from tests.faults.person import diagnose_as_nobody, hand_over, home_of_nobody, need_another_user
from tests.lab_env import free_port

pytestmark = pytest.mark.target
HASH = "argon2:$argon2id$v=19$m=10240,t=10,p=8$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA"


def test_a_whole_configuration_is_left_in_peace(person: dict[str, str], home: Path) -> None:
    (home / "work").mkdir()
    configure(
        person,
        "jupyter_server_config.py",
        "import os\nc = get_config()  # noqa\nif True:\n    c.ServerApp.open_browser = False\n"
        f"c.ServerApp.ip = '0.0.0.0'\nc.ServerApp.port = {free_port()}\nc.ServerApp.allow_root = True\n"
        f"c.ServerApp.root_dir = os.path.join('{home}', 'work')\n# c.ServerApp.password = 'x'\n",
    )
    configure(
        person,
        "jupyter_server_config.json",
        json.dumps({"PasswordIdentityProvider": {"hashed_password": HASH}}),
    )
    configure(
        person, "jupyter_notebook_config.json", json.dumps({"NotebookApp": {"nbserver_extensions": {}}})
    )
    assert look(person).complaints == []


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("jupyter_server_config.json", '{"ServerApp": {"port": 9999,}}', "line 1"),
        (
            "jupyter_server_config.py",
            "c.ServerApp.open_browser = False\nc.ServerApp.port = (9999\n",
            "line 2",
        ),
        (
            "jupyter_lab_config.py",
            "c.ServerApp.open_browser = False\nc.ServerApp.ip = localhost\n",
            "localhost",
        ),
    ],
)
def test_a_configuration_that_cannot_be_read(person: dict[str, str], name: str, text: str, line: str) -> None:
    path = configure(person, name, text)
    said = look(person)
    assert said.failed == ["jupyter-config-broken"]
    evidence = said.of("jupyter-config-broken")["evidence"]
    assert str(path) in str(evidence) and line in str(evidence)


def test_a_forgotten_json_wins_over_the_edited_file(person: dict[str, str]) -> None:
    configure(
        person,
        "jupyter_server_config.json",
        json.dumps({"ServerApp": {"port": free_port(), "allow_root": True}}),
    )
    path = configure(person, "jupyter_server_config.py", f"c.ServerApp.port = {free_port()}\n")
    said = look(person)
    assert said.failed == ["jupyter-config-precedence-conflict"]
    path.write_text("c.ServerApp.open_browser = False\n")
    assert look(person).complaints == []


def test_the_file_of_the_classic_notebook_is_not_read(person: dict[str, str]) -> None:
    configure(
        person, "jupyter_notebook_config.py", "c.NotebookApp.ip = '0.0.0.0'\nc.NotebookApp.port = 9999\n"
    )
    assert look(person).failed == ["jupyter-notebook-config-ignored"]


@pytest.mark.parametrize("setting", ["ServerApp.password", "PasswordIdentityProvider.hashed_password"])
def test_a_plain_password_where_a_hash_belongs(person: dict[str, str], setting: str) -> None:
    configure(person, "jupyter_server_config.py", f"c.{setting} = 'correct-horse-battery'\n")
    said = look(person)
    assert said.failed == ["jupyter-plain-text-password"]
    assert "correct-horse" not in json.dumps(said.findings)
    configure(person, "jupyter_server_config.py", f"c.{setting} = '{HASH}'\n")
    assert look(person).complaints == []


def test_a_port_in_quotes_keeps_the_server_from_starting(person: dict[str, str], target_python: str) -> None:
    configure(person, "jupyter_server_config.py", f"c.ServerApp.port = '{free_port()}'\n")
    assert "Bad config encountered" in refused(target_python, person, "--allow-root")
    assert look(person).failed == ["jupyter-config-wrong-value"]


def test_an_address_of_another_machine(person: dict[str, str], target_python: str) -> None:
    configure(
        person, "jupyter_server_config.py", "c.ServerApp.ip = '203.0.113.77'\nc.ServerApp.allow_root = True\n"
    )
    refused(target_python, person)
    assert look(person).failed == ["jupyter-address-not-here"]


def test_a_certificate_that_is_gone(person: dict[str, str], home: Path) -> None:
    configure(person, "jupyter_server_config.py", f"c.ServerApp.certfile = '{home}/cert.pem'\n")
    assert look(person).failed == ["jupyter-certificate-missing"]
    (home / "cert.pem").touch()
    assert look(person).failed == ["jupyter-certificate-unfit"]  # there, and empty


def test_a_folder_of_notebooks_that_is_gone(person: dict[str, str], home: Path, target_python: str) -> None:
    configure(person, "jupyter_server_config.py", f"c.ServerApp.root_dir = '{home}/work'\n")
    assert "No such directory" in refused(target_python, person, "--allow-root")
    assert look(person).failed == ["jupyter-root-dir-missing"]


def test_root_is_refused(person: dict[str, str], target_python: str) -> None:
    need_root()
    assert "Running as root" in refused(target_python, person)
    assert look(person).failed == ["jupyter-root-refused"]
    configure(person, "jupyter_server_config.py", "c.ServerApp.allow_root = True\n")
    assert look(person).complaints == []


def test_the_interface_is_switched_off(person: dict[str, str], target_python: str) -> None:
    off = {"ServerApp": {"jpserver_extensions": {"jupyterlab": False}, "allow_root": True}}
    configure(person, "jupyter_server_config.json", json.dumps(off))
    assert look(person).failed == ["jupyter-lab-switched-off"]


def test_a_startup_file_with_an_error(person: dict[str, str], home: Path) -> None:
    folder = home / ".ipython/profile_default/startup"
    folder.mkdir(parents=True)
    (folder / "00-hf.py").write_text("import os\nos.environ['HF_HOME' = '/data'\n")
    said = look(person)
    assert said.complaints == ["ipython-startup-broken"]
    assert "00-hf.py:2" in str(said.of("ipython-startup-broken")["evidence"])


def test_misspelt_and_misplaced(person: dict[str, str], home: Path) -> None:
    configure(person, "jupyter_server_config.py", "c.ServerApp.allow_rooot = True\n")
    said = look({**person, "JUPYTER_CONFIG_DIR": str(home / "elsewhere")})
    assert said.complaints == ["jupyter-config-dir-elsewhere"]
    assert look(person).complaints == ["jupyter-config-misspelt"]


@pytest.fixture
def nobody() -> Iterator[Path]:
    """The home of a person without rights, where others may walk to it."""
    need_another_user()
    with home_of_nobody() as home:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", home / "env"], check=True)
        (home / ".local/share/jupyter/runtime").mkdir(parents=True)
        hand_over(home)
        yield home


def test_a_runtime_folder_that_belongs_to_root(nobody: Path) -> None:
    """As after `sudo jupyter lab`: the home is the person's, the folder in it is not."""
    person = {**bare_environ(nobody), "TARGET": str(nobody / "env")}
    assert diagnose_as_nobody(person, "--area", "jupyter").complaints == []
    os.chown(nobody / ".local/share/jupyter/runtime", 0, 0)
    assert diagnose_as_nobody(person, "--area", "jupyter").failed == ["jupyter-runtime-dir-permission"]


def test_a_full_disk_under_the_notebooks(person: dict[str, str], home: Path) -> None:
    need_root()
    work = home / "work"
    work.mkdir()
    configure(person, "jupyter_server_config.py", f"c.ServerApp.root_dir = '{work}'\n")
    assert look(person).complaints == []
    fill = f'mount -t tmpfs -o size=1m none {work} && head -c 1100000 /dev/zero >{work}/model.bin; exec "$@"'
    said = look(person, prefix=("unshare", "-m", "sh", "-c", fill, "sh"))
    assert said.failed == ["jupyter-disk-full-save"]


def test_a_file_where_a_folder_is_wanted_is_told_once(person: dict[str, str], home: Path) -> None:
    (home / "data").write_text("x")
    said = look({**person, "JUPYTER_DATA_DIR": str(home / "data")})
    assert said.complaints == ["jupyter-runtime-dir-permission"]
    assert "is a file" in said.of("jupyter-runtime-dir-permission")["evidence"]
