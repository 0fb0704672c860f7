"""What ENV_MANAGER=auto comes to, by what is there and who answers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec
import pytest

from bootstrap.env import manager
from bootstrap.env.manager import settle
from doctor.goal import Goal, Manager
from doctor.goal.prefix import marker
from doctor.settle.manager import settle_by_sight
from tests.conda_host import builder
from tests.conda_host.machine import FILE, machine
from tests.conda_host.server import Host, channel_files, official, serving

INSTALLER = builder.installer()
NOBODY = Host({}, url="http://127.0.0.1:9")


def made(home: Path, monkeypatch: pytest.MonkeyPatch, hosts: list[Host], kind: Manager = "auto") -> Goal:
    return machine(home, monkeypatch, hosts, INSTALLER, manager=kind)


def install(prefix: Path) -> None:
    file = prefix.parent / FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(INSTALLER)
    subprocess.run(["bash", str(file), "-b", "-p", str(prefix)], check=True, capture_output=True)


def test_hosts_that_answer_make_it_conda(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(official(INSTALLER)) as host:
        goal, line = settle(made(tmp_path, monkeypatch, [host]))
    assert (goal.manager, line) == ("conda", None)


def test_silence_makes_it_venv_in_one_honest_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    goal, line = settle(made(tmp_path, monkeypatch, [NOBODY]))
    assert goal.manager == "venv"
    assert line is not None
    assert "no Miniconda host answered" in line.en
    for text in (line.en, line.zh):
        assert "make setup ENV_MANAGER=conda" in text
        assert "\n" not in text


def test_an_installer_without_a_channel_is_not_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only = {path: body for path, body in official(INSTALLER).files.items() if "miniconda" in path}
    with serving(Host(only)) as host:
        goal, line = settle(made(tmp_path, monkeypatch, [host]))
    assert goal.manager == "venv"
    assert line is not None
    assert "conda-forge" in line.en


def test_an_existing_conda_needs_only_a_channel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Host(channel_files())) as host:
        asked = made(tmp_path, monkeypatch, [host])
        install(tmp_path / "elsewhere")
        monkeypatch.setenv("CONDA_EXE", str(tmp_path / "elsewhere" / "bin" / "conda"))
        goal, line = settle(asked)
    assert (goal.manager, line) == ("conda", None)
    assert goal.conda_root == str(tmp_path / "elsewhere")


def test_an_existing_conda_on_path_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = made(tmp_path, monkeypatch, [], "conda")
    install(tmp_path / "opt")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "conda").symlink_to(tmp_path / "opt" / "bin" / "conda")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    assert settle(asked)[0].conda_root == str(tmp_path / "opt")


def test_a_prefix_that_was_asked_for_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = made(tmp_path, monkeypatch, [], "conda")
    install(tmp_path / "anaconda3")
    asked = msgspec.structs.replace(asked, conda_root=str(tmp_path / "mine"))
    assert settle(asked)[0].conda_root == str(tmp_path / "mine")


def test_a_damaged_conda_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(official(INSTALLER)) as host:
        asked = made(tmp_path, monkeypatch, [host])
        install(tmp_path / "miniconda3")
        (tmp_path / "miniconda3" / "bin" / "conda").unlink()
        goal, line = settle(asked)
    assert goal.manager == "venv"
    assert line is not None
    assert str(tmp_path / "miniconda3") in line.en


@pytest.mark.parametrize(("kind", "sign"), [("conda", "conda-meta/history"), ("venv", "pyvenv.cfg")])
def test_the_environment_that_is_there_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Manager, sign: str
) -> None:
    asked = made(tmp_path, monkeypatch, [NOBODY])
    file = Path(msgspec.structs.replace(asked, manager=kind).prefix) / sign
    file.parent.mkdir(parents=True)
    file.write_text("")
    assert settle(asked) == (msgspec.structs.replace(asked, manager=kind), None)


def test_one_only_begun_decides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = made(tmp_path, monkeypatch, [NOBODY])
    prefix = Path(msgspec.structs.replace(asked, manager="conda").prefix)
    (prefix / "conda-meta").mkdir(parents=True)
    (prefix / "conda-meta" / "history").write_text("")
    marker(prefix).touch()
    assert settle(asked)[0].manager == "venv"


def test_without_measuring_nobody_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manager, "ask", None)
    assert settle_by_sight(made(tmp_path, monkeypatch, [NOBODY])).manager == "venv"


def test_a_home_with_a_space_is_no_place_for_conda(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(official(INSTALLER)) as host:
        goal, line = settle(made(tmp_path / "my home", monkeypatch, [host]))
    assert goal.manager == "venv"
    assert line is not None
    assert "' '" in line.en


@pytest.mark.parametrize("kind", ["venv", "system"])
def test_what_was_asked_for_is_not_second_guessed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Manager
) -> None:
    asked = made(tmp_path, monkeypatch, [NOBODY], kind)
    assert settle(asked) == (asked, None)
