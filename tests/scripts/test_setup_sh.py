"""scripts/setup.sh and make: the tool environment made once, whatever happens meanwhile, then handed over to."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.scripts.conftest import BASE_PYTHON, ROOT, clean_env, run_sh, toolbox
from tests.scripts.loopback import Index

BUSY_MACHINE = 3  # how many times slower than promised a start may be on a shared two-core machine


@pytest.fixture
def ready(index: Index, uv_cache: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of a bare machine with curl whose pip is configured to use the loopback index."""
    path = toolbox(tmp_path / "bin", "curl")
    return clean_env(tmp_path / "home", path, PIP_INDEX_URL=index.simple, UV_CACHE_DIR=str(uv_cache))


def setup_sh(checkout: Path, *args: str, env: dict[str, str], code: int = 0) -> dict[str, Any]:
    """What the stand-in for bootstrap was given, after a run that must end with `code`."""
    done = run_sh(checkout / "scripts/setup.sh", *args, env=env)
    assert done.returncode == code, done.stderr
    return {"stderr": done.stderr, **(json.loads(done.stdout) if done.stdout else {})}


def start(checkout: Path, env: dict[str, str]) -> subprocess.Popen[str]:
    command = [f"{env['PATH']}/sh", str(checkout / "scripts/setup.sh"), "doctor"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=env, stdout=pipe, stderr=pipe, text=True, start_new_session=True)


def home_of(env: dict[str, str]) -> Path:
    return Path(env["HOME"]) / ".groundwork"


def environments(env: dict[str, str]) -> list[str]:
    return sorted(p.name for p in home_of(env).iterdir() if p.name.startswith("tool-"))


@pytest.mark.index
def test_first_run_makes_the_environment_and_hands_over(
    checkout: Path, ready: dict[str, str], index: Index
) -> None:
    said = setup_sh(checkout, "models", "--plan", "a b", env=ready)
    assert said["argv"] == ["models", "--plan", "a b"]
    assert said["file"] == str(checkout / "bootstrap/__main__.py")
    assert said["prefix"] == str(home_of(ready) / environments(ready)[0])
    assert said["env"]["GROUNDWORK_HOME"] == str(home_of(ready))
    assert os.access(said["env"]["GROUNDWORK_UV"], os.X_OK)
    assert said["env"]["UV_DEFAULT_INDEX"] == index.simple
    assert not list(checkout.rglob("*.pth"))


@pytest.mark.index
def test_second_start_uses_no_network_no_uv_and_no_time(
    checkout: Path, ready: dict[str, str], index: Index
) -> None:
    uv = Path(setup_sh(checkout, "doctor", env=ready)["env"]["GROUNDWORK_UV"])
    asked = len(index.requests)
    uv.write_text("#!/bin/sh\nexit 1\n")  # any use of it would fail
    (checkout / "bootstrap/__main__.py").write_text("print('{}')")
    starts = []
    for _ in range(5):
        started = time.monotonic()
        setup_sh(checkout, "status", env=ready)
        starts.append(time.monotonic() - started)
    assert len(index.requests) == asked
    assert min(starts) < 0.150 * BUSY_MACHINE


@pytest.mark.index
@pytest.mark.parametrize("request_number", [1, 2, 3, 12, 40])
def test_killed_anywhere_the_next_run_carries_on(
    request_number: int, checkout: Path, ready: dict[str, str], index: Index, tmp_path: Path
) -> None:
    ready["UV_CACHE_DIR"] = str(tmp_path / "cache")  # its own, so that every request is made
    killed = threading.Event()

    started = threading.Event()

    def kill(count: int) -> None:
        if count == request_number and started.wait(10):
            os.killpg(run.pid, signal.SIGKILL)
            killed.set()

    index.on_request = kill
    run = start(checkout, ready)
    started.set()
    assert run.wait(60) == -signal.SIGKILL and killed.is_set()
    index.on_request = lambda count: None
    assert setup_sh(checkout, "doctor", env=ready)["argv"] == ["doctor"]
    assert len(environments(ready)) == 1
    assert sorted(p.name for p in (home_of(ready) / "uv-0.13.9").iterdir()) == ["uv"]


