"""scripts/get_uv.sh: the pinned uv onto a bare machine, from any source, never a wrong byte."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from tests.scripts.conftest import BASE_PYTHON, ROOT, clean_env, pins, run_sh, toolbox
from tests.scripts.loopback import Index, serve
from tests.wait import until

SCRIPT = ROOT / "scripts/get_uv.sh"
PIN = pins()[os.uname().machine]
WHEEL, BINARY_HASH = PIN[2], PIN[7]


def old_python() -> Path:
    """The oldest Python here that stage 0 must cope with (3.6 to 3.9); else the one that runs the tests."""
    folders = [Path("/usr/bin"), *Path.home().glob(".pyenv/versions/3.*/bin")]
    found = [f / f"python3.{minor}" for minor in (8, 6, 7, 9) for f in folders]
    return next((p for p in found if p.exists()), BASE_PYTHON)


CLIENTS: dict[str, str | Path] = {
    "curl": "curl",
    "wget": "wget",
    "busybox": "busybox",
    "python3": old_python(),
}


def is_pinned(uv: Path) -> bool:
    said = subprocess.run(["sha256sum", uv], capture_output=True, text=True, check=True).stdout
    return said.split()[0] == BINARY_HASH and os.access(uv, os.X_OK)


def leftovers(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if p.name != "uv")


@pytest.mark.index
@pytest.mark.parametrize("client", CLIENTS)
def test_one_client_is_enough(client: str, index: Index, tmp_path: Path) -> None:
    path = toolbox(tmp_path / "bin", CLIENTS[client])
    done = run_sh(SCRIPT, str(tmp_path / "uv"), env=clean_env(tmp_path, path, PIP_INDEX_URL=index.simple))
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert is_pinned(tmp_path / "uv/uv") and leftovers(tmp_path / "uv") == []
    assert index.requests == ["/simple/uv/", f"/files/{WHEEL}"]


@pytest.mark.index
def test_a_wrong_wheel_is_refused_by_name_and_the_next_source_used(
    index: Index, other_index: Index, tmp_path: Path
) -> None:
    index.corrupt = True
    env = clean_env(tmp_path, toolbox(tmp_path / "bin", "curl"))
    env |= {"PIP_INDEX_URL": index.simple, "PIP_EXTRA_INDEX_URL": other_index.simple}
    done = run_sh(SCRIPT, str(tmp_path / "uv"), env=env)
    assert done.returncode == 0, done.stderr
    assert f"{index.simple}: wrong SHA-256, refused" in done.stderr
    assert is_pinned(tmp_path / "uv/uv")


@pytest.mark.index
def test_nothing_is_left_when_every_source_is_wrong(index: Index, tmp_path: Path) -> None:
    index.corrupt = True
    env = clean_env(tmp_path, toolbox(tmp_path / "bin", "wget"), PIP_INDEX_URL=index.simple)
    done = run_sh(SCRIPT, str(tmp_path / "uv"), env=env)
    assert done.returncode == 5
    assert f"{index.simple}: wrong SHA-256" in done.stderr and "PIP_INDEX_URL=" in done.stderr
    assert list((tmp_path / "uv").iterdir()) == []


@pytest.mark.index
def test_a_silent_host_costs_its_deadline_only(index: Index, other_index: Index, tmp_path: Path) -> None:
    index.stall = True
    runs = []
    started = time.monotonic()
    for client in CLIENTS:  # at the same time, because each has to wait
        path = toolbox(tmp_path / client / "bin", CLIENTS[client])
        env = clean_env(tmp_path, path, PIP_INDEX_URL=index.simple, PIP_EXTRA_INDEX_URL=other_index.simple)
        runs.append(
            subprocess.Popen([path / "sh", SCRIPT, tmp_path / client], env=env, stderr=subprocess.DEVNULL)
        )
    assert [run.wait(60) for run in runs] == [0] * len(CLIENTS)
    assert (
        time.monotonic() - started < 30
    )  # 15 s of silence, and the work itself three times on a busy machine
    assert all(is_pinned(tmp_path / client / "uv") for client in CLIENTS)


@pytest.mark.index
def test_a_host_that_drips_is_left_for_the_next(index: Index, other_index: Index, tmp_path: Path) -> None:
    index.drip = 0.2
    runs = []
    started = time.monotonic()
    for client in CLIENTS:
        path = toolbox(tmp_path / client / "bin", CLIENTS[client])
        env = clean_env(tmp_path, path, PIP_INDEX_URL=index.simple, PIP_EXTRA_INDEX_URL=other_index.simple)
        runs.append(
            subprocess.Popen(
                [path / "sh", SCRIPT, tmp_path / client], env=env, stderr=subprocess.PIPE, text=True
            )
        )
    said = [run.communicate(timeout=90)[1] for run in runs]
    assert time.monotonic() - started < 60  # 15 s of dripping
    assert [run.returncode for run in runs] == [0] * len(CLIENTS), said
    assert all(f"{index.simple}: download failed" in text for text in said)
    assert all(is_pinned(tmp_path / client / "uv") for client in CLIENTS)


@pytest.mark.index
@pytest.mark.parametrize("client", ["curl", "wget", "busybox"])
def test_ctrl_c_ends_the_client_too(client: str, index: Index, tmp_path: Path) -> None:
    index.drip = 0.2
    env = clean_env(tmp_path, toolbox(tmp_path / "bin", client), PIP_INDEX_URL=index.simple)
    run = subprocess.Popen([tmp_path / "bin/sh", SCRIPT, tmp_path / "uv"], env=env, start_new_session=True)
    assert until(lambda: index.ranges, 30)
    os.killpg(run.pid, signal.SIGINT)
    assert run.wait(10) in (130, -signal.SIGINT)
    assert until(lambda: not members(run.pid)), members(run.pid)


def members(group: int) -> list[str]:
    """What is still running of a process group."""
    alive = (p for p in psutil.process_iter(["name", "status"]) if p.info["status"] != psutil.STATUS_ZOMBIE)
    return [p.info["name"] for p in alive if group_of(p.pid) == group]


def group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


@pytest.mark.index
@pytest.mark.parametrize("client", CLIENTS)
def test_a_link_that_breaks_is_carried_on(client: str, index: Index, tmp_path: Path) -> None:
    index.cut_after = 7_000_000
    path = toolbox(tmp_path / "bin", CLIENTS[client])
    done = run_sh(SCRIPT, str(tmp_path / "uv"), env=clean_env(tmp_path, path, PIP_INDEX_URL=index.simple))
    assert done.returncode == 0, done.stderr
    assert index.ranges == ["", "bytes=7000000-", "bytes=14000000-"]


@pytest.mark.index
def test_a_bad_beginning_from_an_earlier_run_does_not_spoil_a_good_source(
    index: Index, tmp_path: Path
) -> None:
    (tmp_path / "uv").mkdir()
    (tmp_path / "uv" / f"{WHEEL}.part").write_bytes(b"x" * 1000)
    env = clean_env(tmp_path, toolbox(tmp_path / "bin", "curl"), PIP_INDEX_URL=index.simple)
    assert run_sh(SCRIPT, str(tmp_path / "uv"), env=env).returncode == 0
    assert index.ranges == ["bytes=1000-", ""]


@pytest.mark.index
@pytest.mark.parametrize(
    "href", ["../../files/{name}", "/files/{name}", "//{host}/files/{name}#sha256=0", "{url}/files/{name}"]
)
def test_every_form_of_link_and_a_password_that_nobody_sees(href: str, index: Index, tmp_path: Path) -> None:
    index.href, index.login = href, "someone:s3cret"
    path = toolbox(tmp_path / "bin")
    (path / "curl").write_text(
        f'#!/bin/sh\necho "$@" >>{tmp_path}/arguments\nexec {shutil.which("curl")} "$@"\n'
    )
    (path / "curl").chmod(0o755)
    url = index.simple.replace("://", "://someone:s3cret@")
    done = run_sh(SCRIPT, str(tmp_path / "uv"), env=clean_env(tmp_path, path, PIP_INDEX_URL=url))
    assert done.returncode == 0, done.stderr
    assert "s3cret" not in done.stderr + (tmp_path / "arguments").read_text()


@pytest.mark.index
@pytest.mark.parametrize("form", ["{folder}", "file://{folder}"])
def test_a_folder_of_wheels_needs_no_network(form: str, wheels: Path, tmp_path: Path) -> None:
    env = clean_env(tmp_path, toolbox(tmp_path / "bin"), PIP_FIND_LINKS=form.format(folder=wheels))
    done = run_sh(SCRIPT, str(tmp_path / "uv"), env=env)
    assert done.returncode == 0, done.stderr
    assert is_pinned(tmp_path / "uv/uv")


@pytest.mark.index
def test_an_index_of_files(wheels: Path, tmp_path: Path) -> None:
    page = tmp_path / "simple/uv/index.html"
    page.parent.mkdir(parents=True)
    (tmp_path / "files").symlink_to(wheels)
    page.write_text(f'<a href="../../files/{WHEEL}">{WHEEL}</a>')
    env = clean_env(tmp_path, toolbox(tmp_path / "bin"), PIP_EXTRA_INDEX_URL=f"file://{tmp_path}/simple")
    done = run_sh(SCRIPT, str(tmp_path / "uv"), env=env)
    assert done.returncode == 0, done.stderr


@pytest.mark.index
def test_pip_is_asked_when_nothing_is_configured(
    pip: Path, wheels: Path, index: Index, tmp_path: Path
) -> None:
    # This pip's own default stands for the index that only pip knows: a pip.conf that we do not read.
    config = tmp_path / "pip.conf"
    config.write_text(f"[global]\nindex-url = {index.simple}\n")
    path = toolbox(tmp_path / "bin")
    (path / "python3").write_text(f'#!/bin/sh\nPIP_CONFIG_FILE={config} exec {pip.parent}/python "$@"\n')
    (path / "python3").chmod(0o755)
    done = run_sh(SCRIPT, str(tmp_path / "uv"), env=clean_env(tmp_path, path))
    assert done.returncode == 0, done.stderr
    assert "from pip" in done.stderr and f"/files/{WHEEL}" in index.requests


@pytest.mark.index
@pytest.mark.parametrize("mirrors, code", [("auto", 0), ("cn", 0), ("global", 5), ("off", 5)])
def test_mirrors_are_tried_in_order_unless_unwanted(
    mirrors: str, code: int, index: Index, tmp_path: Path
) -> None:
    listed = tmp_path / "mirrors.txt"
    listed.write_text(
        f"# a comment\nindex http://127.0.0.1:9/simple\npython {index.url}/nothing\nindex {index.simple}\n"
    )
    env = clean_env(tmp_path, toolbox(tmp_path / "bin", "curl"))
    env |= {"MIRRORS": mirrors, "GROUNDWORK_STAGE0_MIRRORS": str(listed)}
    done = run_sh(SCRIPT, str(tmp_path / "uv"), env=env)
    assert done.returncode == code, done.stderr
    assert ("http://127.0.0.1:9/simple: no answer" in done.stderr) == (code == 0)
    assert bool(index.requests) == (code == 0)


@pytest.mark.index
def test_no_index_means_no_index(index: Index, tmp_path: Path) -> None:
    env = clean_env(tmp_path, toolbox(tmp_path / "bin", "curl"))
    env |= {"PIP_NO_INDEX": "1", "PIP_INDEX_URL": index.simple}
    assert run_sh(SCRIPT, str(tmp_path / "uv"), env=env).returncode == 5
    assert index.requests == []


@pytest.mark.index
def test_what_is_there_is_not_fetched_again_and_what_is_damaged_is(
    uv: Path, index: Index, tmp_path: Path
) -> None:
    (tmp_path / "uv").mkdir()
    shutil.copy(uv, tmp_path / "uv/uv")
    env = clean_env(tmp_path, toolbox(tmp_path / "bin", "curl"), PIP_INDEX_URL=index.simple)
    assert run_sh(SCRIPT, str(tmp_path / "uv"), env=env).returncode == 0
    assert index.requests == []
    with (tmp_path / "uv/uv").open("r+b") as damaged:
        damaged.write(b"????")
    assert run_sh(SCRIPT, str(tmp_path / "uv"), env=env).returncode == 0
    assert is_pinned(tmp_path / "uv/uv")


@pytest.mark.index
def test_a_uv_on_the_path_counts_only_if_it_is_the_pinned_one(uv: Path, tmp_path: Path) -> None:
    path = toolbox(tmp_path / "bin")
    (path / "uv").symlink_to(uv)
    assert run_sh(SCRIPT, str(tmp_path / "uv"), env=clean_env(tmp_path, path)).returncode == 0
    assert is_pinned(tmp_path / "uv/uv")
    (path / "uv").unlink()
    (path / "uv").write_text("#!/bin/sh\n")
    (path / "uv").chmod(0o755)
    assert run_sh(SCRIPT, str(tmp_path / "other"), env=clean_env(tmp_path, path)).returncode != 0


def test_without_any_client_it_says_what_to_install(tmp_path: Path) -> None:
    env = clean_env(tmp_path, toolbox(tmp_path / "bin"), PIP_INDEX_URL="http://127.0.0.1:9/simple")
    done = run_sh(SCRIPT, str(tmp_path / "uv"), env=env)
    assert done.returncode == 4 and "apt-get install" in done.stderr
    chinese = run_sh(SCRIPT, str(tmp_path / "uv"), env=env | {"LANG": "zh_CN.UTF-8"})
    assert chinese.returncode == 4 and "没有找到 curl" in chinese.stderr


def test_an_unknown_machine_type_is_named(tmp_path: Path) -> None:
    path = toolbox(tmp_path / "bin", without=("uname",))
    (path / "uname").write_text("#!/bin/sh\necho riscv64\n")
    (path / "uname").chmod(0o755)
    done = run_sh(SCRIPT, str(tmp_path / "uv"), env=clean_env(tmp_path, path))
    assert done.returncode == 4 and "riscv64" in done.stderr


@pytest.mark.index
def test_the_wheel_of_the_other_machine_type_unpacks_too(pip: Path, tmp_path: Path) -> None:
    other = next(pin for arch, pin in pins().items() if arch != os.uname().machine)
    command = [
        str(pip),
        "download",
        "--quiet",
        "--no-deps",
        "--only-binary",
        ":all:",
        "-d",
        str(tmp_path / "wheels"),
    ]
    platform = f"manylinux2014_{other[1]}"
    subprocess.run([*command, "--platform", platform, f"uv=={other[0]}"], check=True, timeout=120)
    path = toolbox(tmp_path / "bin", without=("uname",))
    (path / "uname").write_text(f"#!/bin/sh\necho {other[1]}\n")
    (path / "uname").chmod(0o755)
    env = clean_env(tmp_path, path, PIP_FIND_LINKS=str(tmp_path / "wheels"))
    done = run_sh(SCRIPT, str(tmp_path / "uv"), env=env)
    assert done.returncode == 0, done.stderr


@pytest.mark.index
def test_the_pins_follow_from_the_wheels(wheels: Path) -> None:
    script: list[Path] = [BASE_PYTHON, ROOT / "scripts/pin_uv.py", wheels / WHEEL]
    said = subprocess.run(script, capture_output=True, text=True, check=True).stdout
    assert said.split() == PIN


@pytest.mark.parametrize("args, code", [(["--help"], 0), ([], 2), (["--nonsense"], 2)])
def test_usage(args: list[str], code: int, tmp_path: Path) -> None:
    done = run_sh(SCRIPT, *args, env=clean_env(tmp_path, toolbox(tmp_path / "bin")))
    assert done.returncode == code and "usage:" in done.stdout + done.stderr


def test_an_empty_index_is_said_to_be_empty(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with serve(tmp_path / "none") as index:
        env = clean_env(tmp_path, toolbox(tmp_path / "bin", "curl"), PIP_INDEX_URL=index.simple)
        done = run_sh(SCRIPT, str(tmp_path / "uv"), env=env)
    assert done.returncode == 5 and "404" in done.stderr
