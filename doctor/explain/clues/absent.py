"""A module that is not there: of a package that was not installed, of another release, or of the person's own program."""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.utils import canonicalize_name

from doctor.explain.clues.apart import EITHER, NAMESPACES
from doctor.explain.clues.clue import (
    PROGRAM,
    asker_of,
    clue,
    distribution,
    first,
    pip,
    raised_clue,
    with_version,
)
from doctor.explain.match import Match
from doctor.explain.said import Raised, Said
from doctor.names import gone_from_python, new_in_python, requirement_of
from doctor.text import Text

MISSING = re.compile(r"No module named ['\"]?(?P<module>[\w.]+)")
STARTED = re.compile(
    r"^\S*python[\d.]*(?:\.exe)?: (?:Error while finding module specification for \S+ \()?.*No module named '?(?P<module>[\w.]+)",
    re.M,
)


def clues(said: Said) -> Iterator[Match]:
    found = False
    for raised in said.raised:
        hit = MISSING.match(raised.message) if raised.kind in ("ModuleNotFoundError", "ImportError") else None
        if hit and (told := _of(hit["module"], raised, said)):
            found = True
            yield told
    started = first(STARTED, said)
    if started and not found:
        yield _not_installed(started["module"], started[0], started.start())


def _of(module: str, raised: Raised, said: Said) -> Match | None:
    top = module.partition(".")[0]
    if gone_from_python(module) or new_in_python(module):
        return None  # told by the kind that knows Python's own library
    if "." in module and top not in NAMESPACES:  # Python found the first part: else it would name that alone
        return _part(module, top, raised, said)
    if requirement_of(top) or raised.modules or canonicalize_name(top) in said.installed:
        return _not_installed(module, raised.line, raised.at, asker_of(raised))
    return raised_clue(
        "packages", "module-of-own-or-unknown", raised, more=(), module=module, name=distribution(top)
    )


def _part(module: str, library: str, raised: Raised, said: Said) -> Match:
    asker = asker_of(raised)
    who = with_version(asker, said) if asker and asker != library else PROGRAM
    more = (
        pip(
            "--upgrade", *([distribution(asker)] if asker and asker != library else []), distribution(library)
        ),
    )
    return raised_clue(
        "packages",
        "name-not-in-library",
        raised,
        more=more,
        package=who,
        library=with_version(library, said),
        missing=module,
        why=EITHER,
        uses=module,
    )


def _not_installed(module: str, line: str, at: int, asker: str = "") -> Match:
    top = module.partition(".")[0]
    name = requirement_of(module)
    brought = requirement_of(top) or distribution(top)
    by = Text(f"{asker} and others", f"{asker} 等") if asker else PROGRAM
    more = (pip(name or brought),) if (name or brought) else ()
    return clue(
        "packages", "module-not-installed", line, at, more=more, module=module, name=name or brought, by=by
    )
