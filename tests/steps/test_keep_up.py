"""Kept up: by the watcher or by a real systemd; proven by a kernel; twenty lives leave one server and nothing stale."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bootstrap.lab import server as lab
from bootstrap.lab import systemd
from bootstrap.steps import server
from doctor.errors import Exit, Trouble
from doctor.goal import Goal
from doctor.lab.process import running_process
from tests.conftest import ROOT, missing
from tests.lab_env import (
    a_machine,
    client,
    findings,
    look,
    make_goal,
    make_work,
    password_of,
    processes_of,
    set_up,
)
from tests.wait import until

pytestmark = pytest.mark.target


@pytest.fixture(scope="module")
def root(target_python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("kept up")
    with a_machine(folder, target_python):
        yield folder


@pytest.fixture
def goal(root: Path) -> Iterator[Goal]:
    made = make_goal(root)
    set_up(made)
    yield made
    lab.stop(made)


@pytest.fixture
def watched(root: Path) -> Iterator[Goal]:
    made = make_goal(root, KEEP_UP="watch")
    set_up(made)
    yield made
    lab.stop(made)


def running_pid(goal: Goal) -> int:
    seen = look(goal).server
    return seen.pid if seen and seen.answers else 0


def test_a_server_that_ends_is_started_again(watched: Goal, root: Path) -> None:
    server.run(make_work(watched))
    assert findings(watched) == {}
    assert "kept up by its watcher" in lab.status(watched).text.en
    for number in (signal.SIGKILL, signal.SIGTERM):
        before = running_pid(watched)
        os.kill(before, number)
        assert until(lambda before=before: running_pid(watched) not in (0, before), 40)  # type: ignore[misc]
    assert findings(watched) == {}
    with client(watched, password_of(watched)) as owner:
        assert owner.get("/api/contents").status_code == 200
    assert lab.stop(watched)
    assert until(lambda: not processes_of(root)), "neither server nor watcher is left, nor what it waits with"
    assert lab.status(watched).state == "stopped"


def test_it_watches_a_server_that_runs_already_and_only_once(goal: Goal, root: Path) -> None:
    server.run(make_work(goal))
    pid = running_pid(goal)
    kept = make_goal(root, KEEP_UP="watch", PORT=str(goal.port))
    assert set(findings(kept)) == {"jupyter-kept-up-otherwise"}
    server.run(make_work(kept))
    assert running_pid(kept) == pid, "its kernels would have ended"
    first = running_process(kept, "watcher")
    server.run(make_work(kept))
    assert first and running_process(kept, "watcher") == first
    first.kill()
    first.wait(5)
    assert set(findings(kept)) == {"jupyter-kept-up-otherwise"}
    lab.stop(kept)


def test_without_the_setting_the_watcher_goes(root: Path, watched: Goal) -> None:
    server.run(make_work(watched))
    free = make_goal(root, PORT=str(watched.port))
    assert set(findings(free)) == {"jupyter-kept-up-otherwise"}
    server.run(make_work(free))
    assert findings(free) == {}
    assert not [p for p in processes_of(root) if "--watcher" in psutil.Process(p).cmdline()]


def test_a_server_that_cannot_live_is_given_up(tmp_path: Path) -> None:
    """The launcher with a program that ends at once: it is not started for ever."""
    (tmp_path / "jupyter_server_config.json").write_text("{}")
    (tmp_path / "server.json").write_text("{}")
    fast = tmp_path / "launch.sh"
    text = lab.LAUNCHER.read_text()
    assert "sleep $((ends * ends))" in text
    fast.write_text(text.replace("sleep $((ends * ends))", "sleep 0"))  # the same, without its patience
    subprocess.run(
        ["sh", fast, "--watch", "--python", "/bin/false", "--dir", tmp_path], check=True, timeout=30
    )
    assert until(lambda: not (tmp_path / "watcher.json").exists(), 30)
    log = (tmp_path / "jupyter.log").read_text()
    assert "not started again" in log and log.count("it is started again") == 5


def test_a_kernel_that_does_not_work_is_told_and_not_forgotten(goal: Goal) -> None:
    site = next(Path(goal.prefix).glob("lib/python3*/site-packages"))
    light = (site / "torch.py").read_text()
    (site / "torch.py").write_text("raise ImportError('libcudnn.so.9: no such file')\n")
    try:
        with pytest.raises(Trouble, match="libcudnn") as told:
            server.run(make_work(goal))
        assert told.value.code == Exit.FAILED
        pid = running_pid(goal)
        assert pid and "libcudnn" in findings(goal)["jupyter-kernel-fails"].evidence.en
    finally:
        (site / "torch.py").write_text(light)
    server.run(make_work(goal))
    assert findings(goal) == {} and running_pid(goal) == pid, "proven, not restarted"


def test_a_kernel_of_another_python_is_no_proof(goal: Goal) -> None:
    spec = Path(goal.prefix) / "share/jupyter/kernels/python3/kernel.json"
    kept = spec.read_text()
    data = json.loads(kept)
    other = Path(goal.prefix) / "bin" / "other"
    other.symlink_to(Path(goal.interpreter).resolve())
    data["argv"] = [str(other), *data["argv"][1:]]
    data["env"]["PYTHONPATH"] = str(next(Path(goal.prefix).glob("lib/python3*/site-packages")))
    spec.write_text(json.dumps(data))
    try:
        with pytest.raises(Trouble, match="kernel"):
            server.run(make_work(goal))
    finally:
        spec.write_text(kept)
        other.unlink()


def test_killed_before_the_proof_it_is_made_by_the_next(goal: Goal) -> None:
    code = (
        "import os, signal, sys\n"
        "from bootstrap.lab import proof\n"
        "proof.prove = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "from bootstrap.lab import server\nimport msgspec\nfrom doctor.goal import Goal\n"
        "server.start(msgspec.json.decode(sys.stdin.buffer.read(), type=Goal))"
    )
    import msgspec

    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, input=msgspec.json.encode(goal), timeout=100, check=False
    )
    assert ended.returncode == -signal.SIGKILL
    assert set(findings(goal)) == {"jupyter-kernel-unproven"}
    pid = running_pid(goal)
    server.run(make_work(goal))
    assert findings(goal) == {} and running_pid(goal) == pid


def test_many_lives_leave_one_server_and_nothing_stale(
    goal: Goal, root: Path, request: pytest.FixtureRequest
) -> None:
    pids, lives = set(), int(request.config.getoption("--lives"))
    for life in range(lives):
        server.run(make_work(goal))
        pids.add(pid := running_pid(goal))
        assert pid and findings(goal) == {}
        if life % 4 == 3:
            lab.stop(goal)
        else:
            os.kill(pid, (signal.SIGKILL, signal.SIGTERM, signal.SIGABRT)[life % 3])
        assert until(lambda: running_process(goal) is None, 20)
    assert len(pids) == lives
    server.run(make_work(goal))
    servers = [p for p in processes_of(root) if "jupyterlab" in psutil.Process(p).cmdline()]
    assert servers == [running_pid(goal)]
    records = {path.name for path in (Path(goal.jupyter_dir) / "runtime").glob("jpserver-*.json")}
    assert records == {f"jpserver-{servers[0]}.json"}, "of servers that were killed none is left"
    lab.stop(goal)
    assert until(lambda: not processes_of(root)), processes_of(root)


# --- systemd -----------------------------------------------------------------------------------------

RUN = """
mount -t tmpfs none /run && mkdir -p /run/systemd/system /run/user/0 && chmod 700 /run/user/0
export XDG_RUNTIME_DIR=/run/user/0
/usr/lib/systemd/systemd --user --log-target=null & manager=$!
trap 'kill $manager; wait $manager' EXIT
until systemctl --user is-system-running 2>/dev/null | grep -q running; do sleep 0.1; done
"$@"
"""


def test_as_a_service_of_a_real_systemd(root: Path) -> None:
    """A user's systemd in a mount namespace, where /run says that the machine was booted with it."""
    if os.geteuid() != 0:
        missing("root", "a systemd of one's own needs a mount namespace")
    if not Path("/usr/lib/systemd/systemd").exists() or shutil.which("systemctl") is None:
        missing("root", "no systemd; as root: apt-get install systemd")
    kept = make_goal(root, KEEP_UP="systemd")
    set_up(kept)
    argv = [
        "unshare",
        "-m",
        "timeout",
        "200",
        "sh",
        "-c",
        RUN,
        "sh",
        sys.executable,
        "-m",
        __name__,
        str(root),
        str(kept.port),
    ]
    said = subprocess.run(
        argv, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False, stdin=subprocess.DEVNULL
    )
    assert said.returncode == 0, said.stdout + said.stderr
    assert said.stdout.splitlines()[-1] == "all of it"
    assert until(lambda: not processes_of(root))


