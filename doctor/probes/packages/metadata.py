"""Metadata folders, read as files: name, version, installer, requirements; whole or not."""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
from packaging.markers import InvalidMarker, Marker, default_environment
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from doctor.reading.peek import MOST, is_file, is_folder, peek, peek_text

FIELDS = {name.encode(): name for name in ("name", "version", "requires-dist")}
HEADS = (8192, 65536, MOST)  # bytes: most header fields are short, and what is longer is read when it comes
BY_SYSTEM = ("conda", "debian", "rpm", "dnf", "apt", "portage", "pacman")
LEFTOVER = re.compile(r"^~[A-Za-z0-9_.\-]")


class Dist(msgspec.Struct, frozen=True):
    """One metadata folder."""

    name: str
    version: str
    folder: str  # its path
    whole: bool  # installers write RECORD last, so one without it was killed
    # A wheel brings a RECORD of its own, and the installer's comes last: with neither its name nor that, it was killed before.
    unsigned: bool = False
    unreadable: bool = False
    by_system: bool = False
    requires: tuple[str, ...] = ()
    editable: str | None = None  # the source folder of an editable install


def read_all(site: Path) -> tuple[list[Dist], tuple[str, ...]]:
    """All metadata folders of a site, and what an interrupted pip put aside there (`~ransformers`)."""
    try:
        names = sorted(os.listdir(site))  # noqa: PTH208 - names alone
    except OSError:
        return [], ()
    dists = [_read(site, name) for name in names if name.endswith(".dist-info") and not LEFTOVER.match(name)]
    eggs = [
        _read_egg(site / name) for name in names if name.endswith(".egg-info") and not LEFTOVER.match(name)
    ]
    links = [link for name in names if name.endswith(".egg-link") and (link := _read_link(site / name))]
    known = {dist.name: dist.version for dist in dists}
    beside = [egg for egg in eggs if egg.name in known and egg.version not in ("", known[egg.name])]
    others = [old for old in (*eggs, *links) if old.name not in known]
    return [*beside, *dists, *others], tuple(n for n in names if LEFTOVER.match(n))


def split(info: Path | str) -> tuple[str, str, bool]:
    """Name, version and whether it is whole. Installers write RECORD last, so one without it was killed."""
    name, _, version = str(info).rpartition("/")[2].removesuffix(".dist-info").partition("-")
    return canonicalize_name(name), version, _holds_lines(f"{info}/RECORD") and is_file(f"{info}/METADATA")


def _holds_lines(record: str) -> bool:
    """An empty one is as bad as none: a full disk, or power that failed."""
    try:
        about = os.stat(record)  # noqa: PTH116 - a Path for each of them costs more
        return stat.S_ISREG(about.st_mode) and about.st_size > 0
    except OSError:
        return False


def _read(site: Path, entry: str) -> Dist:
    folder = f"{site}/{entry}"
    name, version, whole = split(folder)
    there = _names_in(folder)
    fields = headers(f"{folder}/METADATA")
    said = canonicalize_name(fields.get("name", [""])[0])
    installer = peek_text(f"{folder}/INSTALLER", 100).strip().lower() if "INSTALLER" in there else ""
    by_system = installer in BY_SYSTEM
    return Dist(
        name,
        fields.get("version", [version])[0] or version,
        entry,
        # A packager of the system needs no RECORD of its own.
        whole=whole or by_system,
        unsigned="RECORD" in there and "INSTALLER" not in there and not _signed(folder, entry),
        unreadable=whole and (said != name or not fields.get("version")),
        by_system=by_system,
        requires=tuple(fields.get("requires-dist", ())),
        editable=_editable(f"{folder}/direct_url.json") if "direct_url.json" in there else None,
    )


def _signed(folder: str, entry: str) -> bool:
    """Whether the RECORD is an installer's, which lists what it has written itself."""
    return f"{entry}/INSTALLER," in peek_text(f"{folder}/RECORD", MOST)


def _names_in(folder: str) -> frozenset[str]:
    try:
        return frozenset(os.listdir(folder))  # noqa: PTH208 - names alone
    except OSError:
        return frozenset()


def _read_egg(info: Path) -> Dist:
    """The old form, which system packagers still write: a folder, or a single file."""
    fields = headers(info / "PKG-INFO" if is_folder(info) else info)
    name = info.name.removesuffix(".egg-info").partition("-")[0]
    return Dist(
        canonicalize_name(fields.get("name", [name])[0]),
        fields.get("version", [""])[0],
        info.name,
        whole=True,
        by_system=True,
    )


