"""Making an environment with uv, on a Python of this machine or on one that uv fetches and verifies."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bootstrap.env.uv import FOR_US, uv
from bootstrap.mirrors import measure, through
from bootstrap.pace import Floor
from bootstrap.process import Done
from bootstrap.safety import no_room
from bootstrap.step import Work
from doctor.errors import Exit, Trouble
from doctor.text import Text

SECONDS = 60.0  # on a Python that is there
FETCH_SECONDS = 600.0  # 35 MB from one host
FLOOR = Floor()
# What a person's shell may say besides, and would make another environment than asked for.
OTHERS = ("UV_VENV_CLEAR", "UV_VENV_SEED", "UV_PROJECT_ENVIRONMENT")


def create(work: Work) -> None:
    """Create the goal's environment; the prefix must be absent. Raises Trouble when no such Python can be had."""
    local = _make(work, (*_command(work), "--no-python-downloads"), _environ(work), SECONDS)
    if local.code == 0:
        return
    _clear(work)
    said = [f"this machine: {_last(local.tail)}"]
    env = {**_environ(work), "UV_HTTP_RETRIES": "1"}
    for name, mirror in _hosts(work):
        env["UV_PYTHON_INSTALL_MIRROR"] = mirror
        done = _make(work, (*_command(work), "--managed-python"), env, FETCH_SECONDS, FLOOR)
        if done.code == 0:
            return
        _clear(work)
        said.append(f"{name}: {_last(done.tail)}")
        env["UV_PYTHON_CACHE_DIR"] = None  # wrong bytes stay in it, and no other host would be asked
    raise _no_python(work, said + _silent(work))


def _make(
    work: Work,
    argv: Sequence[str],
    env: Mapping[str, str | None],
    seconds: float,
    floor: Floor | None = None,
) -> Done:
    done = work.call(argv, seconds=seconds, env=env, check=False, floor=floor)
    return no_room.stop(argv, work.log, done)


def _command(work: Work) -> tuple[str, ...]:
    """Without --clear: an environment that exists is never replaced here."""
    return (uv(), "venv", "--no-project", "--python", work.goal.python, work.goal.prefix)


def _environ(work: Work) -> dict[str, str | None]:
    ours = {
        "PATH": search_path(os.environ, work.goal.python),
        "UV_PYTHON_INSTALL_DIR": os.environ.get("UV_PYTHON_INSTALL_DIR") or f"{work.goal.home}/python",
        "UV_PYTHON_INSTALL_BIN": "0",
    }
    return {**FOR_US, **dict.fromkeys(OTHERS), **ours}


def search_path(environ: Mapping[str, str], python: str) -> str:
    """PATH for uv's search. It gives up at the first pyenv shim whose Python is not switched on, so that
    shims are left out and the real interpreters of that version are named instead."""
    folders = [f for f in environ.get("PATH", "").split(os.pathsep) if f and Path(f).name != "shims"]
    pyenv = Path(environ.get("PYENV_ROOT") or "~/.pyenv").expanduser()
    readable = os.access(pyenv / "versions", os.R_OK | os.X_OK)  # it may be another user's
    real = sorted(str(path) for path in pyenv.glob(f"versions/{python}.*/bin")) if readable else []
    return os.pathsep.join([*folders, *real])


def _hosts(work: Work) -> Iterator[tuple[str, str]]:
    own = os.environ.get("UV_PYTHON_INSTALL_MIRROR")
    if own:
        yield "UV_PYTHON_INSTALL_MIRROR", own
        return
    for answer in through("python_build", work):
        yield answer.name, answer.url


def _clear(work: Work) -> None:
    """What a failed try left; the prefix was absent before it."""
    shutil.rmtree(work.goal.prefix, ignore_errors=True)


def _last(tail: tuple[str, ...]) -> str:
    why = [line.strip() for line in tail if line.strip().startswith(("error:", "cause:"))]
    return " ".join(why[:1] + why[-1:] if len(why) > 1 else why) or "no answer"


def _silent(work: Work) -> list[str]:
    """The hosts that were measured and could not be used, each with why."""
    if os.environ.get("UV_PYTHON_INSTALL_MIRROR"):
        return []
    return [f"{answer.name}: {answer.error}" for answer in measure("python_build", work.goal)[1]]


def _no_python(work: Work, said: list[str]) -> Trouble:
    wanted, found = work.goal.python, pythons(work)
    lines, listing = "\n    ".join(said), ", ".join(found) or "-"
    choices = "|".join(work.goal.profile.pythons)
    if any(python.startswith(f"{wanted}.") for python in found):
        # It is here: uv stumbles over something else.
        message = Text(f"uv could not make it:\n    {lines}", f"uv 未能创建：\n    {lines}")
        hint = Text(f"full log: {work.log}", f"完整日志：{work.log}")
        return Trouble(message, Exit.FAILED, hint)
    return Trouble(
        Text(
            f"no Python {wanted} here, and none could be fetched:\n    {lines}\n    found: {listing}",
            f"本机没有 Python {wanted}，也无法下载：\n    {lines}\n    已找到：{listing}",
        ),
        Exit.NETWORK if len(said) > 1 else Exit.PERSON,
        Text(
            f"install it (apt-get install python{wanted}) or choose one that is here: make setup PYTHON={choices}",
            f"请安装它（apt-get install python{wanted}），或选择已有的版本：make setup PYTHON={choices}",
        ),
    )


def pythons(work: Work) -> list[str]:
    """The Pythons that uv finds here, as `3.12.1 (/usr/bin/python3.12)`."""
    argv = (uv(), "python", "list", "--only-installed", "--all-versions")
    done = work.call(argv, seconds=SECONDS, env=_environ(work), check=False)
    lines = [line.split(maxsplit=1) for line in done.tail if line.startswith("cpython-") and done.code == 0]
    return [f"{line[0].split('-')[1]} ({line[1]})" for line in lines if len(line) > 1]