@pytest.mark.index
@pytest.mark.parametrize("damage", ["complete", "bin/python", "lib"])
def test_an_environment_that_is_not_whole_is_made_again(
    damage: str, checkout: Path, ready: dict[str, str]
) -> None:
    setup_sh(checkout, "doctor", env=ready)
    env = home_of(ready) / environments(ready)[0]
    if damage == "lib":
        shutil.rmtree(env / "lib")
        (env / "complete").unlink()
    else:
        (env / damage).unlink()
    setup_sh(checkout, "doctor", env=ready)
    assert (env / "complete").exists()


@pytest.mark.index
@pytest.mark.parametrize("locking", ["flock", "folder"])
def test_two_at_once_the_second_says_who_it_waits_for(
    locking: str, checkout: Path, ready: dict[str, str], index: Index
) -> None:
    if locking == "folder":
        Path(ready["PATH"], "flock").unlink()
    gate, reached = threading.Event(), threading.Event()

    def hold(count: int) -> None:
        reached.set()
        gate.wait(60)

    index.on_request = hold
    first = start(checkout, ready)
    assert reached.wait(30)
    second = start(checkout, ready)
    assert second.stderr is not None
    lines = iter(second.stderr.readline, "")
    waiting = next(line for line in lines if "waiting" in line)
    assert f"process {first.pid}" in waiting
    gate.set()
    assert [first.wait(60), second.wait(60)] == [0, 0]
    assert sum(r.endswith(".whl") and "/uv-" in r for r in index.requests) == 1
    for run in (first, second):
        run.communicate()


@pytest.mark.index
@pytest.mark.parametrize("holder", ["dead", "another process of that pid", "died before it said its name"])
def test_the_folder_lock_of_a_dead_process_is_taken_over(
    holder: str, checkout: Path, ready: dict[str, str]
) -> None:
    Path(ready["PATH"], "flock").unlink()
    dead = subprocess.run(["sh", "-c", "echo $$"], capture_output=True, text=True, check=True).stdout.strip()
    said = {"dead": f"{dead} 1\n", "another process of that pid": f"{os.getpid()} 1\n"}.get(holder)
    (home_of(ready) / "stage0.lock.folder").mkdir(parents=True)
    if said:
        (home_of(ready) / "stage0.lock.folder" / "holder").write_text(said)
    setup_sh(checkout, "doctor", env=ready)
    assert not (home_of(ready) / "stage0.lock.folder").exists()


@pytest.mark.index
@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_odd_surroundings(umask: int, checkout: Path, ready: dict[str, str], tmp_path: Path) -> None:
    root = checkout.rename(tmp_path / "仓库 with spaces")
    ready |= {
        "HOME": str(tmp_path / "家 of someone"),
        "LANG": "C",
        "PYTHONHOME": "/nonsense",
        "PYTHONPATH": "/nonsense",
    }
    before = os.umask(umask)
    try:
        said = setup_sh(root, "doctor", env=ready)
    finally:
        os.umask(before)
    assert said["file"] == str(root / "bootstrap/__main__.py")
    ours = [
        p for p in home_of(ready).rglob("*") if not p.is_symlink() and p.name != ".lock"
    ]  # uv's, 0666 on purpose
    assert [p for p in ours if p.stat().st_mode & 0o022] == []


