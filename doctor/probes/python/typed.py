"""Which Python a person starts who types `python` in the shell where the environment is activated."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from doctor.reading.peek import peek_text

ALIAS = r"""^\s*alias\s+(python3?|pip3?)=["']?(/[^\s"';]+)"""
FILES = {"bash": (".bashrc", ".bash_aliases", ".bash_profile", ".profile"), "zsh": (".zshrc", ".zprofile")}


def another(prefix: Path, environ: Mapping[str, str]) -> str | None:
    """The program, or the line of an alias, that comes before the activated environment's own."""
    for name in ("python", "pip"):
        found = shutil.which(name, path=environ.get("PATH", os.defpath))
        if found and not _is_of(found, prefix) and os.path.lexists(prefix / "bin" / name):
            return found
    return _alias(prefix, environ)


def _is_of(program: str, prefix: Path) -> bool:
    return os.path.realpath(Path(program).parent) == os.path.realpath(prefix / "bin")


def _alias(prefix: Path, environ: Mapping[str, str]) -> str | None:
    shell = Path(environ.get("SHELL") or "bash").name
    for name in FILES.get(shell, FILES["bash"]):
        text = peek_text(Path(environ.get("HOME", "/")) / name)
        for match in re.finditer(ALIAS, text, re.MULTILINE) if "alias" in text else ():
            if not _is_of(match[2], prefix):
                line = text.count("\n", 0, match.start(1)) + 1
                return f"~/{name}:{line}: alias {match[1]}={match[2]}"
    return None
