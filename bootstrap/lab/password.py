"""JupyterLab's password: given, kept or made; never in an argument list, a log or a child's environment."""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path

from bootstrap.files import write_atomically
from doctor.errors import bad_input
from doctor.goal import Goal
from doctor.lab.wanted import is_loopback
from doctor.text import Text

SHORTEST = 8  # characters, where others than this machine can reach the login
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another (i, l, o, 0, 1)


def password_path(goal: Goal) -> Path:
    return Path(goal.jupyter_dir) / "password"


def choose(goal: Goal, given: str | None) -> str:
    """The password of this run: the given one, else the one kept, else a new one. Raises Trouble (exit 2)."""
    password = given or _kept(goal) or generate()
    refuse_unfit(goal, password)
    return password


def refuse_unfit(goal: Goal, password: str) -> None:
    """Raise Trouble (exit 2) on a password that is too weak for the address, or cannot be typed."""
    if not password.isprintable():
        raise bad_input(
            "PASSWORD holds characters that cannot be typed, such as a line break.",
            "PASSWORD 含有无法输入的字符，例如换行。",
        )
    if len(password) < SHORTEST and not is_loopback(goal.ip):
        raise bad_input(
            f"PASSWORD is too short for IP={goal.ip}: everyone who reaches this machine can try it. "
            f"Use at least {SHORTEST} characters.",
            f"对于 IP={goal.ip}，PASSWORD 太短：任何能访问本机的人都可以尝试。请至少使用 {SHORTEST} 个字符。",
            Text("or leave PASSWORD out, and a strong one is made", "或不设置 PASSWORD，将自动生成强密码"),
        )


def generate() -> str:
    """Four groups of four, easy to read out and to type; about 79 bits."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))


def is_new(goal: Goal, given: str | None) -> bool:
    """Whether a password was given that is not the one kept. Raises Trouble (exit 2) when the one to use is unfit."""
    kept = _kept(goal) or ""
    if given or kept:
        refuse_unfit(goal, given or kept)
    return bool(given) and not hmac.compare_digest((given or "").encode(), kept.encode())


def keep(goal: Goal, password: str) -> None:
    write_atomically(password_path(goal), f"{password}\n".encode(), 0o600)


def _kept(goal: Goal) -> str | None:
    try:
        return password_path(goal).read_text(encoding="utf-8").rstrip("\n") or None
    except (FileNotFoundError, UnicodeDecodeError):
        return None
