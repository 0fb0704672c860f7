"""A command as it is typed: to be copied into a shell as printed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

# Variables that our own commands name, kept open to the shell; nothing else in a word is.
# The last: a misspelt variable of the Hub's client, to be passed on under its right name.
OPEN = re.compile(
    r"(?:\w+=)?(?:\$HOME|\$USER)(?:/[\w./+-]*)?|\$\(id -un\)|\w+=\$(?:H[Ff]_|hf_|HUGGING|TRANSFORMER)\w+"
)
HOME = re.compile(r"^(\w+=)?~(?=/|$)")


def typed(argv: Sequence[str]) -> str:
    """`argv` as a line for a shell. `~` is written as $HOME, which every shell also knows behind a `=`."""
    return " ".join(map(_word, argv))


def _word(word: str) -> str:
    spelt = HOME.sub(r"\1$HOME", word)
    return f'"{spelt}"' if OPEN.fullmatch(spelt) else shlex.quote(word)
