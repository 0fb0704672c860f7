"""Commands and C headers that are not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from doctor.names import names, requirement_of
from doctor.text import Text
from doctor.texts.clues.clue import clue, pip
from doctor.texts.match import Match
from doctor.texts.said import Said

COMMAND = re.compile(
    r"(?:^|: )(?:line \d+: )?(?P<shell>[\w.+-]+): (?:command not found|not found)\s*$"
    r"|No such file or directory: '(?P<run>[\w.+-]+)'"
    r"|(?:unable to execute|command) '(?P<built>[\w.+-]+)'(?: failed)?: (?:No such file|not found)"
    r"|(?:Could not find|Cannot find|cannot find|can't find) (?:the )?(?:command |program |executable )?['\"`]?(?P<named>cmake|ninja|git|gcc|g\+\+|nvcc|ffmpeg|ffprobe|swig|protoc|rustc|cargo|espeak|sox|java|node|npm)\b"
    r"|(?:executable|command|program) ['\"`]?(?P<said>[\w.+-]+)['\"`]? (?:was )?not found(?! in)"
    r"|['\"`]?\b(?P<path>[\w.+-]+)['\"`]? (?:(?:was |is |could )?not (?:be )?(?:found|installed)|not installed or (?:it.s )?not|(?:is )?not installed or it.s not) (?:on|in) (?:your |the |\$)?(?:system )?PATH\b"
    r"|\b(?P<absent>Pandoc|Tesseract|Graphviz|Node(?:\.js)?|Git|CMake|Ninja|xelatex|SoX) (?:wasn't|was not|is not|could not be) (?:found|installed)",
    re.M,
)
HEADER = re.compile(r"fatal error: (?P<header>[\w./+-]+\.h(?:pp)?|Eigen/\w+): No such file")
OF_CUDA = re.compile(r"^(?:cuda|cudnn|cublas|cusparse|nvToolsExt|curand|thrust/|cub/)")
UNKNOWN = Text("the package that holds it", "包含它的软件包")


def clues(said: Said) -> Iterator[Match]:
    told = (_command(hit) for hit in COMMAND.finditer(said.text))
    yield from islice(filter(None, told), 1)
    if hit := HEADER.search(said.text):
        header = hit["header"]
        package = names().headers.get(header, "") or ("cuda-toolkit" if OF_CUDA.match(header) else "")
        yield clue(
            "host",
            "header-not-found",
            hit[0],
            hit.start(),
            more=(("apt-get", "install", "-y", package),) if package else (("apt-file", "search", header),),
            header=header,
            package=package or UNKNOWN,
        )


def _command(hit: re.Match[str]) -> Match | None:
    name = next(filter(None, hit.groupdict().values()))
    if hit["absent"]:
        name = {"graphviz": "dot", "node.js": "node"}.get(name.lower(), name.lower())
    known = names().commands.get(name)
    surely = hit["shell"] or hit["built"] or hit["path"]
    if known is None and (not surely or "." in name):
        return None  # a file of data, or a word of prose
    return clue(
        "host",
        "command-not-found",
        hit[0].strip(),
        hit.start(),
        more=_brings(name, known),
        command=name,
        package=known or requirement_of(name) or UNKNOWN,
    )


def _brings(name: str, package: str | None) -> tuple[tuple[str, ...], ...]:
    if package:
        return (("apt-get", "install", "-y", package),)
    brought = requirement_of(name.replace("-", "_"))
    return (pip(brought),) if brought else ()
