"""Miniconda that the conda step installed. As long as an environment of the person's lives in it, it stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bootstrap.safety.claims import Claim, Claims
from bootstrap.undo import environment
from bootstrap.undo.pile import Left, Pile, Place, pile, walk
from bootstrap.undo.plain import sort as sort_plain
from bootstrap.undo.plain import without_root
from doctor.goal.prefix import marker
from doctor.text import Text

OWN = ("pkgs", "conda-meta")  # a cache, and the conda's own record of itself
PROBES = (".conda_envs_dir_test",)  # conda looks by it whether it may write


def sort(claim: Claim, said: Claims) -> Pile:
    root = Path(claim.path)
    if not root.is_dir() or root.is_symlink():
        return sort_plain(claim, said)
    claimed = [c for c in said.of_kind("created") if c.step == "environment" and root in Path(c.path).parents]
    others = strangers(root, {c.path for c in claimed})
    piles = [environment.sort(c, said) for c in claimed]
    if others:
        names = ", ".join(others)
        why = Text(f"environments of yours live in it: {names}", f"其中有你的环境：{names}")
        return joined(claim, piles, Left(claim.path, why))
    files, folders = walk(claim.path)
    inside = tuple(f"{c.path}/" for c in claimed)
    rest = [place for place in files if not place.path.startswith(inside)]
    entries = dict(environment.entries_of(root, said))
    own = pile(claim.path, claim.step, rest, without_root(claim, folders), judge(root, entries, said))
    mark = marker(claim.path)
    own = environment.with_file(own, str(mark)) if mark.is_file() else own
    return joined(claim, [*piles, own])


def strangers(root: Path, ours: set[str]) -> list[str]:
    """Names of environments in this conda that we did not make."""
    folder = root / "envs"
    inside = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    return [path.name for path in inside if str(path) not in ours]


def judge(root: Path, entries: dict[str, environment.Entry], said: Claims) -> Callable[[Place], Text | None]:
    of_environment = environment.judge(entries, said)

    def mine(place: Place) -> Text | None:
        top, _, rest = place.path.removeprefix(f"{root}/").partition("/")
        entry = entries.get(place.path)
        if (top in OWN and (entry is None or entry.ours)) or rest in PROBES:
            return None
        return of_environment(place)

    return mine


def joined(claim: Claim, piles: list[Pile], *left: Left) -> Pile:
    files = [path for one in piles for path in one.files]
    return Pile(
        path=claim.path,
        step=claim.step,
        files=tuple(sorted(files, key=environment.last_what_tells)),
        folders=tuple(path for one in piles for path in one.folders),
        bytes=sum(one.bytes for one in piles),
        left=(*(one for each in piles for one in each.left), *left),
    )
