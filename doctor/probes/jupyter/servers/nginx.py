"""nginx's configuration, read as nginx reads it: which address it hands which requests to, and with what of them.

https://nginx.org/en/docs/http/ngx_http_proxy_module.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import msgspec

from doctor.facts.jupyter import Front
from doctor.reading.peek import peek_text

ETC = Path("/etc/nginx")
SITES = ("conf.d/*.conf", "sites-enabled/*")
MOST = 100  # files that are read
DEEP = 8  # files within files
TOKEN = re.compile(
    r"""\s+|#[^\n]*|([{};])|("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?:\\.|\$\{[^}]*\}|[^\s{};])+)"""
)
UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
USUAL_BODY = 1 << 20
ADDRESS = re.compile(r"(?:https?://)?(?P<host>[^/:\s]+|\[[^\]]*\])(?::(?P<port>\d+))?")


class Scope(msgspec.Struct):
    """What holds at one place: of what stands further out all that this place does not say anew."""

    file: str
    headers: dict[str, str] = {}
    version: str = "1.0"
    body: int = USUAL_BODY
    names: str = ""  # what it is called, to tell whose it is
    own: bool = False  # the headers are this place's own


class Line(msgspec.Struct):
    words: list[str]
    inside: list[Line] | None
    file: str


def fronts(etc: Path = ETC) -> tuple[Front, ...]:
    """All places that hand requests to another program."""
    main = etc / "nginx.conf"
    left = [MOST]
    lines = list(_read(main, etc, left, 0))
    if not lines:
        lines = [
            line
            for pattern in SITES
            for path in sorted(etc.glob(pattern))
            for line in _read(path, etc, left, 1)
        ]
    upstreams = {
        line.words[1]: [
            one.words[1] for one in line.inside or () if one.words[0] == "server" and one.words[1:]
        ]
        for line in _all(lines)
        if line.words[0] == "upstream" and line.words[1:]
    }
    return tuple(islice(_walk(lines, Scope(str(main)), upstreams), MOST))


def _read(path: Path, etc: Path, left: list[int], depth: int) -> list[Line]:
    """The lines of a file, with those of the files that it includes in their places."""
    left[0] -= 1
    if left[0] < 0 or depth > DEEP:
        return []
    tokens = [found[1] or found[2] for found in TOKEN.finditer(peek_text(path)) if found[1] or found[2]]
    tokens.reverse()
    return list(_lines(tokens, path, etc, left, depth))


def _lines(tokens: list[str], path: Path, etc: Path, left: list[int], depth: int) -> Iterator[Line]:
    words: list[str] = []
    while tokens:
        token = tokens.pop()
        if token == "}":
            return
        if token == "{":
            inside = list(_lines(tokens, path, etc, left, depth))
            if words:
                yield Line(words, inside, str(path))
            words = []
        elif token == ";":
            if words[:1] == ["include"] and words[1:]:
                for one in _files(words[1], etc):
                    yield from _read(one, etc, left, depth + 1)
            elif words:
                yield Line(words, None, str(path))
            words = []
        else:
            words.append(token.strip("\"'"))


def _files(said: str, etc: Path) -> list[Path]:
    place = Path(said) if said.startswith("/") else etc / said
    if not any(sign in said for sign in "*?["):
        return [place]
    return sorted(place.parent.glob(place.name)) if place.name else []


def _all(lines: Sequence[Line]) -> Iterator[Line]:
    for line in lines:
        yield line
        yield from _all(line.inside or ())


def _walk(lines: Sequence[Line], outer: Scope, upstreams: dict[str, list[str]]) -> Iterator[Front]:
    scope = msgspec.structs.replace(outer)
    own = {
        line.words[1].lower(): line.words[2]
        for line in lines
        if line.words[0] == "proxy_set_header" and line.words[2:]
    }
    # With one of its own those of the place around it are not taken.
    scope.headers, scope.own = own or outer.headers, bool(own)
    for line in lines:
        name, value = line.words[0], line.words[1] if line.words[1:] else ""
        if name == "proxy_http_version":
            scope.version = value
        elif name == "client_max_body_size":
            scope.body = _bytes(value)
        elif name == "server_name":
            scope.names = f"{scope.names} {' '.join(line.words[1:])}"
    for line in lines:
        if line.words[0] == "proxy_pass" and line.words[1:]:
            yield from _front(line, scope, upstreams)
        elif line.inside is not None and line.words[0] != "upstream":
            inner = msgspec.structs.replace(scope, names=f"{scope.names} {' '.join(line.words)}")
            yield from _walk(line.inside, inner, upstreams)


def _front(line: Line, scope: Scope, upstreams: dict[str, list[str]]) -> Iterator[Front]:
    said = line.words[1]
    first = ADDRESS.match(said)
    for target in upstreams.get(first["host"], [said]) if first else ():
        address = ADDRESS.match(target)
        if address is None or address["host"].startswith("unix"):
            continue
        yield Front(
            program="nginx",
            file=line.file,
            host=address["host"],
            port=int(address["port"] or 80),
            target=said,
            names=f"{line.file} {said} {scope.names}".strip()[:200],
            own_headers=scope.own,
            http11=scope.version.startswith("1.1"),
            upgrade="upgrade" in scope.headers and "connection" in scope.headers,
            keeps_host=_keeps_host(scope.headers),
            body_bytes=scope.body,
        )


def _keeps_host(headers: dict[str, str]) -> bool:
    """The name that the browser asked for, or no origin that could differ from it."""
    host = headers.get("host", "")
    return "$host" in host or "$http_host" in host or "origin" in headers


def _bytes(said: str) -> int:
    found = re.fullmatch(r"(\d+)([kmg]?)", said.lower())
    return int(found[1]) * UNITS.get(found[2], 1) if found else 0
