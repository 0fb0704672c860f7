"""JupyterLab's password: given, kept or made; never in an argument list, a log or a child's environment."""

from __future__ import annotations

import hmac
import secrets
import socket
from pathlib import Path

from bootstrap.safety.files import write_atomically
from doctor.errors import Trouble, bad_input
from doctor.goal import Goal
from doctor.lab.wanted import is_loopback
from doctor.text import Text

# Where others than this machine can reach the login:
SHORTEST = 8  # characters
WEAKEST = 3  # zxcvbn's score, of 4: more than 10^8 guesses, what can be tried over a network in a year
MOST_JUDGED = 72  # characters: the time that it takes grows with their square
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another (i, l, o, 0, 1)


def password_path(goal: Goal) -> Path:
    return Path(goal.jupyter_dir) / "password"


def choose(goal: Goal, given: str | None) -> tuple[str, bool]:
    """The password of this run, and whether it was made now: the given one, else the one kept, else a new one.

    Raises Trouble (exit 2) on one that is unfit.
    """
    password = given or _kept(goal)
    if password:
        refuse_unfit(goal, password)
    return password or generate(), not password


def refuse_unfit(goal: Goal, password: str) -> None:
    """Raise Trouble (exit 2) on a password that is too weak for the address, or cannot be typed."""
    if not password.isprintable():
        raise bad_input(
            "PASSWORD holds characters that cannot be typed, such as a line break.",
            "PASSWORD 含有无法输入的字符，例如换行。",
        )
    if is_loopback(goal.ip):
        return
    if len(password) < SHORTEST:
        raise _too_weak(goal, "short", "太短", f"at least {SHORTEST} characters", f"至少 {SHORTEST} 个字符")
    if not _is_strong(password, goal):
        raise _too_weak(goal, "easy to guess", "太容易猜到", "some unrelated words", "几个不相关的词")


def _too_weak(goal: Goal, what: str, zh: str, use: str, use_zh: str) -> Trouble:
    return bad_input(
        f"PASSWORD is too {what} for IP={goal.ip}: everyone who reaches this machine can try it. Use {use}.",
        f"对于 IP={goal.ip}，PASSWORD {zh}：任何能访问本机的人都可以尝试。请使用{use_zh}。",
        Text("or leave PASSWORD out, and a strong one is made", "或不设置 PASSWORD，将自动生成强密码"),
    )


def _is_strong(password: str, goal: Goal) -> bool:
    """As those judge who know what people choose; names of this machine and course count as guessed."""
    from zxcvbn import zxcvbn

    known = [socket.gethostname(), goal.env_name, goal.profile.name, "jupyter", "groundwork"]
    score: int = zxcvbn(password[:MOST_JUDGED], user_inputs=known)["score"]
    return score >= WEAKEST


def generate() -> str:
    """Four groups of four, easy to read out and to type; about 79 bits."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))


def is_new(goal: Goal, given: str | None) -> bool:
    """Whether a password was given that is not the one kept. Raises Trouble (exit 2) when the one to use is unfit."""
    kept = _kept(goal) or ""
    if given or kept:
        refuse_unfit(goal, given or kept)
    return bool(given) and not hmac.compare_digest((given or "").encode(), kept.encode())


def keep(goal: Goal, password: str, *, new: bool) -> None:
    """`new`: made by us, so nobody has seen it yet."""
    write_atomically(password_path(goal), f"{password}\n".encode(), 0o600)
    if new:
        write_atomically(_unseen(goal), b"", 0o600)
    else:
        _unseen(goal).unlink(missing_ok=True)


def show_once(goal: Goal) -> str | None:
    """A password that was made and that nobody has seen yet; None ever after. For a terminal, never for a log."""
    if not _unseen(goal).exists():
        return None
    _unseen(goal).unlink()
    return _kept(goal)


def _unseen(goal: Goal) -> Path:
    return Path(goal.jupyter_dir) / "password.unseen"


def _kept(goal: Goal) -> str | None:
    try:
        return password_path(goal).read_text(encoding="utf-8").rstrip("\n") or None
    except (FileNotFoundError, UnicodeDecodeError):
        return None
