"""What a shell, a home or a mount can be like: setup ends as it does anywhere else, or says at once what is in its way.

All paths of this machine have spaces and Chinese letters in them.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.nothing_lost.kill import differences, files, state, strays
from tests.nothing_lost.world import World, shared_cache

MACHINE = "a machine 机器"
NOBODY = 65534
Environ = Mapping[str, str]
NONSENSE: dict[str, Environ] = {
    "python": {
        "PYTHONPATH": "{poison}",
        "PYTHONSTARTUP": "/gone",
        "PYTHONEXECUTABLE": "/gone",
        "PYTHONPLATLIBDIR": "gone",
        "PYTHONINSPECT": "1",
        "PYTHONWARNINGS": "error",
        "PYTHONIOENCODING": "ascii",
        "PYTHONUSERBASE": "{poison}",
    },
    "pip": {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_CONSTRAINT": "/gone",
        "PIP_TARGET": "/gone",
        "PIP_USER": "1",
        "PIP_REQUIRE_VIRTUALENV": "1",
        "PIP_NO_BINARY": ":all:",
    },
    "uv": {
        "UV_PYTHON": "2.7",
        "UV_CONSTRAINT": "/gone",
        "UV_OVERRIDE": "/gone",
        "UV_EXCLUDE_NEWER": "2020-01-01",
        "UV_NO_BINARY": "1",
        "UV_REQUIRE_HASHES": "1",
        "UV_TORCH_BACKEND": "cu126",
        "UV_WORKING_DIR": "/proc",
        "UV_PROJECT": "/gone",
        "UV_SYSTEM_PYTHON": "1",
        "UV_VENV_SEED": "1",
    },
    "environments": {
        "VIRTUAL_ENV": "/gone",
        "CONDA_PREFIX": "/gone",
        "CONDA_EXE": "/gone/bin/conda",
        "CONDA_DEFAULT_ENV": "gone",
        "CONDA_SHLVL": "7",
        "CONDARC": "/gone",
    },
    "loader": {"LD_LIBRARY_PATH": "/gone::gone", "LD_PRELOAD": "/gone.so"},
    "shell": {
        "BASH_ENV": "{poison}/json.py",
        "ENV": "{poison}/json.py",
        "CDPATH": "/tmp:/",
        "GREP_OPTIONS": "--color=always",
        "POSIXLY_CORRECT": "1",
        "IFS": "/",
        "GZIP": "-9",
        "FORCE_COLOR": "1",
        "COLUMNS": "1",
        "TZ": "Nowhere/Land",
        "TERM": "dumb",
        "TMPDIR": "/gone",
    },
}  # fmt: skip
LOCALES = ("C", "POSIX", "zh_CN.GBK", "zh_CN.GBK installed")


@pytest.fixture(scope="module")
def whole(world: World) -> dict[str, str]:
    """What setup leaves in surroundings that are as they should be."""
    world.forget()
    said = world.run()
    assert said.code == 0, said.text
    return state(world)


@pytest.fixture(scope="module")
def poison(world: World) -> Path:
    """A folder of a project that has nothing to do with ours, and would spoil whatever takes it for its own."""
    folder = world.root / "project"
    folder.mkdir()
    for name in ("json", "ssl", "click", "msgspec", "encodings", "sitecustomize", "usercustomize"):
        (folder / f"{name}.py").write_text("raise SystemExit('poisoned')\n")
    (folder / "uv.toml").write_text('index-url = "http://127.0.0.1:9/simple"\n[pip]\nno-binary = [":all:"]\n')
    (folder / "pyproject.toml").write_text("broken [")
    (folder / ".python-version").write_text("2.7\n")
    return folder


def ends_the_same(
    world: World, whole: Mapping[str, str], more: Environ | None = None, through: Sequence[str] = ()
) -> None:
    world.forget()
    said = world.run(more=more, through=through)
    assert said.code == 0, said.text
    assert "Ready." in said.out or "就绪" in said.out
    assert not (other := differences(dict(whole), state(world))), other
    assert strays(world) == []


@pytest.mark.parametrize("kind", NONSENSE)
def test_what_is_said_to_other_programs_is_not_said_to_ours(
    world: World, whole: Mapping[str, str], poison: Path, kind: str
) -> None:
    ends_the_same(world, whole, {name: text.format(poison=poison) for name, text in NONSENSE[kind].items()})


def test_the_folder_where_the_person_stands_is_another_project(
    world: World, whole: Mapping[str, str], poison: Path
) -> None:
    ends_the_same(world, whole, through=("env", "-C", str(poison)))


@pytest.fixture(scope="module")
def locales(world: World) -> Path:
    """Where the GBK locale of China is installed, for those who are told so."""
    folder = world.root / "locales"
    folder.mkdir()
    made = ["localedef", "-i", "zh_CN", "-f", "GBK", "--no-archive", str(folder / "zh_CN.GBK")]
    if not shutil.which("localedef") or subprocess.run(made, capture_output=True, check=False).returncode:
        missing("root", "no localedef with its tables; as root: apt-get install locales")
    return folder


@pytest.mark.parametrize("name", LOCALES)
def test_any_locale(
    world: World, whole: Mapping[str, str], name: str, request: pytest.FixtureRequest
) -> None:
    locale, _, installed = name.partition(" ")
    more = {"LOCPATH": str(request.getfixturevalue("locales"))} if installed else {}
    ends_the_same(world, whole, {"LANG": locale, "LC_ALL": locale, **more})
