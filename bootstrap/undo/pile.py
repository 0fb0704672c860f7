"""What one claim comes to: what is removed, in order, and what is left because it is the person's."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from bootstrap.safety.claims import Claims
from doctor.text import Text

ADDED = Text("added or changed since", "此后新增或改动过")


class Left(msgspec.Struct, frozen=True):
    """Something of the person's that stays: a file, or a folder in which nothing is ours."""

    path: str
    why: Text


class Pile(msgspec.Struct, frozen=True, kw_only=True):
    """`files` (links too) in the order of their removal, then `folders`, the deepest first, where they are empty."""

    path: str
    step: str
    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    bytes: int = 0
    left: tuple[Left, ...] = ()
    original: str = ""  # what stood in the file's place before us, to be put back


class Place(msgspec.Struct, frozen=True):
    """One file or link as it is now."""

    path: str
    size: int
    changed: float  # last change of content, name, mode or owner; no program can set it
    written: float  # last change of content


def walk(root: str) -> tuple[list[Place], list[str]]:
    """Files and links below `root` (or `root` itself, a file), and the folders, the deepest first. No link is followed."""
    if not is_real_folder(root):
        return [_place(root)] if os.path.lexists(root) else [], []
    files, folders = [], [root]
    for folder in folders:  # which grows as it is gone through
        with os.scandir(folder) as inside:
            for entry in inside:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    files.append(_place(entry.path))
    return files, folders[::-1]


def is_real_folder(path: str) -> bool:
    """A folder, and no link to one."""
    return Path(path).is_dir() and not Path(path).is_symlink()


def _place(path: str) -> Place:
    said = os.lstat(path)
    return Place(path, said.st_size, said.st_ctime, said.st_mtime)


def pile(
    path: str,
    step: str,
    places: Iterable[Place],
    folders: Iterable[str],
    mine: Callable[[Place], Text | None],
) -> Pile:
    """Sort places: `mine` answers None for what is ours, else why it is not."""
    ours: list[Place] = []
    left: list[Left] = []
    for place in places:
        why = mine(place)
        if why is None:
            ours.append(place)
        else:
            left.append(Left(place.path, why))
    return Pile(
        path=path,
        step=step,
        files=tuple(place.path for place in ours),
        folders=tuple(folders),
        bytes=sum(place.size for place in ours),
        left=tuple(gathered(left, {place.path for place in ours}, path)),
    )


def gathered(left: list[Left], ours: set[str], root: str) -> Iterator[Left]:
    """Files of one folder in which nothing is ours are told as that folder."""
    shared = {str(folder) for path in ours for folder in Path(path).parents} | {root}
    told: dict[str, Left] = {}
    for one in left:
        place = Path(one.path)
        while str(place.parent) not in shared and len(place.parts) > len(Path(root).parts) + 1:
            place = place.parent
        told.setdefault(str(place), Left(str(place), one.why))
    yield from told.values()


def by_time(said: Claims) -> Callable[[Place], Text | None]:
    """Ours is what nobody changed after we did."""
    return lambda place: None if said.during(place.changed) else ADDED
