"""Proxies that a shell's files set and that this program was not given: started by sudo, cron, a service or an IDE."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from doctor.probes.listing import names_in
from doctor.reading.peek import peek_text

NAMES = (".bashrc", ".bash_profile", ".profile", ".bash_aliases", ".zshrc", ".zshenv")
SYSTEM = ("/etc/environment", "/etc/profile", "/etc/bash.bashrc")
SETS = re.compile(
    r"""^\s*(?:export\s+)?((?:https?|all)_proxy)=["']?([^\s"'#;]+)""", re.MULTILINE | re.IGNORECASE
)


def proxies_of_shells(environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """File and variable of each; none where this program has a proxy, or where a file unsets it."""
    if any(
        environ.get(name)
        for kind in ("http", "https", "all")
        for name in (f"{kind}_proxy", f"{kind.upper()}_PROXY")
    ):
        return ()
    return tuple(dict.fromkeys(_told(environ)))


def _told(environ: Mapping[str, str]) -> Iterator[str]:
    for shown, path in _files(environ):
        for name, value in SETS.findall(peek_text(path, 1_000_000)):
            if "$" not in value:  # of a function, or of other variables: not surely set
                yield f"{shown}: {name}"


def _files(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    home = environ.get("HOME")
    if home:
        yield from ((f"~/{name}", f"{home}/{name}") for name in NAMES)
    behind = environ.get("SUDO_USER")
    if behind and os.geteuid() == 0 and re.fullmatch(r"[\w.-]+", behind):
        other = os.path.expanduser(f"~{behind}")  # noqa: PTH111 - Path says it with an error
        if other != home:  # whose home it is is nobody's matter
            yield from ((f"~$SUDO_USER/{name}", f"{other}/{name}") for name in NAMES)
    yield from ((path, path) for path in SYSTEM)
    folder = Path("/etc/profile.d")
    yield from (
        (f"{folder}/{name}", f"{folder}/{name}") for name in sorted(names_in(folder)) if name.endswith(".sh")
    )
