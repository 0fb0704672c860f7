"""A file, a link or a folder that a step made, and a file that it put in another's place."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from bootstrap.safety.claims import Claim, Claims
from bootstrap.undo.pile import Left, Pile, by_time, pile, walk
from doctor.text import Text

MOVED = Text(
    "changed since; what stood there before us is put beside it, as {beside}",
    "此后改动过；之前的内容放在旁边：{beside}",
)


def sort(claim: Claim, said: Claims) -> Pile:
    """Ours is what was not changed after our last run."""
    files, folders = walk(claim.path)
    sorted_ = pile(claim.path, claim.step, files, without_root(claim, folders), by_time(said))
    return restored(claim, sorted_) if claim.kind == "changed" else sorted_


def without_root(claim: Claim, folders: list[str]) -> list[str]:
    """An empty folder that the person had made for it stays."""
    return [folder for folder in folders if folder != claim.path or not claim.kept_folder]


def restored(claim: Claim, sorted_: Pile) -> Pile:
    """The original comes back; beside the file where the person has changed that since."""
    if not os.path.lexists(claim.original) or same(claim.original, claim.path):
        return msgspec.structs.replace(sorted_, files=(), bytes=0, left=())
    if not sorted_.left:
        return msgspec.structs.replace(sorted_, original=claim.original)
    beside = beside_of(claim.path)
    why = Text(MOVED.en.format(beside=beside), MOVED.zh.format(beside=beside))
    return msgspec.structs.replace(sorted_, original=claim.original, left=(Left(claim.path, why),))


def beside_of(path: str) -> str:
    return f"{path}.before-groundwork"


def same(one: str, other: str) -> bool:
    """Whether two files, or links, say the same."""
    before, now = Path(one), Path(other)
    if before.is_symlink() or now.is_symlink():
        return before.is_symlink() and now.is_symlink() and before.readlink() == now.readlink()
    return now.is_file() and before.read_bytes() == now.read_bytes()
