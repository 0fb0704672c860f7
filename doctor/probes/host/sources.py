"""Where Debian's package manager is told to fetch from, read from its files: both of their forms.

https://manpages.debian.org/sources.list.5
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote

from doctor.facts.host import AptSource
from doctor.probes.listing import names_in
from doctor.reading.peek import is_file, peek_text

ETC, LISTS = Path("/etc/apt"), Path("/var/lib/apt/lists")
MOST = 60  # sources that are kept
TYPES = ("deb", "deb-src")
OPTIONS = re.compile(r"\[([^\]]*)\]")
LONGEST_WORD = 40


def sources(etc: Path = ETC, lists: Path = LISTS) -> tuple[AptSource, ...]:
    """What is switched on, and what apt refuses to read."""
    folder = etc / "sources.list.d"
    files = [etc / "sources.list", *(folder / name for name in sorted(names_in(folder)))]
    fetched = frozenset(name for name in names_in(lists) if name.endswith("Release"))
    found: list[AptSource] = []
    for file in files:
        if file.suffix == ".list":
            found += _lines(file, fetched)
        elif file.suffix == ".sources":
            found += _stanzas(file, fetched)
    return tuple(found)[:MOST]


def _lines(file: Path, fetched: frozenset[str]) -> Iterator[AptSource]:
    for number, line in enumerate(peek_text(file).splitlines(), 1):
        words = OPTIONS.sub(" ", line.partition("#")[0], count=1).split()
        if not words:
            continue
        if words[0] not in TYPES or len(words) < 3 or ":" not in words[1]:
            yield AptSource(place=f"{file}:{number}", unreadable=" ".join(words)[:LONGEST_WORD])
            return  # apt stops here as well
        options = OPTIONS.search(line)
        key = dict(_pairs(options[1] if options else "")).get("signed-by", "")
        if words[0] == "deb":
            yield _source(f"{file}:{number}", words[1], words[2], key, fetched)


def _pairs(options: str) -> Iterator[tuple[str, str]]:
    for word in options.split():
        name, _, value = word.partition("=")
        yield name.lower(), value


def _stanzas(file: Path, fetched: frozenset[str]) -> Iterator[AptSource]:
    text = "\n".join(line for line in peek_text(file).splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", text):
        fields = _fields(stanza)
        if not fields or fields.get("enabled", "yes").lower() in (
            "no",
            "false",
            "0",
            "off",
            "without",
            "disable",
        ):
            continue
        if not {"types", "uris", "suites"} <= fields.keys():
            yield AptSource(place=str(file), unreadable=stanza.strip().partition("\n")[0][:LONGEST_WORD])
            return
        if "deb" in fields["types"].split():
            for uri in fields["uris"].split():
                for suite in fields["suites"].split():
                    yield _source(str(file), uri, suite, fields.get("signed-by", ""), fetched)


def _fields(stanza: str) -> Mapping[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line[:1].isspace() and name:
            fields[name] += "\n" + line.strip()
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
        elif line.strip():
            return {"": line}
    return fields


def _source(place: str, uri: str, suite: str, key: str, fetched: frozenset[str]) -> AptSource:
    address = re.sub(r"^[a-z+]+://(?:[^@/]*@)?", "", uri).rstrip("/")
    plain = unquote(
        f"{address}/dists/{suite}" if not suite.endswith("/") else f"{address}/{suite.rstrip('/.')}"
    )
    base = plain.rstrip("/").replace("_", "%5f").replace("/", "_")
    files = [one for one in key.replace(",", " ").split() if one.startswith("/")]
    return AptSource(
        place=place,
        address=address,
        suite=suite,
        scheme=uri.partition(":")[0],
        key=files[0] if files else ("inline" if key.startswith("-----") else ""),
        key_lost=any(not is_file(one) for one in files),
        # Images of containers come without lists: then nobody can tell.
        fetched=not fetched or any(name.startswith(f"{base}_") for name in fetched),
    )
