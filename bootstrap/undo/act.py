"""The removal itself. Every step of it may be the last one before a kill: the next undo goes on from what is left."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from bootstrap.safety.journal import Journal
from bootstrap.undo.pile import Left, Pile, is_real_folder
from bootstrap.undo.plain import beside_of
from bootstrap.undo.plan import Plan
from doctor.text import both


def take_back(plan: Plan, journal: Journal) -> list[Left]:
    """Remove what the plan says, the house last. Returns what could not be removed, and why."""
    stuck: list[Left] = []
    for pile in plan.piles:
        journal.write("removing", step=pile.step, path=pile.path)
        failed = [*remove_files(pile), *put_back(pile), *remove_folders(pile.folders)]
        if not failed:
            journal.write("removed", step=pile.step, path=pile.path)
        stuck += failed
    stuck += remove_folders(plan.folders)
    if not stuck:
        stuck += [*remove_files(plan.house), *remove_folders(plan.house.folders)]
    return stuck


def remove_files(pile: Pile) -> Iterator[Left]:
    for path in pile.files:
        try:
            Path(path).unlink()
        except FileNotFoundError:
            continue  # by a run before, or by the server when it was stopped
        except OSError as error:
            yield Left(path, both(error.strerror or str(error)))


def put_back(pile: Pile) -> Iterator[Left]:
    """What stood there before us; beside the place where the person has changed ours since."""
    if not pile.original or not os.path.lexists(pile.original):
        return
    place = beside_of(pile.path) if pile.left else pile.path
    try:
        beside = Path(f"{place}.part")
        beside.unlink(missing_ok=True)
        shutil.copy2(pile.original, beside, follow_symlinks=False)
        beside.replace(place)
    except OSError as error:
        yield Left(place, both(error.strerror or str(error)))


def remove_folders(folders: tuple[str, ...]) -> Iterator[Left]:
    """Those that are empty. One in which something is left, or was put meanwhile, stays."""
    for folder in folders:
        try:
            Path(folder).rmdir()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            if is_real_folder(folder) and not any(Path(folder).iterdir()):  # read-only, or a mount
                yield Left(folder, both(error.strerror or str(error)))


def forget(home: str) -> None:
    """The journal and the lock: all that they say is done."""
    for name in ("journal.jsonl", "lock.json"):
        Path(home, name).unlink(missing_ok=True)
