"""The server: started once, outliving its starter, entered by its owner alone, its end noticed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bootstrap.lab import server as lab
from bootstrap.steps import jupyter, server
from doctor.errors import Exit, Trouble
from doctor.goal import Goal
from doctor.lab.process import running_process
from tests.lab_env import (
    a_person,
    client,
    findings,
    free_port,
    look,
    make_environment,
    make_goal,
    make_work,
    password_of,
    processes_of,
    set_up,
)
from tests.wait import until

pytestmark = pytest.mark.target
PASSWORD = "a-password-that-is-looked-for"
ALL_OPEN: dict[str, dict[str, object]] = {
    "ServerApp": {
        "ip": "0.0.0.0",
        "password": "",
        "token": "",
        "allow_origin": "*",
        "disable_check_xsrf": True,
        "allow_unauthenticated_access": True,
        "allow_remote_access": True,
        "jpserver_extensions": {"jupyterlab": False},
        "port": 1,
    },
    "IdentityProvider": {"token": ""},
    "PasswordIdentityProvider": {"hashed_password": "", "token": "stranger", "password_required": False},
    "LabApp": {"token": "stranger"},
}
PROTECTED = (
    "/lab",
    "/tree",
    "/api/contents",
    "/api/kernels",
    "/api/kernelspecs",
    "/api/sessions",
    "/api/terminals",
    "/api/status",
    "/api/me",
    "/metrics",
    "/files/secret.txt",
    "/lsp/status",
    "/lab/api/settings",
    "/terminals/websocket/1",
    "/api/kernels/00000000-0000-0000-0000-000000000000/channels",
    "/api/events/subscribe",
)


@pytest.fixture(scope="module")
def root(target_python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A person's folder with an environment that is set up; whose configurations leave every door open."""
    folder = tmp_path_factory.mktemp("lab")
    with a_person(folder), pytest.MonkeyPatch.context() as patch:
        goal = make_goal(folder)
        make_environment(Path(target_python), Path(goal.prefix))
        leave_every_door_open(folder, patch)
        yield folder
        lab.stop(goal)
        assert until(lambda: not processes_of(folder), 15), processes_of(folder)


