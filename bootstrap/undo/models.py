"""The Hub's cache. Blobs are shared by revisions, and a model's folder by all who download it: what others use stays."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from bootstrap.hub.partial import ENDING, beginnings
from bootstrap.safety.claims import Claim, Claims, claims
from bootstrap.step import Work
from bootstrap.undo import plain
from bootstrap.undo.pile import Pile, by_time, pile, walk
from doctor.goal.profile import ModelWant
from doctor.probes.hub import hub_folder, repo_folder, snapshot_folder
from doctor.text import Text

SHARED = Text("needed by another download of yours", "你的其他下载仍需要它")
NOISE = "/.no_exist/"  # the client notes there what a repository lacks, whenever something is loaded


def note_before(work: Work, wanted: tuple[ModelWant, ...]) -> None:
    """Into the journal: what will be ours of each model, and what lies there already."""
    hub = hub_folder(work.goal.cache)
    ours = {claim.path for claim in claims(Path(work.goal.journal)).of_kind("created")}
    for want in wanted:
        repo = repo_folder(hub, want.id)
        work.note("created", str(hub / ".locks" / repo.name))
        if repo.is_dir() and str(repo) not in ours:
            _note_inside(work, repo, snapshot_folder(hub, want), want)
        else:
            work.note("created", str(repo))
        for alias in want.aliases:
            work.note("created", str(repo_folder(hub, alias)))


def _note_inside(work: Work, repo: Path, snapshot: Path, want: ModelWant) -> None:
    """A folder of the person's: what is in it now stays, of each file that is not there it is said that it will be ours."""
    known = {claim.path for claim in claims(Path(work.goal.journal)).places}
    files = [snapshot / name for name in (*want.files, *want.optional)]
    refs = [repo / "refs" / ref for ref in want.refs]
    if not known & {str(path) for path in files}:  # else it was looked at before we came
        for blob in sorted(repo.glob("blobs/*")):
            work.note("found", str(blob))
    for path in (*files, *refs):
        if path in refs or not os.path.lexists(path):
            work.note("created", str(path))
    for digest in want.sha256.values():
        blob = repo / "blobs" / digest
        if not blob.exists() and not beginnings(blob):  # what the person has begun, and we go on with, stays
            work.note("created", f"{blob}{ENDING}")


def sort(claim: Claim, said: Claims) -> Pile:
    path = Path(claim.path)
    if path.name.startswith("models--") and path.is_dir() and not path.is_symlink():
        return of_repo(claim, said) if path.parent.name != ".locks" else of_locks(claim)
    if "snapshots" in path.parts and claim.kind == "created":
        return of_file(claim, said)
    return plain.sort(claim, said)


def of_locks(claim: Claim) -> Pile:
    """Empty files by which the client's downloads take turns."""
    files, folders = walk(claim.path)
    return pile(claim.path, claim.step, files, folders, lambda place: None)


def of_repo(claim: Claim, said: Claims) -> Pile:
    """A model's folder that was not there before us."""
    files, folders = walk(claim.path)
    fresh = by_time(said)
    stay = {place.path for place in files if fresh(place) and NOISE not in place.path}
    used = {target for path in stay for target in targets(path)}
    return pile(
        claim.path,
        claim.step,
        files,
        plain.without_root(claim, folders),
        lambda place: SHARED if place.path in used else fresh(place) if place.path in stay else None,
    )


def of_file(claim: Claim, said: Claims) -> Pile:
    """A file of a snapshot in a folder of the person's, with the blob that came with it."""
    single = plain.sort(claim, said)
    if single.left or not single.files:
        return single
    blobs = [blob for blob in targets(claim.path) if not stays(blob, claim, said)]
    size = single.bytes + sum(os.lstat(blob).st_size for blob in blobs)
    return msgspec.structs.replace(single, files=(*single.files, *blobs), bytes=size)


def stays(blob: str, claim: Claim, said: Claims) -> bool:
    """Whether a blob was there before us, at least its beginning, or another file needs it."""
    found = {one.path for one in said.of_kind("found")}
    if blob in found or f"{blob}.incomplete" in found or not Path(blob).is_file():
        return True
    ours = {one.path for one in said.of_kind("created")}
    repo = next(above for above in Path(claim.path).parents if above.name == "snapshots")
    links, _ = walk(str(repo))
    return any(blob in targets(link.path) for link in links if link.path not in ours)


def targets(path: str) -> list[str]:
    """Where a link of a snapshot leads; nothing of a file."""
    link = Path(path)
    return [os.path.normpath(link.parent / link.readlink())] if link.is_symlink() else []
