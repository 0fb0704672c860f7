"""Miniconda from a host in the layout of the official one: verified, installed, resumed, and refused."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from bootstrap.steps.conda import SCRIPT
from doctor.errors import Exit, Trouble
from doctor.goal.prefix import marker
from tests.conda_host import builder
from tests.conda_host.machine import FILE, ids, machine, run_step, tree
from tests.conda_host.server import Host, official, serving

INSTALLER = builder.installer()


def flipped(body: bytes) -> bytes:
    return body[:-100] + bytes([body[-100] ^ 1]) + body[-99:]


def command(*arguments: str) -> list[str]:
    return ["sh", str(SCRIPT), *arguments]


def script(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, **(env or {})},
    )


@pytest.fixture
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """An installer on disk, as arguments of the script."""
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / FILE
    path.write_bytes(INSTALLER)
    return ("--installer", str(path), "--sha256", builder.sha256(INSTALLER))


def test_a_bare_machine_gets_conda_and_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(official(INSTALLER)) as host:
        goal = machine(tmp_path / "home", monkeypatch, [host], INSTALLER)
        assert ids(goal) == ["conda-missing", "environment-missing"]
        run_step("conda", goal)
        assert ids(goal) == ["environment-missing"]
        run_step("environment", goal)
        assert ids(goal) == []
    assert not marker(goal.conda_root).exists()
    assert not (Path(goal.home) / "downloads" / FILE).exists()
    shell_files = [
        path.name for path in (tmp_path / "home").iterdir() if "rc" in path.name or "profile" in path.name
    ]
    assert shell_files == []


@pytest.mark.parametrize(
    "body",
    [
        flipped(INSTALLER),
        INSTALLER[: len(INSTALLER) * 2 // 3],
        b"<html><body>sign in</body></html>",
        b"",
    ],
    ids=["corrupted", "truncated", "page", "empty"],
)
def test_an_installer_with_other_bytes_is_refused_and_the_next_mirror_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    with serving(official(body)) as bad, serving(official(INSTALLER)) as good:
        goal = machine(tmp_path, monkeypatch, [bad, good], INSTALLER)
        monkeypatch.setattr("bootstrap.steps.conda.measure", in_order)
        said: list[str] = []
        run_step("conda", goal, said)
    assert any(line.startswith("host0: sent") for line in said)
    assert "conda-missing" not in ids(goal)


def in_order(kind: str, goal: object) -> object:
    """`measure`, with all sources answering in the order of the file."""
    from doctor.facts import Answer
    from doctor.mirrors.table import load_mirrors

    sources = [source for source in load_mirrors().source if source.kind == kind]
    return tuple(Answer(kind=s.kind, name=s.name, url=s.url, seconds=0.1) for s in sources), ()


def test_no_mirror_with_the_right_bytes_installs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(official(flipped(INSTALLER))) as bad:
        goal = machine(tmp_path, monkeypatch, [bad], INSTALLER)
        with pytest.raises(Trouble) as trouble:
            run_step("conda", goal)
    assert trouble.value.code == Exit.NETWORK
    assert not Path(goal.conda_root).exists()


def test_silent_hosts_end_with_the_network_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = Host({}, url="http://127.0.0.1:9")
    goal = machine(tmp_path, monkeypatch, [nobody], INSTALLER)
    with pytest.raises(Trouble) as trouble:
        run_step("conda", goal)
    assert trouble.value.code == Exit.NETWORK
    assert "host0" in trouble.value.message.en


def test_killed_half_way_the_next_run_completes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stall = tmp_path / "stalled"
    slow = builder.installer(stall)
    with ExitStack() as stack:
        host = stack.enter_context(serving(official(slow)))
        goal = machine(tmp_path / "home", monkeypatch, [host], slow)
        installer = tmp_path / FILE
        installer.write_bytes(slow)
        child = subprocess.Popen(
            command(
                "--installer", str(installer), "--sha256", builder.sha256(slow), "--prefix", goal.conda_root
            ),
            start_new_session=True,
        )
        wait_for(stall)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        stall.unlink()
        assert (Path(goal.conda_root) / "install_tmp").is_dir()
        assert "conda-half-installed" in ids(goal)
        whole = stack.enter_context(serving(official(INSTALLER)))
        goal = machine(tmp_path / "home", monkeypatch, [whole], INSTALLER)
        run_step("conda", goal)
    assert ids(goal) == ["environment-missing"]
    assert not (Path(goal.conda_root) / "install_tmp").exists()


def wait_for(path: Path) -> None:
    until = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < until, f"{path} did not appear"
        time.sleep(0.02)


def test_an_installer_that_outlived_its_run_keeps_the_next_one_out(tmp_path: Path) -> None:
    stall, slow = tmp_path / "stalled", tmp_path / FILE
    slow.write_bytes(builder.installer(stall))
    arguments = ("--installer", str(slow), "--sha256", builder.sha256(slow.read_bytes()))
    prefix = tmp_path / "miniconda3"
    first = subprocess.Popen(
        command(*arguments, "--prefix", str(prefix)), env={**os.environ, "HOME": str(tmp_path)}
    )
    wait_for(stall)
    first.kill()  # the script alone: the installer that it started lives on
    first.wait()
    done = script(*arguments, "--prefix", str(prefix), env={"HOME": str(tmp_path)})
    stall.unlink()
    assert done.returncode == 4
    assert "at work" in done.stderr


def test_an_unknown_folder_is_refused_and_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(official(INSTALLER)) as host:
        goal = machine(tmp_path, monkeypatch, [host], INSTALLER)
        thesis = Path(goal.conda_root) / "thesis"
        thesis.mkdir(parents=True)
        (thesis / "final.doc").write_bytes(os.urandom(2000))
        before = tree(Path(goal.conda_root))
        assert "conda-prefix-foreign" in ids(goal)
        with pytest.raises(Trouble) as trouble:
            run_step("conda", goal)
    assert trouble.value.code == Exit.PERSON
    assert tree(Path(goal.conda_root)) == before
    assert not marker(goal.conda_root).exists()


def test_environments_in_a_half_prefix_are_not_deleted(tmp_path: Path, saved: tuple[str, ...]) -> None:
    prefix = tmp_path / "miniconda3"
    (prefix / "envs" / "work").mkdir(parents=True)
    marker(prefix).touch()
    assert script(*saved, "--prefix", str(prefix)).returncode == 4
    assert (prefix / "envs" / "work").is_dir()


def test_an_empty_folder_is_used(tmp_path: Path, saved: tuple[str, ...]) -> None:
    (tmp_path / "miniconda3").mkdir()
    done = script(*saved, "--prefix", str(tmp_path / "miniconda3"))
    assert done.returncode == 0, done.stderr
    assert "conda 26.5.3" in done.stdout


def test_an_empty_installer_never_succeeds(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\n")
    arguments = ("--installer", str(tmp_path / FILE), "--sha256", builder.sha256(b"\n"))
    done = script(*arguments, "--prefix", str(tmp_path / "m"), env={"HOME": str(tmp_path)})
    assert done.returncode == 1
    assert "installed no conda" in done.stderr


@pytest.mark.parametrize("name", ["with space", "co:lon", "quo'te", "x" * 120])
def test_a_prefix_that_conda_cannot_live_in_is_bad_input(
    tmp_path: Path, saved: tuple[str, ...], name: str
) -> None:
    assert script(*saved, "--prefix", str(tmp_path / name)).returncode == 2
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize(
    "arguments",
    [(), ("--prefix",), ("--what",), ("--installer", "a", "--sha256", "b", "--prefix", "relative")],
)
def test_bad_arguments_are_bad_input(arguments: tuple[str, ...]) -> None:
    assert script(*arguments).returncode == 2


def test_help_is_help() -> None:
    done = script("--help")
    assert done.returncode == 0
    assert "--sha256" in done.stdout


def test_a_tampered_file_is_never_run(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    done = script("--installer", str(tmp_path / FILE), "--sha256", "0" * 64, "--prefix", str(tmp_path / "m"))
    assert done.returncode == 2
    assert not (tmp_path / "ran").exists()


def test_a_home_that_cannot_be_written_is_said_before_unpacking(
    tmp_path: Path, saved: tuple[str, ...]
) -> None:
    (tmp_path / "file").write_text("")
    done = script(*saved, "--prefix", str(tmp_path / "m"), env={"HOME": str(tmp_path / "file")})
    assert done.returncode == 1
    assert "set HOME" in done.stderr
    assert not (tmp_path / "m").exists()
    assert not marker(tmp_path / "m").exists()