def leave_every_door_open(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """What a person's own Jupyter may say, in files and variables. None of it may reach our server."""
    for place in ("home/.jupyter", "home/.local/etc/jupyter", "elsewhere"):
        (folder / place).mkdir(parents=True)
        for name in ("jupyter_config", "jupyter_server_config", "jupyter_lab_config"):
            (folder / place / f"{name}.json").write_text(json.dumps(ALL_OPEN))
            code = "".join(
                f"c.{s}.{t} = {value!r}\n" for s, traits in ALL_OPEN.items() for t, value in traits.items()
            )
            (folder / place / f"{name}.py").write_text(code)
    patch.setenv("JUPYTER_CONFIG_PATH", str(folder / "elsewhere"))
    patch.setenv("JUPYTER_TOKEN", "stranger")
    patch.setenv("JUPYTER_PORT", "1")
    patch.setenv("JUPYTER_SERVER_ALLOW_UNAUTHENTICATED_ACCESS", "true")
    patch.setenv("MAKEFLAGS", f" -- PASSWORD={PASSWORD}")
    patch.setenv("PASSWORD", PASSWORD)


@pytest.fixture
def goal(root: Path) -> Iterator[Goal]:
    """A port of its own for each test, and no server before and after it."""
    made = make_goal(root)
    set_up(made, PASSWORD)
    yield made
    lab.stop(made)


def run_step(goal: Goal) -> int:
    server.run(make_work(goal))
    running = look(goal).server
    assert running is not None and running.answers
    return running.pid


def test_once_started_it_stays_the_same_and_stops_with_its_kernels(goal: Goal, root: Path) -> None:
    assert findings(goal)["jupyter-server-down"].severity == "warn"
    pid = run_step(goal)
    assert set(findings(goal)) == {"jupyter-person-config"}
    assert lab.start(goal).pid == pid
    with client(goal, PASSWORD) as http:
        http.headers["X-XSRFToken"] = http.cookies["_xsrf"]
        assert http.post("/api/kernels", json={}).status_code == 201
    assert len(processes_of(root)) == 2
    assert lab.stop(goal) and not lab.stop(goal)
    assert until(lambda: not processes_of(root))
    assert lab.status(goal).state == "stopped"


def test_only_the_owner_gets_in(goal: Goal) -> None:
    run_step(goal)
    (Path(goal.root_dir) / "secret.txt").write_text("secret")
    tokens = {"Authorization": "token stranger"}
    with (
        client(goal) as stranger,
        client(goal, "a-wrong-password") as guesser,
        client(goal, PASSWORD) as owner,
    ):
        assert stranger.get("/api").json().keys() == {"version"}
        for path in PROTECTED:
            for http in (stranger, guesser):
                assert http.get(path).status_code in (302, 401, 403), path
                assert http.get(path, headers=tokens).status_code in (302, 401, 403), path
        assert stranger.get("/api/status?token=stranger").status_code == 403
        assert owner.get("/api/contents").json()["type"] == "directory"
        assert owner.get("/lab").status_code == 200
        assert owner.get("/api/status", headers={"Host": "evil.example"}).status_code == 403
        assert owner.post("/api/kernels", json={}).status_code == 403  # no XSRF token: not from our page


def test_it_listens_on_this_machine_alone_and_extensions_load(goal: Goal) -> None:
    pid = run_step(goal)
    sockets = psutil.Process(pid).net_connections()
    addresses = {s.laddr.ip for s in sockets if s.status == psutil.CONN_LISTEN and s.laddr}
    assert addresses and addresses <= {"127.0.0.1", "::1"}
    with client(goal, PASSWORD) as http:
        assert http.get("/lsp/status").status_code == 200
        assert http.get("/api/terminals").json() == []
        specs = http.get("/api/kernelspecs").json()
        assert specs["default"] == "python3"
        assert specs["kernelspecs"]["python3"]["spec"]["argv"][0] == goal.interpreter
    log = (Path(goal.jupyter_dir) / "jupyter.log").read_text()
    assert "Unrecognized" not in log and "deprecated" not in log


def test_the_password_is_nowhere_to_be_seen(goal: Goal, root: Path) -> None:
    pid = run_step(goal)
    with client(goal, PASSWORD), client(goal, "not-" + PASSWORD):
        pass
    assert PASSWORD.encode() not in Path(f"/proc/{pid}/environ").read_bytes()
    ps = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert PASSWORD not in ps
    holders = [f for f in (root / "groundwork").rglob("*") if f.is_file() and "envs" not in f.parts]
    with_it = [file.name for file in holders if PASSWORD.encode() in file.read_bytes()]
    assert with_it == ["password"]
    variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    assert f"HF_HOME={goal.cache}".encode() in variables
    assert any(v.startswith(f"PATH={goal.prefix}/bin:".encode()) for v in variables)


def test_notebooks_get_normal_modes_and_our_files_private_ones(goal: Goal) -> None:
    run_step(goal)
    with client(goal, PASSWORD) as http:
        http.headers["X-XSRFToken"] = http.cookies["_xsrf"]
        http.put(
            "/api/contents/new.txt", json={"type": "file", "format": "text", "content": "x"}
        ).raise_for_status()
    mask = os.umask(0)
    os.umask(mask)
    assert (Path(goal.root_dir) / "new.txt").stat().st_mode & 0o777 == 0o666 & ~mask
    for name in ("jupyter.log", "server.json", "running_config.json", "server.lock"):
        assert (Path(goal.jupyter_dir) / name).stat().st_mode & 0o777 == 0o600


def test_it_outlives_the_terminal_that_started_it(goal: Goal) -> None:
    argv = [str(lab.LAUNCHER), "--python", goal.interpreter, "--dir", goal.jupyter_dir]
    starter = subprocess.Popen(["sh", "-c", '"$@"; sleep 600', "sh", *argv], start_new_session=True)
    try:
        assert until(lambda: lab.status(goal).state == "running", 60)
        pid = lab.status(goal).pid
        assert pid is not None
        os.kill(pid, signal.SIGHUP)
        os.killpg(starter.pid, signal.SIGHUP)
    finally:
        os.killpg(starter.pid, signal.SIGKILL)
        starter.wait()
    with client(goal) as http:
        assert http.get("/api").status_code == 200
    assert lab.status(goal).pid == pid
    assert PASSWORD.encode() not in Path(f"/proc/{pid}/environ").read_bytes()


def test_a_killed_server_is_noticed_with_its_last_lines_and_started_again(goal: Goal) -> None:
    pid = run_step(goal)
    os.kill(pid, signal.SIGKILL)
    assert until(lambda: lab.status(goal).state == "ended")
    said = lab.status(goal)
    assert said.pid == pid and any("is running at" in line for line in said.last_log_lines)
    down = findings(goal)["jupyter-server-down"]
    assert down.severity == "fail" and f"pid {pid} is gone" in down.evidence.en
    assert run_step(goal) != pid
    assert "jupyter-server-down" not in findings(goal)


def test_a_reused_pid_fools_neither_status_nor_stop(goal: Goal) -> None:
    run_step(goal)
    record = Path(goal.jupyter_dir) / "server.json"
    kept = json.loads(record.read_bytes())
    lab.stop(goal)
    foreign = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        record.write_text(json.dumps({**kept, "pid": foreign.pid}))
        assert lab.status(goal).state == "ended"
        assert not lab.stop(goal)
        assert foreign.poll() is None
        record.write_text(json.dumps({**kept, "pid": foreign.pid}))
        assert run_step(goal) != foreign.pid
        assert foreign.poll() is None
    finally:
        foreign.kill()
        foreign.communicate()


def test_a_foreign_process_on_the_port_is_named_and_left_alone(goal: Goal) -> None:
    with socket.socket() as foreign:
        foreign.bind(("127.0.0.1", goal.port))
        foreign.listen()
        taken = findings(goal)["jupyter-port-in-use"]
        assert taken.severity == "fail" and taken.remedy.step is None
        assert f"pid {os.getpid()}" in taken.evidence.en and "python" in taken.evidence.en
        assert findings(goal)["jupyter-server-down"].blocked_by == ("jupyter-port-in-use",)
        with pytest.raises(Trouble) as refused:
            lab.start(goal)
        assert refused.value.code == Exit.USAGE and str(os.getpid()) in refused.value.message.en
    assert not (Path(goal.jupyter_dir) / "server.json").exists()


def test_the_same_port_of_another_address_is_free(goal: Goal) -> None:
    with socket.socket() as elsewhere:
        elsewhere.bind(("127.0.0.2", goal.port))
        elsewhere.listen()
        assert "jupyter-port-in-use" not in findings(goal)
        run_step(goal)


def test_other_settings_restart_it(goal: Goal, root: Path) -> None:
    pid = run_step(goal)
    elsewhere = make_goal(root, PORT=str(free_port()))
    assert (
        f"ServerApp.port is {goal.port}" in findings(elsewhere)["jupyter-server-other-settings"].evidence.en
    )
    jupyter.run(make_work(elsewhere))
    assert (
        "changed after it had started" not in findings(elsewhere)["jupyter-server-other-settings"].evidence.en
    )
    assert run_step(elsewhere) != pid
    assert not psutil.pid_exists(pid)
    assert set(findings(elsewhere)) == {"jupyter-person-config"}


def test_a_new_password_ends_the_old_one(goal: Goal) -> None:
    run_step(goal)
    with client(goal, PASSWORD) as http:
        jupyter.run(make_work(goal, {"PASSWORD": "another-password"}))
        assert "changed after" in findings(goal)["jupyter-server-other-settings"].evidence.en
        run_step(goal)
        assert http.get("/api/contents").status_code == 403  # the cookie of the old password
    with client(goal, PASSWORD) as old, client(goal, password_of(goal)) as new:
        assert old.get("/api/contents").status_code == 403
        assert new.get("/api/contents").status_code == 200


def test_an_interpreter_that_was_there_is_not_written_to(goal: Goal, root: Path) -> None:
    shipped = Path(goal.prefix) / "share/jupyter/kernels/python3/kernel.json"
    before = shipped.read_bytes()
    system = make_goal(root, ENV_MANAGER="system", ENV_NAME="shared", PATH=f"{goal.prefix}/bin:/usr/bin:/bin")
    assert system.prefix == goal.prefix
    set_up(system, PASSWORD)
    try:
        run_step(system)
        with client(system, PASSWORD) as http:
            spec = http.get("/api/kernelspecs").json()["kernelspecs"]["python3"]["spec"]
        assert spec["argv"][0] == system.interpreter and spec["display_name"] == "Python 3.11 (shared)"
        assert set(findings(system)) == {"jupyter-person-config"}
    finally:
        lab.stop(system)
    assert shipped.read_bytes() == before


def test_two_launchers_at_once_start_one_server(goal: Goal, root: Path) -> None:
    argv = [str(lab.LAUNCHER), "--python", goal.interpreter, "--dir", goal.jupyter_dir]
    launchers = [subprocess.Popen(argv, stderr=subprocess.PIPE) for _ in range(4)]
    for launcher in launchers:
        launcher.communicate(timeout=30)
    assert sorted(launcher.returncode for launcher in launchers) == [0, 75, 75, 75]
    assert until(lambda: len(processes_of(root)) == 1)
    assert lab.start(goal).state == "running"


def test_a_killed_launcher_leaves_a_known_server_or_none(goal: Goal, root: Path) -> None:
    argv = [str(lab.LAUNCHER), "--python", goal.interpreter, "--dir", goal.jupyter_dir]
    for milliseconds in (3, 6, 10, 15, 30):
        launcher = subprocess.Popen(argv, start_new_session=True, stdout=subprocess.DEVNULL)
        time.sleep(milliseconds / 1000)  # the moment of the kill is what is tried here
        os.killpg(launcher.pid, signal.SIGKILL)
        launcher.wait()
        assert until(lambda: not processes_of(root) or running_process(goal) is not None)
        lab.stop(goal)
        assert until(lambda: not processes_of(root)), processes_of(root)


def test_a_server_that_cannot_start_says_why_at_once(goal: Goal) -> None:
    config = Path(look(goal).config_path)
    config.write_text(config.read_text().replace('"hashed_password": "argon2', '"hashed_passwort": "argon2'))
    began = time.monotonic()
    with pytest.raises(Trouble, match="only be run with a password"):
        lab.start(goal)
    assert time.monotonic() - began < 30
    assert lab.status(goal).state == "ended"


def test_a_large_log_is_moved_away_and_three_are_kept(goal: Goal) -> None:
    log = Path(goal.jupyter_dir) / "jupyter.log"
    for number in range(5):
        log.write_bytes(b"%d" % number * 5_000_001)
        subprocess.run(
            [lab.LAUNCHER, "--python", "/bin/true", "--dir", goal.jupyter_dir], check=False, timeout=30
        )
        assert log.stat().st_size == 0
    kept = {file.name: file.read_bytes()[:1] for file in log.parent.glob("jupyter.log.*")}
    assert kept == {"jupyter.log.1": b"4", "jupyter.log.2": b"3", "jupyter.log.3": b"2"}


def test_the_launcher_by_hand() -> None:
    for argv, code in (
        (["--help"], 0),
        ([], 2),
        (["--dir"], 2),
        (["--python", "/none", "--dir", "/tmp"], 2),
        (["x"], 2),
    ):
        said = subprocess.run([lab.LAUNCHER, *argv], capture_output=True, text=True, timeout=10, check=False)
        assert said.returncode == code and (said.stdout + said.stderr)
