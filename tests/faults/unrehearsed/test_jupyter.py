"""Configurations of Jupyter and IPython as guides of other years write them, and what else keeps its page away."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.faults.unrehearsed.jupyter_like import Person, person_with_jupyter


@pytest.fixture
def person(home: Path, course_like: Path) -> Person:
    return person_with_jupyter(home, course_like)


def told(person: Person) -> list[str]:
    """What is held against them, but for what the small stack lacks."""
    return [name for name in person.look().complaints if name != "torch-missing"]


SOUND = (
    "c.ServerApp.contents_manager_class = 'notebook.app'\n",
    "from jupyter_server.auth import passwd\nc.ServerApp.password = passwd('x')\n",
    "try:\n    from notebook.auth import passwd\nexcept ImportError:\n    passwd = None\n",
    "import os, my_own\nc.ServerApp.allow_origin = '*'\n",
    "conf = get_config()\nconf.ServerApp.port = 8890\n",
)


@pytest.mark.parametrize("text", SOUND)
def test_a_sound_configuration_is_left_in_peace(person: Person, text: str) -> None:
    person.configure(text)
    (person.home / ".jupyter/my_own.py").write_text("")
    assert told(person) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("from notebook.auth import passwd\nc.ServerApp.port = 8890\n", "jupyter-config-broken"),
        ("import jupyterthemes\nc.ServerApp.port = 8890\n", "jupyter-config-broken"),
        ("from notebook import passwd\n", "jupyter-config-broken"),
        ("C.ServerApp.port = 8890\n", "jupyter-config-broken"),
        ("conf = get_config()\nconf.ServerApp.port = '8890'\n", "jupyter-config-wrong-value"),
        ("c.ServerApp.ip = ['0.0.0.0']\nc.ServerApp.allow_root = True\n", "jupyter-config-wrong-value"),
        ("c.ServerApp.allow_origin = ['*']\n", "jupyter-config-wrong-value"),
        (
            "c.ServerApp.contents_manager_class = 'jupytext.TextFileContentsManager'\n",
            "jupyter-config-wrong-value",
        ),
    ],
)
def test_a_configuration_of_another_year(person: Person, text: str, name: str) -> None:
    person.configure(text)
    assert told(person) == [name]


def test_an_import_is_not_judged_where_another_jupyter_reads_the_file(person: Person) -> None:
    shutil.rmtree(next(person.env.glob("lib/python3*/site-packages/jupyter_server")))
    shutil.rmtree(next(person.env.glob("lib/python3*/site-packages/jupyter_server-*")))
    person.configure("from notebook.auth import passwd\n")
    assert told(person) == []


# --- certificates


@pytest.fixture
def pair(home: Path) -> Path:
    """A certificate and its key; the folder that holds them."""
    if not shutil.which("openssl"):
        missing("openssl", "no openssl; as root: apt-get install openssl")
    files = ["-keyout", str(home / "key.pem"), "-out", str(home / "cert.pem")]
    argv = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        *files,
        "-days",
        "3",
        "-subj",
        "/CN=x",
    ]
    subprocess.run(argv, check=True, capture_output=True, timeout=30)
    return home


def test_a_certificate_without_its_key(person: Person, pair: Path) -> None:
    certificate, key = (f"c.ServerApp.{name}file = '{pair}/{name}.pem'\n" for name in ("cert", "key"))
    person.configure(certificate + key)
    assert told(person) == []
    person.configure(certificate)
    assert told(person) == ["jupyter-certificate-unfit"]
    person.configure(key)
    assert told(person) == ["jupyter-certificate-unfit"]
    (pair / "cert.pem").write_text("<html>404</html>")
    person.configure(certificate + key)
    assert told(person) == ["jupyter-certificate-unfit"]


def test_a_certificate_and_a_key_that_are_gone_are_one_fault(person: Person) -> None:
    person.configure("c.ServerApp.certfile = '/nowhere/c.pem'\nc.ServerApp.keyfile = '/nowhere/k.pem'\n")
    assert told(person) == ["jupyter-certificate-missing"]


# --- the page, and the startup files


def test_a_jupyterlab_without_its_page(person: Person) -> None:
    (person.env / "share/jupyter/lab/static/index.html").unlink()
    assert told(person) == ["jupyter-lab-assets-missing"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("startup/00.py", "import fastai_of_old\n"),
        ("startup/00.py", "from IPython.lib_of_old import passwd\n"),
        ("ipython_kernel_config.py", "c.IPKernelApp.matplotlib = inline\n"),
    ],
)
def test_a_startup_file_that_fails(person: Person, name: str, text: str) -> None:
    person.startup(text, name)
    assert told(person) == ["ipython-startup-broken"]


@pytest.mark.parametrize(
    "text",
    [
        "import os, json\nip = get_ipython()\n",
        "import helpers\n",
        "from IPython.lib import anything\n",
        "try:\n    import fastai_of_old\nexcept ImportError:\n    pass\n",
    ],
)
def test_a_startup_file_in_good_health(person: Person, text: str) -> None:
    (person.home / "helpers.py").write_text("")
    person.startup(text)
    assert told(person) == []


def test_a_home_whose_data_disk_is_gone(person: Person) -> None:
    (person.home / ".local").symlink_to("/data/of-old")
    assert told(person) == ["jupyter-runtime-dir-permission"]
