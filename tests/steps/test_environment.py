"""Making the environment, with conda and with uv: never over an existing one, whatever the shell says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from filelock import FileLock

from bootstrap import relock
from bootstrap.env import venv
from bootstrap.env.conda import environ
from bootstrap.mirrors import measure
from bootstrap.pace import Floor
from bootstrap.safety.claims import claims
from bootstrap.steps import environment
from doctor.errors import Exit, Trouble
from doctor.facts import Answer
from doctor.goal import Goal
from doctor.goal.prefix import marker
from doctor.mirrors.table import PYTHON_BUILDS, Kind
from tests.conda_host import builder
from tests.conda_host.machine import ids, look, machine, run_step, tree
from tests.conda_host.server import Host, channel_files, official, serving
from tests.measure.hosts import PAGE, Mirror, table
from tests.measure.hosts import serving as mirroring

INSTALLER = builder.installer()
UV = shutil.which("uv") or os.environ.get("GROUNDWORK_UV")
needs_uv = pytest.mark.skipif(UV is None, reason="no uv on PATH and no GROUNDWORK_UV")


def with_conda(home: Path, monkeypatch: pytest.MonkeyPatch, hosts: list[Host]) -> Goal:
    """A machine whose person has installed conda by hand, with settings of their own."""
    goal = machine(home, monkeypatch, hosts, INSTALLER)
    file = home / "by-hand.sh"
    file.write_bytes(INSTALLER)
    subprocess.run(["bash", str(file), "-b", "-p", goal.conda_root], check=True, capture_output=True)
    (Path(goal.conda_root) / "pkgs").mkdir(exist_ok=True)
    return goal


def log(goal: Goal) -> str:
    return (Path(goal.logs) / "environment.log").read_text()


def test_an_existing_conda_is_used_and_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(official(INSTALLER)) as host:
        goal = with_conda(tmp_path, monkeypatch, [host])
        before = tree(Path(goal.conda_root))
        assert ids(goal) == ["environment-missing"]
        run_step("environment", goal)
        assert ids(goal) == []
    after = tree(Path(goal.conda_root))
    assert {name: after[name] for name in before} == before
    assert all(name.startswith(("envs/", "pkgs/")) for name in after.keys() - before.keys())
    assert [path for path, _ in host.requests if "miniconda" in path] == []
    assert not list(Path(goal.prefix).glob("lib/python3*/EXTERNALLY-MANAGED"))


def test_nobody_accepts_terms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI", "GITHUB_ACTIONS", "JOB_NAME", "CONDA_PLUGINS_AUTO_ACCEPT_TOS"):
        monkeypatch.setenv(name, "true")
    with serving(official(INSTALLER)) as host:
        goal = with_conda(tmp_path, monkeypatch, [host])
        run_step("environment", goal)
    assert "--override-channels" in log(goal)
    assert "terms of service" not in log(goal)


def test_a_settings_file_that_conda_rejects_is_kept_out_of_sight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(official(INSTALLER)) as host:
        goal = with_conda(tmp_path, monkeypatch, [host])
        (tmp_path / ".condarc").write_text("always_copy: maybe\n")
        run_step("environment", goal)
        assert ids(goal) == []
    assert (tmp_path / ".condarc").read_text() == "always_copy: maybe\n"


def test_a_whole_environment_is_never_created_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(official(INSTALLER)) as host:
        goal = with_conda(tmp_path, monkeypatch, [host])
        run_step("environment", goal)
        (Path(goal.prefix) / "homework.py").write_text("print(1)")
        with pytest.raises(Trouble) as trouble:
            run_step("environment", goal)
    assert trouble.value.code == Exit.PERSON
    assert (Path(goal.prefix) / "homework.py").read_text() == "print(1)"


def test_a_half_environment_of_ours_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(official(INSTALLER)) as host:
        goal = with_conda(tmp_path, monkeypatch, [host])
        (Path(goal.prefix) / "conda-meta").mkdir(parents=True)
        (Path(goal.prefix) / ".condatmp").mkdir()
        marker(goal.prefix).touch()
        assert ids(goal) == ["environment-half-made"]
        run_step("environment", goal)
        assert ids(goal) == []
    assert not (Path(goal.prefix) / ".condatmp").exists()
    assert not marker(goal.prefix).exists()


def test_a_half_environment_of_somebody_else_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(official(INSTALLER)) as host:
        goal = with_conda(tmp_path, monkeypatch, [host])
        (Path(goal.prefix) / "conda-meta").mkdir(parents=True)
        (Path(goal.prefix) / "data.bin").write_bytes(b"mine")
        before = tree(Path(goal.prefix))
        with pytest.raises(Trouble) as trouble:
            run_step("environment", goal)
    assert trouble.value.code == Exit.PERSON
    assert tree(Path(goal.prefix)) == before


def test_a_broken_channel_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stale = {**channel_files(), "/conda-forge/linux-64/repodata.json": b'{"packages": {}}'}
    with serving(Host(stale)) as bad, serving(official(INSTALLER)) as good:
        goal = with_conda(tmp_path, monkeypatch, [bad, good])
        monkeypatch.setattr("bootstrap.mirrors.measure", last(good))
        run_step("environment", goal)
        assert ids(goal) == []
    assert "PackagesNotFound" in log(goal)


def test_a_channel_that_drips_is_left_for_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bootstrap.env.conda.FLOOR", Floor(bytes=20_000, seconds=2.0))
    with serving(official(INSTALLER)) as slow, serving(official(INSTALLER)) as good:
        goal = with_conda(tmp_path, monkeypatch, [slow, good])
        measured = last(good)("conda_channel", goal)
        monkeypatch.setattr("bootstrap.mirrors.measure", lambda *asked, **more: measured)
        slow.drip, slow.requests = 0.2, []
        run_step("environment", goal)
        assert ids(goal) == []
    assert len(slow.requests) == 1, "not once more with other settings"
    assert "[too slow: ended]" in log(goal)


def last(good: Host) -> Callable[..., tuple[tuple[Answer, ...], tuple[Answer, ...]]]:
    """`measure` that puts the good host last, so that the other has to fail first."""

    def measured(
        kind: Kind, goal: Goal, *more: object, **options: bool
    ) -> tuple[tuple[Answer, ...], tuple[Answer, ...]]:
        answering, silent = measure(kind, goal)
        return tuple(sorted(answering, key=lambda answer: answer.url.startswith(good.url))), silent

    return measured


def test_no_channel_at_all_ends_with_the_network_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    goal = with_conda(tmp_path, monkeypatch, [Host({}, url="http://127.0.0.1:9")])
    with pytest.raises(Trouble) as trouble:
        run_step("environment", goal)
    assert trouble.value.code == Exit.NETWORK
    assert "host0" in trouble.value.message.en
    assert not Path(goal.prefix).exists()
    assert not marker(goal.prefix).exists()


def test_a_conda_that_does_not_run_is_for_the_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(official(INSTALLER)) as host:
        goal = with_conda(tmp_path, monkeypatch, [host])
        next(Path(goal.conda_root).glob("lib/*/site-packages/conda/__main__.py")).write_text(
            "import nothing_here"
        )
        with pytest.raises(Trouble) as trouble:
            run_step("environment", goal)
    assert trouble.value.code == Exit.PERSON


def test_two_creates_do_not_meet_in_the_package_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(official(INSTALLER)) as host:
        goal = with_conda(tmp_path, monkeypatch, [host])
        lock = FileLock(Path(goal.conda_root) / "pkgs" / ".groundwork.lock")
        lock.acquire()
        said: list[str] = []
        thread = threading.Thread(target=run_step, args=("environment", goal, said))
        thread.start()
        thread.join(2.5)
        waiting = thread.is_alive() and not Path(goal.prefix).exists()
        lock.release()
        thread.join(30)
    assert waiting
    assert any("waiting" in line for line in said)
    assert ids(goal) == []


def test_what_misleads_conda_is_taken_out_and_what_leads_to_the_network_stays() -> None:
    person = {
        "CI": "true", "CONDA_CHANNELS": "defaults", "CONDARC": "/x", "MAMBA_ROOT_PREFIX": "/y",
        "CONDA_PKGS_DIRS": "/data/pkgs", "CONDA_SSL_VERIFY": "false", "https_proxy": "http://p", "HOME": "/h",
    }  # fmt: skip
    changed = environ(person)
    assert {name for name, value in changed.items() if value is None} == {
        "CI",
        "CONDA_CHANNELS",
        "CONDARC",
        "MAMBA_ROOT_PREFIX",
    }
    assert changed["CONDA_PLUGINS_AUTO_ACCEPT_TOS"] == "false"


# --- uv


def venv_goal(home: Path, monkeypatch: pytest.MonkeyPatch) -> Goal:
    monkeypatch.setenv("GROUNDWORK_UV", str(UV))
    goal = machine(home, monkeypatch, [], INSTALLER, manager="venv")
    base = Path(os.path.realpath(sys.executable)).parent
    monkeypatch.setenv("PATH", f"{base}:/usr/bin:/bin")
    return goal


@needs_uv
def test_uv_makes_one_on_a_python_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    goal = venv_goal(tmp_path / "a home", monkeypatch)
    assert ids(goal) == ["environment-missing"]
    run_step("environment", goal)
    assert ids(goal) == []
    assert (Path(goal.prefix) / "pyvenv.cfg").is_file()
    assert [c.path for c in claims(Path(goal.journal)).of_kind("created")] == [goal.prefix]


@needs_uv
def test_one_whose_python_went_away_is_made_anew_when_it_is_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    goal = venv_goal(tmp_path, monkeypatch)
    run_step("environment", goal)
    python = Path(goal.prefix) / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3")
    assert ids(goal) == ["interpreter-broken"]
    run_step("environment", goal)
    assert ids(goal) == []


@needs_uv
def test_settings_for_other_projects_do_not_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    goal = venv_goal(tmp_path, monkeypatch)
    monkeypatch.setenv("UV_PYTHON", "2.7")
    monkeypatch.setenv("UV_VENV_SEED", "1")
    run_step("environment", goal)
    assert ids(goal) == []


@needs_uv
def test_no_such_python_says_what_is_here_and_how_to_choose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    goal = venv_goal(tmp_path, monkeypatch)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setenv("UV_PYTHON_INSTALL_MIRROR", "http://127.0.0.1:9")
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "pythons"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    with pytest.raises(Trouble) as trouble:
        run_step("environment", goal)
    assert trouble.value.code == Exit.NETWORK
    assert "UV_PYTHON_INSTALL_MIRROR" in trouble.value.message.en
    assert trouble.value.hint is not None
    assert "PYTHON=" in trouble.value.hint.en
    assert not Path(goal.prefix).exists()


@needs_uv
def test_a_host_of_pythons_is_measured_first_and_left_when_it_stalls_or_sends_other_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """uv alone knows the hash: what is right at its start and wrong at its end is refused by it, and the next is asked."""
    monkeypatch.setattr("bootstrap.env.venv.FLOOR", Floor(bytes=20_000, seconds=2.0))
    goal = venv_goal(tmp_path, monkeypatch)
    for name in ("INSTALL_DIR", "CACHE_DIR"):
        monkeypatch.setenv(f"UV_PYTHON_{name}", str(tmp_path / name))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with ExitStack() as stack:
        login = stack.enter_context(mirroring(Mirror(page=PAGE)))
        stalling = stack.enter_context(mirroring(Mirror(stall_downloads=50_000)))
        other = stack.enter_context(mirroring(Mirror(rate=2_000_000)))
        hosts = {"login": login.url, "stalling": stalling.url, "other": other.url}
        monkeypatch.setenv("GROUNDWORK_MIRRORS_FILE", str(table(tmp_path / "m.toml", "python_build", hosts)))
        began = time.monotonic()
        with pytest.raises(Trouble) as trouble:
            run_step("environment", goal)
        assert time.monotonic() - began < 30
        assert stalling.asked and other.asked and not login.asked
    said = trouble.value.message.en
    assert said.index("stalling: ") < said.index("other: ") < said.index("login: sent a web page")
    assert trouble.value.code == Exit.NETWORK
    assert "[too slow: ended]" in log(goal)
    assert not Path(goal.prefix).exists()


@needs_uv
def test_what_is_measured_is_what_the_pinned_uv_fetches() -> None:
    """Fails where uv was upgraded without `make lock`."""
    assert PYTHON_BUILDS.read_text() == relock.python_builds()


def test_shims_are_left_out_of_the_search(tmp_path: Path) -> None:
    real = tmp_path / "versions" / "3.11.9" / "bin"
    real.mkdir(parents=True)
    said = venv.search_path({"PATH": "/usr/bin:/x/shims", "PYENV_ROOT": str(tmp_path)}, "3.11")
    assert said.split(":") == ["/usr/bin", str(real)]


def test_a_foreign_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    goal = machine(tmp_path, monkeypatch, [], INSTALLER, manager="venv")
    Path(goal.prefix).mkdir(parents=True)
    (Path(goal.prefix) / "thesis.doc").write_bytes(b"mine")
    assert ids(goal) == ["environment-foreign"]
    with pytest.raises(Trouble) as trouble:
        run_step("environment", goal)
    assert trouble.value.code == Exit.PERSON
    assert tree(Path(goal.prefix)) == {"thesis.doc": b"mine"}


def test_the_plan_says_which_python_goes_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    goal = machine(tmp_path, monkeypatch, [], INSTALLER)
    facts, _ = look(goal)
    said = environment.changes(facts, goal)[0]
    assert goal.prefix in said.en
    assert goal.prefix in said.zh
    assert environment.cost(facts, goal).bytes > 0
