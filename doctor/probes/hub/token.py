"""The Hub's token: where it is and what it looks like. The token itself never leaves this module."""

from __future__ import annotations

import os
import pwd
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from doctor.facts.hub import Token, TokenShape
from doctor.goal import Goal
from doctor.probes.hub.settings import QUOTES
from doctor.reading.peek import is_folder, is_there, peek_text

VARIABLES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
KNOWN = re.compile(r"(hf_|api_org_)[A-Za-z0-9_.-]+|eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
PLACEHOLDER = re.compile(
    r"<.*>|\{.*\}|\$.*|\*+|x+|(hf_)?(your|my|insert|paste|replace)\w*|hf_(.)\3*|token|none|null", re.I
)


def tokens(goal: Goal, environ: Mapping[str, str]) -> tuple[Token, ...]:
    """The tokens there are, the one that is used first: the environment's wins over the file's."""
    name, set_one = next(((n, v) for n in VARIABLES if (v := clean(environ.get(n, "")))), ("", ""))
    found = [Token(place=name, shape=shape(set_one))] if set_one else []
    path = Path(environ.get("HF_TOKEN_PATH") or f"{goal.cache}/token").expanduser()
    said = clean(peek_text(path, 4096))
    if (is_there(path) and not os.access(path, os.R_OK)) or is_folder(path):
        found.append(Token(place=str(path), shape="unreadable"))
    elif said:
        found.append(_of_file(path, said, differs=bool(set_one) and said != set_one))
    return tuple(found)


def left_behind(goal: Goal, environ: Mapping[str, str]) -> str | None:
    """The token that an earlier login wrote, where HF_HOME or HF_TOKEN_PATH lead elsewhere since, and no token is in effect."""
    usual = Path(environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface", "token").expanduser()
    return str(usual) if not tokens(goal, environ) and clean(peek_text(usual, 4096)) else None


def _of_file(path: Path, said: str, differs: bool) -> Token:
    mode = stat.S_IMODE(path.stat().st_mode)
    open_to_all = bool(mode & stat.S_IROTH) and reachable(path)
    return Token(place=str(path), shape=shape(said), mode=mode, reachable=open_to_all, differs=differs)


def other_people() -> bool:
    """Whether anybody else has an account here, with a home of their own; services do not count."""
    others = (who for who in pwd.getpwall() if 1000 <= who.pw_uid < 60_000 and who.pw_uid != os.geteuid())
    return any(is_folder(Path(who.pw_dir)) for who in others)


def clean(value: str) -> str:
    """As the client does: line ends and blanks around it are no fault."""
    return value.replace("\r", "").replace("\n", "").strip()


def shape(token: str) -> TokenShape:
    if token[0] in QUOTES or token[-1] in QUOTES:
        return "quoted"
    if not token.isascii():
        return "not-ascii"
    if PLACEHOLDER.fullmatch(token):
        return "placeholder"
    if re.search(r"\s", token):
        return "inner-space"
    if re.fullmatch(r"hf_\w+(hf_\w+)+", token):
        return "several"  # two lines of a file, which the client takes for one
    return "fine" if KNOWN.fullmatch(token) else "unusual"


def reachable(path: Path) -> bool:
    """Whether any user may walk down to the file."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in path.resolve().parents)
