"""Our own configuration and password: private, ours alone, and never weaker than the address needs."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootstrap.lab import password
from bootstrap.lab import server as lab
from bootstrap.steps import jupyter
from doctor.errors import Exit, Trouble
from doctor.goal import Goal
from doctor.lab.files import hash_of
from tests.lab_env import a_person, findings, look, make_environment, make_goal, make_work, password_of

pytestmark = pytest.mark.target
GIVEN = "correct-horse-battery"


@pytest.fixture
def goal(target_python: str, tmp_path: Path) -> Iterator[Goal]:
    with a_person(tmp_path):
        made = make_goal(tmp_path)
        make_environment(Path(target_python), Path(made.prefix))
        yield made


def fits(goal: Goal, candidate: str) -> bool:
    """Whether the environment's own jupyter_server takes the password."""
    ask = "import sys; from jupyter_server.auth import passwd_check; print(passwd_check(*sys.stdin.read().split()))"
    text = f"{hash_of(Path(look(goal).config_path))} {candidate}"
    argv = [goal.interpreter, "-I", "-c", ask]
    said = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=60, check=True)
    return said.stdout.strip() == "True"


def test_a_password_is_made_kept_private_and_fits_the_hash(goal: Goal) -> None:
    assert findings(goal)["jupyter-config-missing"].remedy.step == "jupyter"
    notes: list[str] = []
    jupyter.run(make_work(goal, notes=notes))
    folder = Path(goal.jupyter_dir)
    assert notes == [f"created {folder}"]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.name: file.stat().st_mode & 0o777 for file in folder.rglob("*") if file.is_file()} == {
        "jupyter_server_config.json": 0o600,
        "default_setting_overrides.json": 0o600,
        "password": 0o600,
        "password.unseen": 0o600,
    }
    made = password_of(goal)
    assert re.fullmatch(r"([a-hjkmnp-z2-9]{4}-){3}[a-hjkmnp-z2-9]{4}", made)
    assert fits(goal, made) and not fits(goal, made[:-1])
    assert not [name for name in findings(goal) if name.startswith("jupyter-config")]


def test_passwords_differ_and_the_kept_one_stays(goal: Goal) -> None:
    assert len({password.generate() for _ in range(50)}) == 50
    jupyter.run(make_work(goal))
    first = password_of(goal)
    jupyter.run(make_work(goal))
    assert password_of(goal) == first and fits(goal, first)


def test_a_given_password_replaces_the_kept_one_and_is_in_no_log(goal: Goal) -> None:
    jupyter.run(make_work(goal))
    assert lab.password_steps(goal, {"PASSWORD": GIVEN}) == ("jupyter", "server")
    jupyter.run(make_work(goal, {"PASSWORD": GIVEN}))
    assert password_of(goal) == GIVEN and fits(goal, GIVEN)
    assert lab.password_steps(goal, {"PASSWORD": GIVEN}) == ()
    assert lab.password_steps(goal, {"PASSWORD": ""}) == ()
    logged = (Path(goal.logs) / "step.log").read_text()
    assert "hash_password.py" in logged and GIVEN not in logged and "argon2" not in logged
    assert GIVEN not in repr(look(goal)) and "argon2" not in repr(look(goal))


def test_a_short_password_is_refused_where_strangers_can_try_it(goal: Goal, tmp_path: Path) -> None:
    for ip in ("0.0.0.0", "*", "::", "192.0.2.7"):
        with pytest.raises(Trouble) as refused:
            jupyter.run(make_work(make_goal(tmp_path, IP=ip), {"PASSWORD": "short"}))
        assert refused.value.code == Exit.USAGE
        assert not Path(goal.jupyter_dir).exists()
    jupyter.run(make_work(goal, {"PASSWORD": "short"}))
    with pytest.raises(Trouble, match="too short"):  # nor may one that was kept for localhost go out
        jupyter.run(make_work(make_goal(tmp_path, IP="0.0.0.0")))


def test_a_password_that_cannot_be_typed_is_refused(goal: Goal) -> None:
    with pytest.raises(Trouble, match="cannot be typed"):
        lab.password_steps(goal, {"PASSWORD": "two\nlines-of-text"})


def test_the_hash_script_wants_a_password(goal: Goal, tmp_path: Path) -> None:
    argv = [goal.interpreter, "-I", str(jupyter.HASH_PASSWORD), "--out", str(tmp_path / "hash")]
    said = subprocess.run(argv, input="\n", capture_output=True, text=True, timeout=60, check=False)
    assert said.returncode == 2 and "no password" in said.stderr
    assert not (tmp_path / "hash").exists()


def test_a_readable_configuration_is_found_and_mended(goal: Goal) -> None:
    jupyter.run(make_work(goal))
    for name in ("jupyter_server_config.json", "password"):
        (Path(goal.jupyter_dir) / name).chmod(0o644)
        assert findings(goal)["jupyter-config-readable"].remedy.step == "jupyter"
        jupyter.run(make_work(goal))
        assert "jupyter-config-readable" not in findings(goal)


def test_a_changed_setting_is_found_by_name_and_mended(goal: Goal) -> None:
    jupyter.run(make_work(goal))
    config = Path(look(goal).config_path)
    config.write_text(config.read_text().replace('"disable_check_xsrf": false', '"disable_check_xsrf": true'))
    assert "ServerApp.disable_check_xsrf is True" in findings(goal)["jupyter-config-differs"].evidence.en
    jupyter.run(make_work(goal))
    assert "jupyter-config-differs" not in findings(goal)


def test_cut_short_between_password_and_configuration(goal: Goal, monkeypatch: pytest.MonkeyPatch) -> None:
    jupyter.run(make_work(goal))
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(jupyter, "write_atomically", interrupted)
        jupyter.run(make_work(goal, {"PASSWORD": GIVEN}))
    assert "jupyter-config-missing" in findings(goal)
    jupyter.run(make_work(goal))
    assert password_of(goal) == GIVEN and fits(goal, GIVEN)


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_the_persons_own_files_are_listed_and_stay(goal: Goal, tmp_path: Path) -> None:
    own = tmp_path / "home/.jupyter/jupyter_server_config.py"
    own.parent.mkdir()
    own.write_text("c.ServerApp.ip = '0.0.0.0'\n")
    jupyter.run(make_work(goal))
    assert own.read_text() == "c.ServerApp.ip = '0.0.0.0'\n"
    assert list(own.parent.iterdir()) == [own]
    finding = findings(goal)["jupyter-person-config"]
    assert finding.severity == "info" and str(own) in finding.evidence.en
