"""Where things can be had from: configs/mirrors.toml, replaced or extended by GROUNDWORK_MIRRORS_FILE."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from doctor.goal import Goal
from doctor.goal.profile import CONFIGS
from doctor.reading.tomlfile import load

Kind = Literal["conda_installer", "conda_channel", "hub", "torch_index", "python_build", "package_index"]

FORGE = "conda-forge"
PYTHON_BUILDS = CONFIGS / "pythons.txt"
STAGE0_KINDS: dict[str, Kind] = {"index": "package_index", "python": "python_build"}


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One host that offers something. `url` may hold {file} and {variant}."""

    kind: Kind
    name: str
    url: str
    region: Literal["global", "cn"] = "global"
    official: bool = False
    flat: bool = False  # torch_index: one folder of wheels (--find-links), not a page for each project
    own: bool = False  # comes from the person's own table; not to be written


class Installer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One release of the Miniconda installer, pinned by the hash of its bytes."""

    file: str
    machine: str  # x86_64, aarch64
    sha256: str


class Mirrors(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The table. In the person's own file `mode` says whether it replaces ours or comes before it."""

    mode: Literal["replace", "extend"] = "extend"
    source: tuple[Source, ...] = ()
    installer: tuple[Installer, ...] = ()


def load_mirrors(environ: Mapping[str, str] = os.environ) -> Mirrors:
    """Our table and the person's. Raises Trouble (exit 2) when a file is not right."""
    table = load(CONFIGS / "mirrors.toml", Mirrors)
    ours = msgspec.structs.replace(table, source=table.source + stage0_sources())
    own = environ.get("GROUNDWORK_MIRRORS_FILE")
    if not own:
        return ours
    theirs = _marked(load(Path(own), Mirrors))
    if theirs.mode == "replace":
        return theirs
    return Mirrors(source=theirs.source + ours.source, installer=theirs.installer + ours.installer)


def _marked(theirs: Mirrors) -> Mirrors:
    """As the person's own: what they add to our table is preferred to it."""
    if theirs.mode == "replace":
        return theirs
    mine = tuple(msgspec.structs.replace(source, own=True) for source in theirs.source)
    return msgspec.structs.replace(theirs, source=mine)


def sources(kind: Kind, goal: Goal) -> tuple[Source, ...]:
    """The sources of one kind that the MIRRORS policy allows; the person's own settings win over all."""
    if kind == "hub" and goal.endpoint:
        return (Source(kind="hub", name="HF_ENDPOINT", url=goal.endpoint),)
    table = load_mirrors()
    listed = [s for s in table.source if s.kind == kind and _allowed(s, goal)]
    own = _of_conda(goal) if kind == "conda_channel" and table.mode != "replace" else ()
    return (*own, *(s for s in listed if s.url not in [one.url for one in own]))


def _of_conda(goal: Goal) -> tuple[Source, ...]:
    """Where the person's conda settings say that conda-forge is, unless that is where it always is."""
    from doctor.probes.conda import channels, condarc

    said = condarc.read(goal.conda_root or None)
    named = [*channels.urls(said), *channels.expand(FORGE, said)]
    found = next((url for url in named if url.endswith(f"/{FORGE}")), None)
    if found is None or found == f"{channels.ALIAS}/{FORGE}":
        return ()
    return (Source(kind="conda_channel", name="your conda settings", url=found, own=True),)


def stage0_sources() -> tuple[Source, ...]:
    """The mirrors that stage 0 uses too. Its list is plain text, since a shell has to read it."""
    path = Path(os.environ.get("GROUNDWORK_STAGE0_MIRRORS") or CONFIGS / "stage0_mirrors.txt")
    lines = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
    known = ((STAGE0_KINDS[word[0]], word[1]) for word in lines if len(word) == 2 and word[0] in STAGE0_KINDS)
    return tuple(Source(kind=kind, name=url.split("/")[2], url=url, region="cn") for kind, url in known)


def python_build_file(python: str, machine: str) -> str | None:
    """What the pinned uv fetches for a Python: its path below a source's url. None where no build is known."""
    lines = (line.split() for line in PYTHON_BUILDS.read_text(encoding="utf-8").splitlines())
    return next((words[2] for words in lines if words[:2] == [python, machine]), None)


def _allowed(source: Source, goal: Goal) -> bool:
    if goal.mirrors == "off":
        return source.official
    return goal.mirrors == "auto" or source.region == goal.mirrors


def installers(machine: str) -> tuple[Installer, ...]:
    """The pinned installers for a machine, preferred first."""
    return tuple(entry for entry in load_mirrors().installer if entry.machine == machine)