def _read_link(path: Path) -> Dist | None:
    """What `setup.py develop` leaves: a file with the path of the source folder, where the rest of it is."""
    source = peek_text(path, 4096).partition("\n")[0].strip()
    name = canonicalize_name(path.name.removesuffix(".egg-link"))
    infos = sorted(Path(source).glob("*.egg-info")) if source.startswith("/") else []
    version = headers(infos[0] / "PKG-INFO").get("version", [""])[0] if infos else ""
    if not version and is_folder(source):
        return None  # it says nothing of itself
    return Dist(name, version, path.name, whole=True, by_system=True, editable=source or None)


def headers(path: Path | str) -> dict[str, list[str]]:
    """The header fields that matter; nothing when the file cannot be read or is no text."""
    found: dict[str, list[str]] = {}
    for line in _head(path).split(b"\n"):
        name, colon, value = line.partition(b":")
        if colon and (field := FIELDS.get(name.lower())):
            found.setdefault(field, []).append(value.strip(b" \t\r").decode("utf-8", "replace"))
    return found


def _head(path: Path | str) -> bytes:
    """The header fields, without the long description that follows them."""
    for most in HEADS:
        text = peek(path, most) or b""
        start, end, _ = (text.replace(b"\r\n", b"\n") if b"\r\n" in text else text).partition(b"\n\n")
        if end or len(text) < most:
            break
    return start


def _editable(path: Path | str) -> str | None:
    try:
        said = msgspec.json.decode(peek(path) or b"{}")
    except ValueError:
        return None
    url = said.get("url", "") if isinstance(said, dict) else ""
    info = said.get("dir_info", {}) if isinstance(said, dict) else {}
    if isinstance(info, dict) and info.get("editable") and str(url).startswith("file://"):
        return unquote(urlsplit(url).path)
    return None


def doubles(dists: Sequence[Dist]) -> dict[str, Any]:
    """Names with several metadata folders, and the versions of each."""
    count = Counter(dist.name for dist in dists)
    names = tuple(name for name, times in count.items() if times > 1)
    versions = {name: tuple(d.version for d in dists if d.name == name) for name in names}
    return {"duplicates": names, "versions": versions}


def requires(dists: Sequence[Dist], python: str) -> dict[str, tuple[str, ...]]:
    """What each distribution needs on this Python, its extras left out."""
    environment = {
        **{name: str(value) for name, value in default_environment().items()},
        "python_version": python,
        "python_full_version": f"{python}.99",
        "extra": "",
    }
    applies: dict[str, bool] = {"": True}
    found = {dist.name: tuple(_applying(dist, environment, applies)) for dist in dists if not dist.by_system}
    return {name: lines for name, lines in found.items() if lines}


# Whose extras are looked at, and which of their extras are for their own developers, or for few.
WITH_EXTRAS = ("transformers", "datasets", "evaluate", "huggingface-hub", "diffusers", "peft")
FOR_DEVELOPERS = re.compile(
    r"dev|test|quality|docs|benchmark|all|typing|doc|ja|retrieval|sagemaker|example"
    # Servers, other frameworks and services of others: a person has their packages for other work.
    r"|serving|flax|^tf|onnx|ray|integrations|codecarbon|kernels|optuna|sigopt|deepspeed|tensorflow"
)
EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")


def optional_unmet(dists: Sequence[Dist], there: Mapping[str, str]) -> tuple[str, ...]:
    """What is installed and older than a library asks for where it uses it: its import works, its use does not."""
    found: dict[str, None] = {}
    for dist in (d for d in dists if d.name in WITH_EXTRAS):
        for line in dist.requires:
            extra = EXTRA.search(line)
            if extra and ">=" in line and not FOR_DEVELOPERS.search(extra[1]):
                wanted = line.partition(";")[0].strip()
                if _too_old(wanted, there):
                    found[f"{dist.name}: {wanted}"] = None
    return tuple(found)


def _too_old(line: str, there: Mapping[str, str]) -> bool:
    try:
        wanted = Requirement(line)
        floors = [Version(one.version) for one in wanted.specifier if one.operator == ">="]
        have = Version(there[canonicalize_name(wanted.name)])
    except (InvalidRequirement, InvalidVersion, KeyError):
        return False
    return any(have < floor for floor in floors)


def _applying(dist: Dist, environment: dict[str, str], known: dict[str, bool]) -> list[str]:
    kept = []
    for line in dist.requires:
        requirement, _, marker = (part.strip() for part in line.partition(";"))
        if "extra" in marker:
            continue
        if marker not in known:
            known[marker] = _holds(marker, environment)
        if known[marker] and " @ " not in requirement:
            kept.append(requirement)
    return kept


def _holds(marker: str, environment: dict[str, str]) -> bool:
    try:
        return Marker(marker).evaluate(environment)
    except (InvalidMarker, ValueError):
        return False