def in_systemd(root: Path, port: str) -> None:
    kept = make_goal(root, KEEP_UP="systemd", PORT=port)
    systemd.refuse_without(kept)
    server.run(make_work(kept))
    assert findings(kept) == {}
    assert "kept up by systemd" in lab.status(kept).text.en
    before = running_pid(kept)
    os.kill(before, signal.SIGKILL)
    assert until(lambda: running_pid(kept) not in (0, before), 40)
    assert lab.stop(kept) and not lab.stop(kept)
    assert until(lambda: not [p for p in processes_of(root) if "jupyterlab" in psutil.Process(p).cmdline()])
    assert not systemd.wants_path(kept).exists(), "stopped means for the next boot as well"
    server.run(make_work(kept))
    free = make_goal(root, PORT=str(kept.port))
    assert "jupyter-kept-up-otherwise" in findings(free)
    server.run(make_work(free))
    assert findings(free) == {} and not systemd.unit_path(free).exists()
    lab.stop(free)
    print("all of it")


def test_without_systemd_it_is_refused_before_anything(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(root / "none"))
    with pytest.raises(Trouble) as refused:
        systemd.refuse_without(make_goal(root, KEEP_UP="systemd"))
    assert (
        refused.value.code == Exit.USAGE
        and "KEEP_UP=watch" in (refused.value.hint or refused.value.message).en
    )


def test_odd_paths_reach_the_service_whole(tmp_path: Path) -> None:
    odd = tmp_path / 'a "b" $HOME 100% \\ ü'
    odd.mkdir()
    unit = systemd.unit(make_goal(odd))
    if shutil.which("systemd-analyze") is None:
        missing("root", "no systemd-analyze; as root: apt-get install systemd")
    path = tmp_path / "groundwork-test.service"
    path.write_text(unit.replace("Type=exec", "Type=oneshot").replace("Restart=always\n", ""))
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "groundwork-test" not in said.stderr, said.stderr


if __name__ == "__main__":
    in_systemd(Path(sys.argv[1]), sys.argv[2])
