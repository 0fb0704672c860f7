"""GROUNDWORK_HOME itself: what lies in it under names of ours. What else is there was put there by somebody else."""

from __future__ import annotations

from pathlib import Path

from bootstrap.undo.pile import Left, Pile, pile, walk
from doctor.text import Text

# Whole folders and files that only Groundwork writes. envs and jupyter hold what steps claim one by one.
OWN = (
    ".*.part",  # of a file that a killed run was about to rename
    "colab",
    "conda-home",
    "downloads",
    "ffmpeg",
    "hub.json",
    "logs",
    "mirrors.json",
    "originals",
    "settings.json",
    "smoke",
)
HOLDERS = ("envs", "jupyter")
# What must be there to the end, for undo itself runs on it: scripts/remove_stage0.sh takes it away.
STAGE0 = ("tool-*", "dev-*", "uv-*", "python", "stage0.lock*", "apt.log", ".ours", "undoing")
LAST = ("lock", "lock.json", "journal.jsonl")
STRANGE = Text("not ours", "不是我们的")


def sort(home: str) -> Pile:
    """What goes with the house once the steps' things are gone."""
    places, folders = [], []
    for root in sorted(path for pattern in OWN for path in Path(home).glob(pattern)):
        files, inner = walk(str(root))
        places += files
        folders += inner
    return pile(home, "", places, folders, lambda place: None)


def stage0_bytes(home: str) -> int:
    """Bytes of what stage 0 made."""
    roots = [str(path) for pattern in STAGE0 for path in Path(home).glob(pattern)]
    return sum(place.size for root in roots for place in walk(root)[0])


def strangers(home: str, claimed: set[str]) -> list[Left]:
    """What lies in our house and is neither ours nor claimed by a step."""
    house = Path(home)
    known = {path for pattern in (*STAGE0, *LAST, *OWN, *HOLDERS) for path in house.glob(pattern)}
    inside = [path for path in house.iterdir() if path not in known] if house.is_dir() else []
    for name in HOLDERS:
        inside += (house / name).iterdir() if (house / name).is_dir() else ()
    return [
        Left(str(path), STRANGE) for path in sorted(inside) if str(path) not in claimed and not ours(path)
    ]


def ours(path: Path) -> bool:
    """The beginning of a file that a killed run was about to rename, or the mark of a making that was cut short."""
    return path.name.endswith((".part", ".groundwork-installing"))