@pytest.mark.index
def test_a_relative_home_becomes_absolute(checkout: Path, ready: dict[str, str], tmp_path: Path) -> None:
    del ready["HOME"]
    ready["GROUNDWORK_HOME"] = "gw"
    done = run_sh(checkout / "scripts/setup.sh", "doctor", env=ready, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["env"]["GROUNDWORK_HOME"] == str(tmp_path / "gw")


def test_no_home_at_all_is_a_clear_error(checkout: Path, tmp_path: Path) -> None:
    env = clean_env(tmp_path, toolbox(tmp_path / "bin", without=("getent",)))
    del env["HOME"]
    assert "GROUNDWORK_HOME=" in setup_sh(checkout, env=env, code=2)["stderr"]
    for chinese in ({"LC_ALL": "zh_CN.UTF-8"}, {"LC_ALL": "C", "GROUNDWORK_LANG": "zh"}):
        assert "请指定" in setup_sh(checkout, env=env | chinese, code=2)["stderr"]


def test_a_home_that_cannot_be_written_is_a_clear_error(checkout: Path, tmp_path: Path) -> None:
    env = clean_env(tmp_path, toolbox(tmp_path / "bin"), GROUNDWORK_HOME="/dev/null/x")
    assert "/dev/null/x cannot be written" in setup_sh(checkout, env=env, code=2)["stderr"]


@pytest.mark.index
def test_another_checkout_runs_its_own_code(checkout: Path, ready: dict[str, str], tmp_path: Path) -> None:
    setup_sh(checkout, "doctor", env=ready)
    other = Path(shutil.copytree(checkout, tmp_path / "other"))
    for root in (other, checkout):
        assert setup_sh(root, "doctor", env=ready)["file"] == str(root / "bootstrap/__main__.py")
    assert len(environments(ready)) == 1


@pytest.mark.index
def test_a_new_lock_makes_a_new_environment_and_removes_the_old_unless_it_runs(
    checkout: Path, ready: dict[str, str]
) -> None:
    setup_sh(checkout, "doctor", env=ready)
    old = home_of(ready) / environments(ready)[0]
    lock = checkout / "configs/locks/tool.txt"
    lock.write_text("# changed\n" + lock.read_text())
    running = subprocess.Popen([old / "bin/python", "-c", "input()"], stdin=subprocess.PIPE)
    # Processes that come and go all the time, as on a machine where somebody works.
    others = subprocess.Popen(["sh", "-c", "while :; do /bin/true; done"])
    try:
        setup_sh(checkout, "doctor", env=ready)
        assert len(environments(ready)) == 2
    finally:
        others.kill()
        others.wait()
        running.communicate(b"\n")
    lock.write_text("# changed again\n" + lock.read_text())
    setup_sh(checkout, "doctor", env=ready)
    assert len(environments(ready)) == 1


@pytest.mark.index
def test_a_package_that_is_not_the_locked_one_is_refused(
    checkout: Path, ready: dict[str, str], tmp_path: Path
) -> None:
    lock = checkout / "configs/locks/tool.txt"
    click = re.compile(r"^(click==\S+) .*?(?=^\S)", re.MULTILINE | re.DOTALL)
    lock.write_text(click.sub(rf"\1 --hash=sha256:{'0' * 64}\n", lock.read_text()))
    ready |= {"UV_CACHE_DIR": str(tmp_path / "cache"), "UV_NO_VERIFY_HASHES": "1"}
    assert "Hash mismatch" in setup_sh(checkout, "doctor", env=ready, code=5)["stderr"]
    assert not list(home_of(ready).glob("tool-*/complete"))


@pytest.mark.index
def test_a_dead_index_is_replaced_by_a_mirror(
    checkout: Path, ready: dict[str, str], index: Index, uv: Path, tmp_path: Path
) -> None:
    mirrors = tmp_path / "mirrors.txt"
    mirrors.write_text(f"index {index.simple}\n")
    ready |= {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "MIRRORS": "auto",
        "GROUNDWORK_STAGE0_MIRRORS": str(mirrors),
    }
    assert f"trying {index.simple}" in setup_sh(checkout, "doctor", env=ready)["stderr"]


@pytest.mark.index
def test_without_a_python_it_asks_the_mirror_and_then_says_what_to_type(
    checkout: Path, ready: dict[str, str], index: Index
) -> None:
    del ready["GROUNDWORK_PYTHON"]
    ready["UV_PYTHON_INSTALL_MIRROR"] = f"{index.url}/python"
    stderr = setup_sh(checkout, "doctor", env=ready, code=4)["stderr"]
    assert "apt-get install -y python3" in stderr and "GROUNDWORK_PYTHON=" in stderr
    assert any(r.startswith("/python/") for r in index.requests)


@pytest.mark.index
@pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="no Python of the system")
def test_the_systems_python_comes_before_one_of_conda_or_pyenv(
    checkout: Path, ready: dict[str, str], tmp_path: Path
) -> None:
    del ready["GROUNDWORK_PYTHON"]
    used, theirs = tmp_path / "used", tmp_path / "pyenv"
    theirs.mkdir()
    for name in ("python3", "python3.13"):
        (theirs / name).write_text(f'#!/bin/sh\n: >{used}\nexec {BASE_PYTHON} "$@"\n')
        (theirs / name).chmod(0o755)
    ready["PATH"] = f"{ready['PATH']}:{theirs}"
    assert setup_sh(checkout, "doctor", env=ready)["argv"] == ["doctor"] and used.exists()
    used.unlink()
    ready |= {"PATH": f"{ready['PATH']}:/usr/bin", "GROUNDWORK_HOME": str(tmp_path / "other")}
    assert setup_sh(checkout, "doctor", env=ready)["argv"] == ["doctor"] and not used.exists()


