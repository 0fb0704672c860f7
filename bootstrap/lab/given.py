"""Where a password comes from: a variable, a file, or the person at the terminal. Never an argument, which all can read."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from doctor.errors import bad_input
from doctor.reading.peek import peek
from doctor.text import Lang, Text

MOST = 4096  # bytes of a password file


def secrets(lang: Lang, *, ask: bool, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """PASSWORD of this run, empty when none was given. Raises Trouble (exit 2) on a file that has none."""
    ways = [name for name in ("PASSWORD", "PASSWORD_FILE") if environ.get(name)]
    if len(ways) + ask > 1:
        raise bad_input(
            "give the password one way: PASSWORD, PASSWORD_FILE or --ask-password.",
            "密码只能用一种方式给出：PASSWORD、PASSWORD_FILE 或 --ask-password。",
        )
    if ask:
        return {"PASSWORD": _asked(lang)}
    return {
        "PASSWORD": _in_file(environ["PASSWORD_FILE"])
        if "PASSWORD_FILE" in ways
        else environ.get("PASSWORD", "")
    }


def _in_file(name: str) -> str:
    """Its first line."""
    content = peek(Path(name).expanduser(), MOST)
    try:
        password = (content or b"").decode("utf-8").split("\n", 1)[0].rstrip("\r")
    except UnicodeDecodeError:
        password = ""
    if not password:
        raise bad_input(
            f"PASSWORD_FILE={name} has no password in its first line, or cannot be read.",
            f"PASSWORD_FILE={name} 的第一行没有密码，或无法读取。",
        )
    return password


def _asked(lang: Lang) -> str:
    if not sys.stdin.isatty():
        raise bad_input(
            "--ask-password needs a terminal. Use PASSWORD_FILE=/path/of/a/file instead.",
            "--ask-password 需要终端。请改用 PASSWORD_FILE=文件路径。",
        )
    ask = Text("Password for JupyterLab (not shown): ", "JupyterLab 密码（不显示）：").get(lang)
    again = Text("Once more: ", "再输入一次：").get(lang)
    password = getpass.getpass(ask, stream=sys.stderr)
    if not password or getpass.getpass(again, stream=sys.stderr) != password:
        raise bad_input("nothing was typed, or not twice the same.", "没有输入，或两次输入不同。")
    return password
