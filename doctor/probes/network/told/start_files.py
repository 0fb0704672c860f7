"""Proxies that a shell's files set and that this program was not given: started by sudo, cron, a service or an IDE."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from doctor.reading import startup

SETS = re.compile(r"""^\s*(?:export\s+)?((?:https?|all)_proxy)=["']?([^\s"'#;]+)""", re.IGNORECASE)


def proxies_of_shells(environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """File and variable of each; none where this program has a proxy."""
    if any(
        environ.get(name)
        for kind in ("http", "https", "all")
        for name in (f"{kind}_proxy", f"{kind.upper()}_PROXY")
    ):
        return ()
    return tuple(dict.fromkeys(_told(environ)))


def _told(environ: Mapping[str, str]) -> Iterator[str]:
    for place, line in startup.lines(_files(environ)):
        if (said := SETS.match(line)) and "$" not in said[
            2
        ]:  # of a function, or of other variables: not surely set
            yield f"{place.rpartition(':')[0]}: {said[1]}"


def _files(environ: Mapping[str, str]) -> list[tuple[str, Path]]:
    home, behind = environ.get("HOME"), environ.get("SUDO_USER", "")
    files = startup.of_home(home) if home else []
    if os.geteuid() == 0 and re.fullmatch(r"[\w.-]+", behind):
        other = os.path.expanduser(f"~{behind}")  # noqa: PTH111 - Path says it with an error
        if other != home:  # whose home it is is nobody's matter
            files += startup.of_home(other, "~$SUDO_USER")
    return [*files, *startup.of_system()]