@pytest.mark.index
def test_a_wrong_groundwork_python_is_named(checkout: Path, ready: dict[str, str]) -> None:
    ready["GROUNDWORK_PYTHON"] = "/bin/false"
    assert "/bin/false" in setup_sh(checkout, "doctor", env=ready, code=2)["stderr"]


@pytest.mark.index
def test_no_word_means_setup(checkout: Path, ready: dict[str, str]) -> None:
    assert setup_sh(checkout, env=ready)["argv"] == ["setup"]
    assert setup_sh(checkout, "--plan", env=ready)["argv"] == ["setup", "--plan"]


def test_help_in_both_languages(checkout: Path, tmp_path: Path) -> None:
    env = clean_env(tmp_path, toolbox(tmp_path / "bin"))
    script = checkout / "scripts/setup.sh"
    assert run_sh(script, "--help", env=env).stdout.startswith("usage:")
    assert run_sh(script, "--help", env=env | {"LANG": "zh_CN.UTF-8"}).stdout.startswith("用法：")
    assert not home_of(env).exists()


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not on this machine")
def test_make_passes_words_arguments_and_variables_on(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "scripts/setup.sh").write_text('echo "$@" PORT=$PORT\n')

    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "PORT", "ARGS")}

    def make(*args: str) -> str:
        command = ["make", *args]
        return subprocess.run(
            command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True
        ).stdout

    assert make() == "--help PORT=\n"
    for word in [
        "setup",
        "doctor",
        "fix",
        "lab",
        "stop",
        "status",
        "models",
        "smoke",
        "test",
        "lint",
        "lock",
    ]:
        assert make(word, "PORT=9000", "ARGS=--plan -x") == f"{word} --plan -x PORT=9000\n"


@pytest.mark.index
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="needs a Python that everybody may run")
def test_a_checkout_that_one_can_only_read(ready: dict[str, str], checkout: Path) -> None:
    nobody = 65534
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to others
        place = Path(folder)
        place.chmod(0o755)
        root = Path(shutil.copytree(checkout, place / "checkout"))
        before = sorted(root.rglob("*"))
        (place / "home").mkdir()
        os.chown(place / "home", nobody, nobody)
        Path(ready["PATH"]).rename(place / "bin")
        ready |= {
            "HOME": str(place / "home"),
            "PATH": str(place / "bin"),
            "GROUNDWORK_PYTHON": "/usr/bin/python3",
        }
        del ready["UV_CACHE_DIR"]
        command = [place / "bin/sh", root / "scripts/setup.sh", "doctor"]
        ids = {"user": nobody, "group": nobody, "extra_groups": []}
        done = subprocess.run(command, env=ready, capture_output=True, text=True, timeout=120, **ids)  # type: ignore[call-overload]
        assert done.returncode == 0, done.stderr
        assert sorted(root.rglob("*")) == before


def test_every_script_is_plain_sh() -> None:
    for script in sorted((ROOT / "scripts").glob("*.sh")):
        assert subprocess.run(["sh", "-n", script], check=False).returncode == 0
        shellcheck = shutil.which("shellcheck")
        if shellcheck:
            checked = subprocess.run(
                [shellcheck, "-x", script], cwd=ROOT, capture_output=True, text=True, check=False
            )
            assert checked.returncode == 0, checked.stdout
