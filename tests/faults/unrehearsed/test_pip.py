"""Values and folders that pip cannot take, each beside a real pip."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from doctor.probes.installers.pip_values import BOOLEANS
from tests.conftest import missing
from tests.faults.unrehearsed.look import look
from tests.faults.unrehearsed.test_pip_and_uv import write

DEMO = "demo-1.0-py3-none-any.whl"
FILES = {
    "demo.py": "",
    "demo-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n",
    "demo-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "demo-1.0.dist-info/RECORD": "",
}


@pytest.fixture(scope="module")
def pip(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The Python of an environment that has pip."""
    prefix = tmp_path_factory.mktemp("pip") / "venv"
    made = subprocess.run([sys.executable, "-m", "venv", str(prefix)], capture_output=True, check=False)
    if made.returncode:
        missing("target", "this Python has no ensurepip")
    return str(prefix / "bin/python")


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    with zipfile.ZipFile(folder / DEMO, "w") as archive:
        for name, text in FILES.items():
            archive.writestr(name, text)
    return folder


def installs(pip: str, home: Path, what: Path | str, **more: str) -> subprocess.CompletedProcess[str]:
    environ = {"HOME": str(home), "PIP_DISABLE_PIP_VERSION_CHECK": "1", **more}
    argv = [pip, "-m", "pip", "install", "--dry-run", str(what)]
    return subprocess.run(argv, env=environ, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("no-cache-dir", "maybe"),
        ("no-index", "ja"),
        ("user", "ja"),
        ("require-virtualenv", "always"),
        ("disable-pip-version-check", "ja"),
        ("break-system-packages", "ja"),
        ("quiet", "lots"),
        ("progress-bar", "fancy"),
        ("exists-action", "x"),
        ("upgrade-strategy", "always"),
    ],
)
@pytest.mark.parametrize("place", ["variable", "file"])
def test_a_value_that_ends_pip(
    person: dict[str, str], home: Path, pip: str, wheels: Path, name: str, value: str, place: str
) -> None:
    more = {f"PIP_{name.upper().replace('-', '_')}": value} if place == "variable" else {}
    if place == "file":
        write(home / ".config/pip/pip.conf", f"[global]\n{name} = {value}\n")
    assert installs(pip, home, wheels / DEMO, **more).returncode in (2, 3)
    assert look(person, **more).complaints == ["pip-setting-stops-installs"]


def test_each_of_the_switches_is_one(home: Path, pip: str, wheels: Path) -> None:
    """Told all at once, pip ends at one; so each is taken on its own, by the parser that pip itself makes."""
    ask = "from pip._internal.commands import create_command as c; p = c('install').parser; print(*(n[2:] for g in (p, *p.option_groups) for o in g.option_list for n in o._long_opts if o.action in ('store_true', 'store_false')))"
    said = subprocess.run([pip, "-c", ask], capture_output=True, text=True, check=True).stdout.split()
    assert set(BOOLEANS) - {"no-cache-dir"} <= set(said)
    assert installs(pip, home, wheels / DEMO, PIP_NO_CACHE_DIR="maybe").returncode == 2


def test_values_that_pip_takes(person: dict[str, str], home: Path, pip: str, wheels: Path) -> None:
    text = (
        "no-cache-dir = off\nno-color = Y\nquiet = 1\nprogress-bar = off\nuser =\nroot-user-action = ignore\n"
    )
    write(home / ".config/pip/pip.conf", f"[global]\n{text}find-links = {wheels}\n")
    more = {
        "PIP_EXISTS_ACTION": "i w",
        "PIP_REQUIRE_VIRTUALENV": "TRUE",
        "PIP_LOG": str(home / "logs/pip.log"),
    }
    assert installs(pip, home, wheels / DEMO, **more).returncode == 0
    assert look(person, **more).complaints == []


@pytest.mark.parametrize("log", ["taken/pip.log", "folder"])
def test_a_log_that_cannot_be_written(
    person: dict[str, str], home: Path, pip: str, wheels: Path, log: str
) -> None:
    """A file stands where the folder would be, or a folder where the file would be: also root cannot write there."""
    write(home / "taken", "")
    (home / "folder").mkdir()
    more = {"PIP_LOG": str(home / log)}
    assert "Logging error" in installs(pip, home, wheels / DEMO, **more).stderr
    assert look(person, **more).complaints == ["pip-cannot-write"]


def test_a_cache_that_cannot_be_written_costs_time_alone(
    person: dict[str, str], home: Path, pip: str, wheels: Path
) -> None:
    write(home / "taken", "")
    more = {"PIP_CACHE_DIR": str(home / "taken/pip")}
    assert installs(pip, home, wheels / DEMO, **more).returncode == 0
    said = look(person, **more)
    assert said.complaints == [] and said.of("pip-cannot-write")["severity"] == "info"


def test_a_folder_of_wheels_that_is_gone(person: dict[str, str], home: Path, pip: str, wheels: Path) -> None:
    gone = {"PIP_FIND_LINKS": str(home / "wheels")}
    fine = {"PIP_FIND_LINKS": str(wheels)}
    index = {"PIP_INDEX_URL": f"file://{home}"}
    assert (
        "is ignored: it is either a non-existing path" in installs(pip, home, "demo", **gone, **index).stderr
    )
    assert look(person, **gone).complaints == ["pip-links-gone"]
    assert installs(pip, home, "demo", **fine, **index).returncode == 0
    assert look(person, **fine).complaints == []
    alone = {"PIP_NO_INDEX": "1"}
    assert installs(pip, home, "demo", **gone, **alone).returncode == 1
    assert look(person, **gone, **alone).complaints == ["pip-no-index-left-on"]
    assert installs(pip, home, "demo", **fine, **alone).returncode == 0
    assert look(person, **fine, **alone).complaints == []


def test_wheels_alone(person: dict[str, str], home: Path, pip: str, wheels: Path) -> None:
    more = {"PIP_ONLY_BINARY": ":all:", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    assert installs(pip, home, "demo", **more).returncode == 0
    said = look(person, **more)
    assert said.complaints == [] and said.of("pip-takes-wheels-only")
    more = {"PIP_NO_BINARY": ":all:", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    assert installs(pip, home, "demo", **more).returncode == 1
    assert look(person, **more).complaints == ["pip-setting-stops-installs"]


@pytest.mark.parametrize("key", ["target", "prefix", "root"])
def test_another_place_for_all_packages(
    person: dict[str, str], home: Path, pip: str, wheels: Path, key: str
) -> None:
    write(home / ".config/pip/pip.conf", f"[install]\n{key} = {home}/elsewhere\n")
    environ = {"HOME": str(home), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    argv = [pip, "-m", "pip", "install", "--no-deps", "demo"]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=True, timeout=60)
    assert done.returncode == 0 and list((home / "elsewhere").rglob("demo.py"))
    assert look(person).complaints == ["pip-installs-elsewhere"]
