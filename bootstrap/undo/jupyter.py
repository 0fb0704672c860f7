"""JupyterLab's own folder, and those that Jupyter makes in the person's home. What the server keeps for itself is no work of the person's; the rest is told by time."""

from __future__ import annotations

from fnmatch import fnmatch

from bootstrap.safety.claims import Claim, Claims
from bootstrap.undo.pile import Pile, by_time, pile, walk
from bootstrap.undo.plain import without_root

# Written by the launcher and by the server as it runs. What the person chose in its menus (lab/user-settings) is not in it.
KEPT_BY_THE_SERVER = (
    "*.lock",
    "jupyter.log*",
    "migrated",
    "nbsignatures.db*",
    "running_config.json",
    "runtime/*",
    "server.json",
    "watcher.json",
    "proof.json",
    "password.unseen",
    ".*.part",
    "lab/workspaces/*",
    "_logs/*",  # of npm
)


def sort(claim: Claim, said: Claims) -> Pile:
    files, folders = walk(claim.path)
    fresh = by_time(said)

    def own(path: str) -> bool:
        inside = path.removeprefix(f"{claim.path}/")
        return any(fnmatch(inside, pattern) for pattern in KEPT_BY_THE_SERVER)

    return pile(
        claim.path,
        claim.step,
        files,
        without_root(claim, folders),
        lambda place: None if own(place.path) else fresh(place),
    )
