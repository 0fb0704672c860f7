"""The main job as a person runs it: `sh scripts/setup.sh WORD` in a new HOME, interrupted, killed, and run again.

One machine for the whole module; the tests follow it in order. uv's cache is shared with the person who runs the
tests, so that nothing is downloaded twice; models are left out, so that no host but the package index is asked.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from bootstrap.safety.journal import read
from tests.conftest import ROOT
from tests.lab_env import free_port
from tests.ssh_line import Line, line
from tests.wait import until

Environ = dict[str, str]


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory, target_python: str) -> Iterator[Environ]:
    """A person with a new HOME (and a space in its path) on this machine."""
    home = tmp_path_factory.mktemp("a person")
    cache = os.environ.get("UV_CACHE_DIR") or str(Path("~/.cache/uv").expanduser())
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GROUNDWORK_", "HF_", "PYTEST"))
    }
    environ = {
        **kept,
        "HOME": str(home),
        "UV_CACHE_DIR": cache,
        "MODELS": "none",
        "ENV_MANAGER": "venv",
        "PORT": str(free_port()),
        "LANG": "C.UTF-8",
    }
    yield environ
    subprocess.run(argv("stop"), env=environ, check=False, timeout=120)


def argv(*words: str) -> list[str]:
    return ["sh", str(ROOT / "scripts/setup.sh"), *words]


def run(environ: Environ, *words: str, seconds: float = 280) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv(*words),
        env=environ,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def start(environ: Environ, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        argv(*words),
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


def journal(environ: Environ) -> list[dict[str, Any]]:
    return read(Path(environ["HOME"]) / ".groundwork/journal.jsonl")


def started(environ: Environ, step: str) -> int:
    """How often a step has been started."""
    return sum(e["event"] == "step-start" and e["step"] == step for e in journal(environ))


def ours(environ: Environ) -> list[psutil.Process]:
    """Processes that belong to this person's Groundwork."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if any(environ["HOME"] in word for word in process.info["cmdline"] or []):
            found.append(process)
    return found


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of change of every file but those that tell of runs."""
    telling = {"journal.jsonl", "lock", "lock.json"}
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    kept = (p for p in files if p.name not in telling and p.suffix != ".log" and "__pycache__" not in p.parts)
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in kept}


def test_bad_input_is_refused_before_anything_is_made(person: Environ) -> None:
    for name, value in (("PROFILE", "lates"), ("PORT", "99999"), ("ENV_MANAGER", "cnda"), ("IP", "nowhere")):
        said = run({**person, name: value}, "setup")
        assert said.returncode == 2, said.stderr
        assert value in said.stderr
    assert run(person, "setup", "--only", "smok").returncode == 2
    assert run(person, "setup", "--nonsense").returncode == 2
    made = {path.name for path in (Path(person["HOME"]) / ".groundwork").iterdir()}
    assert not made & {"envs", "settings.json", "journal.jsonl", "jupyter"}


def test_the_plan_says_steps_and_bytes_and_changes_nothing(person: Environ) -> None:
    before = tree(Path(person["HOME"]))
    said = run(person, "setup", "--plan", "--json")
    answer = json.loads(said.stdout)
    steps = [step["name"] for step in answer["plan"]]
    assert (
        steps == ["environment", "packages", "torch", "kernel", "jupyter", "server", "smoke"]
        or "ffmpeg" in steps
    )
    assert sum(step["cost"]["bytes"] for step in answer["plan"]) > 100_000_000
    assert all(step["reasons"] and step["changes"] for step in answer["plan"])
    assert tree(Path(person["HOME"])) == before


def test_ctrl_c_ends_every_program_and_says_how_to_go_on(person: Environ) -> None:
    child = start(person, "setup")
    assert until(lambda: started(person, "packages") == 1, 120)
    os.killpg(child.pid, signal.SIGINT)
    output, _ = child.communicate(timeout=60)
    assert child.returncode == 130, output
    assert "to go on from here: make setup" in output
    assert ours(person) == []


def test_killed_without_warning_it_leaves_no_lock(person: Environ) -> None:
    child = start(person, "setup")
    assert until(lambda: started(person, "packages") == 2, 120)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    for orphan in ours(person):  # SIGKILL cannot be passed on; what is left must not keep the next run out
        orphan.kill()


def test_the_next_run_completes_and_proves_it(person: Environ) -> None:
    said = run(person, "setup")
    assert said.returncode == 0, said.stdout + said.stderr
    assert "Ready." in said.stdout
    assert "11 of 11 pipelines run" in said.stdout
    assert f"ssh -N -L {person['PORT']}:localhost:{person['PORT']}" in said.stdout
    assert started(person, "environment") == 1, "the environment was whole and had to stay"


def test_a_second_run_changes_nothing_and_says_so(person: Environ) -> None:
    before = tree(Path(person["HOME"]))
    said = run(person, "setup")
    assert said.returncode == 0
    assert said.stdout.startswith("Nothing to do, nothing changed.")
    assert tree(Path(person["HOME"])) == before


def test_json_is_all_there_is_on_standard_output(person: Environ) -> None:
    for words in (("setup", "--json"), ("doctor", "--json", "--offline"), ("status", "--json")):
        said = run(person, *words)
        answer = json.loads(said.stdout)
        assert answer["schema"] == 1
        assert answer["exit_code"] == said.returncode == 0
        assert answer["facts"]["torch"]["version"].startswith("2.")
        assert set(answer) >= {"tool", "facts", "findings", "summary"}


def test_the_settings_of_the_last_setup_hold_for_the_words_after_it(person: Environ) -> None:
    """PORT is not given again, and the server is still the wanted one."""
    without = {name: value for name, value in person.items() if name not in ("PORT", "MODELS")}
    said = run(without, "status")
    assert f"port {person['PORT']}" in said.stdout
    assert "models-missing" not in said.stdout


def test_a_removed_package_is_found_and_mended(person: Environ) -> None:
    site = (
        next((Path(person["HOME"]) / ".groundwork/envs/llm-quickstart/lib").glob("python3*"))
        / "site-packages"
    )
    (next(site.glob("tqdm-*.dist-info")) / "RECORD").unlink()
    said = run(person, "doctor", "--offline")
    assert said.returncode == 1
    assert "[packages-half-installed]" in said.stdout
    assert run(person, "fix").returncode == 4, "without a terminal it must not start by itself"
    mended = run(person, "fix", "--yes", "--only", "packages-half-installed")
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert run(person, "doctor", "--offline").returncode == 0


def test_a_saved_machine_is_judged_like_the_live_one(person: Environ, tmp_path: Path) -> None:
    file = tmp_path / "facts.json"
    live = json.loads(run(person, "doctor", "--offline", "--json", "--save", str(file)).stdout)
    saved = json.loads(run(person, "doctor", "--offline", "--json", "--facts", str(file)).stdout)
    assert saved["findings"] == live["findings"]
    assert saved["facts"] == live["facts"]


def test_stop_and_lab(person: Environ) -> None:
    assert "stopped" in run(person, "stop").stdout
    assert "not running" in run(person, "stop").stdout
    said = run(person, "lab")
    assert said.returncode == 0
    assert f"http://localhost:{person['PORT']}/lab" in said.stdout


def typed_after_login(environ: Environ, word: str) -> str:
    """What a person types behind a login, whose shell knows nothing of ours."""
    names = ("HOME", "UV_CACHE_DIR", "MODELS", "ENV_MANAGER", "PORT", "LANG")
    given = " ".join(f"{name}={shlex.quote(environ[name])}" for name in names)
    return f"{given} {shlex.join(argv(word))}"


def by_a_killed_client(there: Line, session: subprocess.Popen[str]) -> None:
    session.kill()


def by_the_line(there: Line, session: subprocess.Popen[str]) -> None:
    """No packet arrives any more: sshd asks, hears nothing, and gives up by itself."""
    there.cut()


def server_of(environ: Environ) -> Any:
    return json.loads(run(environ, "status", "--json").stdout)["server"]


@pytest.mark.parametrize("drop", [by_a_killed_client, by_the_line])
def test_it_outlives_the_ssh_session_that_started_it(
    person: Environ, tmp_path: Path, drop: Callable[[Line, subprocess.Popen[str]], None]
) -> None:
    assert run(person, "stop").returncode == 0
    with line(tmp_path) as there:
        session = there.open(f"{typed_after_login(person, 'lab')} && echo It-is-ready && exec sleep 300")
        assert session.stdout
        said = ""
        while "It-is-ready" not in said:
            said += (got := session.stdout.readline())
            assert got, said
        started_there = server_of(person)
        assert started_there["state"] == "running"
        drop(there, session)
        assert until(lambda: not there.sessions(), 20), "the session has ended"
        session.kill()
        session.communicate(timeout=10)
    assert server_of(person)["pid"] == started_there["pid"]
    assert run(person, "lab").returncode == 0, "and a kernel of it works"


def test_cut_off_in_the_middle_of_lab_the_next_one_ends_with_one_server(
    person: Environ, tmp_path: Path
) -> None:
    assert run(person, "stop").returncode == 0
    record = Path(person["HOME"]) / ".groundwork/jupyter/llm-quickstart/server.json"
    with line(tmp_path) as there:
        session = there.open(typed_after_login(person, "lab"))
        assert until(record.exists, 60), "JupyterLab is starting"
        there.cut()
        assert until(lambda: not there.sessions(), 20)
        session.kill()
        session.communicate(timeout=10)
    again = run(person, "lab")
    assert again.returncode == 0, again.stdout + again.stderr
    assert server_of(person)["state"] == "running"
    assert len([one for one in ours(person) if "jupyterlab" in one.cmdline()]) == 1


def test_smoke_prints_the_table(person: Environ) -> None:
    said = run(person, "smoke")
    assert said.returncode == 0
    assert said.stdout.count("synthetic") >= 11
    assert "11 passed, 0 failed" in " ".join(said.stdout.split())


def test_a_port_that_somebody_else_has_is_refused_by_name(person: Environ) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        before = tree(Path(person["HOME"]))
        said = run({**person, "PORT": str(port)}, "setup")
    assert said.returncode == 2
    assert f"port {port} is used by another process: pid {os.getpid()}" in said.stderr
    assert tree(Path(person["HOME"])) == before


def test_python_m_doctor_says_the_same_without_the_writing_room(person: Environ) -> None:
    stage0 = run({**person, "GROUNDWORK_STAGE0_ONLY": "1"}, "doctor").stdout
    python = next(line.partition("=")[2] for line in stage0.splitlines() if line.startswith("python="))
    said = subprocess.run(
        [python, "-X", "importtime", "-m", "doctor", "--json", "--offline"],
        cwd=ROOT, env=person, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (
        json.loads(said.stdout)["findings"]
        == json.loads(run(person, "doctor", "--json", "--offline").stdout)["findings"]
    )
    assert " bootstrap" not in said.stderr, "the doctor never imports bootstrap"


def test_a_refusal_is_json_too(person: Environ) -> None:
    said = run({**person, "PORT": "99999"}, "setup", "--json")
    answer = json.loads(said.stdout)
    assert (said.returncode, answer["exit_code"]) == (2, 2)
    assert "PORT=99999" in answer["error"]["message"]
    chinese = run({**person, "GROUNDWORK_LANG": "zh"}, "setup", "--nonsense")
    assert (
        chinese.returncode == 2
        and "用法错误" in chinese.stderr
        and "sh scripts/setup.sh setup --help" in chinese.stderr
    )
