"""Where a password comes from, how strong it has to be, and that a made one is shown once."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from bootstrap.lab import given, password
from doctor.errors import Exit, Trouble
from doctor.goal import Goal
from tests.conftest import ROOT
from tests.lab_env import make_goal

LONG = "four-unrelated-words-in-a-row"


@pytest.fixture
def goal(tmp_path: Path) -> Goal:
    made = make_goal(tmp_path)
    Path(made.jupyter_dir).mkdir(parents=True)
    return made


@pytest.mark.parametrize(
    "weak",
    [
        "password123",
        "jupyter2026",
        "qwertyuiop",
        "11111111111",
        "llm-quickstart1",
        "Passw0rd!",
        "abcdefghijkl",
        "iloveyou520",
    ],
)
def test_what_is_guessed_first_does_not_guard_an_open_address(tmp_path: Path, weak: str) -> None:
    for ip in ("0.0.0.0", "*", "192.0.2.7"):
        with pytest.raises(Trouble, match="easy to guess") as refused:
            password.refuse_unfit(make_goal(tmp_path, IP=ip), weak)
        assert refused.value.code == Exit.USAGE and weak not in refused.value.message.en
    password.refuse_unfit(make_goal(tmp_path), weak)  # on this machine alone it is theirs to choose


@pytest.mark.parametrize("strong", [LONG, "我们今天去学习大语言模型吧", "k9#mQ2$vX7pL", "x" * 3 + LONG * 40])
def test_what_is_not_guessed_does(tmp_path: Path, strong: str) -> None:
    password.refuse_unfit(make_goal(tmp_path, IP="0.0.0.0"), strong)


def test_made_ones_are_strong_enough(tmp_path: Path) -> None:
    for _ in range(20):
        password.refuse_unfit(make_goal(tmp_path, IP="0.0.0.0"), password.generate())


def test_a_made_one_is_shown_once_and_a_given_one_never(goal: Goal) -> None:
    made, new = password.choose(goal, None)
    password.keep(goal, made, new=new)
    assert password.show_once(goal) == made and password.show_once(goal) is None
    word, new = password.choose(goal, LONG)
    password.keep(goal, word, new=new)
    assert word == LONG and password.show_once(goal) is None


def test_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(f"{LONG}\r\nsecond line\n".encode())
    assert given.secrets("en", ask=False, environ={"PASSWORD_FILE": str(file)}) == {"PASSWORD": LONG}
    assert given.secrets("en", ask=False, environ={"PASSWORD": LONG}) == {"PASSWORD": LONG}
    assert given.secrets("en", ask=False, environ={}) == {"PASSWORD": ""}


@pytest.mark.parametrize("content", [b"", b"\nsecond line", b"\xff\xfe", None])
def test_a_file_without_a_password(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Trouble) as refused:
        given.secrets("en", ask=False, environ={"PASSWORD_FILE": str(file)})
    assert refused.value.code == Exit.USAGE and str(file) in refused.value.message.en


def test_only_one_way() -> None:
    for ask, environ in ((True, {"PASSWORD": LONG}), (False, {"PASSWORD": LONG, "PASSWORD_FILE": "/x"})):
        with pytest.raises(Trouble, match="one way"):
            given.secrets("en", ask=ask, environ=environ)


def test_no_terminal_no_question() -> None:
    argv = [sys.executable, "-m", "bootstrap.cli", "lab", "--ask-password"]
    said = subprocess.run(
        argv, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )
    assert said.returncode == Exit.USAGE and "PASSWORD_FILE" in said.stderr


ASK = "import json; from bootstrap.lab import given; print(json.dumps(given.secrets('en', ask=True)))"


def at_a_terminal(*typed: str) -> str:
    """What the program prints, all that is typed read by it from a terminal."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", ASK], cwd=ROOT, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, env={k: v for k, v in os.environ.items() if not k.startswith("PASSWORD")},
    )  # fmt: skip
    os.close(theirs)
    assert child.stderr and child.stdout
    said = ""
    for line in typed:
        while not said.endswith(": "):  # what is typed before the question is thrown away
            said += child.stderr.read(1)
        os.write(ours, f"{line}\n".encode())
        said += "\n"
    out, err = child.communicate(timeout=60)
    os.close(ours)
    return said + out + err


def test_asked_twice_at_a_terminal() -> None:
    said = at_a_terminal(LONG, LONG)
    assert json.loads(said[said.index("{") : said.index("}") + 1]) == {"PASSWORD": LONG}
    assert "not twice the same" in at_a_terminal(LONG, LONG[:-1])
