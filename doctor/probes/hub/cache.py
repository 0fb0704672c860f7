"""The cache as a whole: links, references, locks, owners. Looked at within a budget, never walked to its end."""

from __future__ import annotations

import os
import pwd
import time
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from doctor.facts import Unknown
from doctor.facts.hub import BadFile, Cache, Damage, NewAdapter, RemoteCode
from doctor.goal import Goal
from doctor.probes.hub import held
from doctor.probes.hub.blobs import corrupt_blobs
from doctor.probes.hub.partials import whole_partials
from doctor.probes.hub.texts import INDEX, bad_text, is_json, is_text, lost_shards
from doctor.probes.hub.weights import ADAPTER, UNFINISHED, bad, folders_of_models, is_weights
from doctor.probes.listing import names_in, shown
from doctor.probes.patience import within
from doctor.reading.peek import is_file, is_folder, is_there, peek_text

SECONDS = 0.4  # for the whole look
DEEP_SECONDS = 15.0  # for hashing
REPOS, FILES, WEIGHTS, NAMED = 300, 4000, 80, 8
KINDS = ("models--", "datasets--")
INFO = "dataset_info.json"  # what `datasets` keeps beside the tables


class Budget:
    """What is left to look at. Once it is spent, the look ends and says so."""

    def __init__(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds
        self.files = FILES
        self.weights = WEIGHTS

    def may_read(self) -> bool:
        """Whether one more weights file may be opened; counts it."""
        self.weights -= 1
        return self.weights >= 0 and time.monotonic() < self.until

    def spent(self) -> bool:
        return self.files <= 0 or self.weights < 0 or time.monotonic() > self.until


def look(goal: Goal, hub: Path) -> Cache | Unknown:
    """What can be said of the cache; Unknown when its disk does not answer."""
    return within(_look, goal, hub, seconds=DEEP_SECONDS + 3 if goal.deep else 3.0)


def _look(goal: Goal, hub: Path) -> Cache:
    budget = Budget(SECONDS)
    locks = held.begin(hub)
    repos = repositories(hub)
    # What is wanted is looked at first, should the budget not reach for all.
    wanted = {f"models--{want.id.replace('/', '--')}" for want in goal.models}
    repos.sort(key=lambda repo: (repo.name not in wanted, repo.name))
    files = {repo: list(snapshot_files(repo, budget)) for repo in repos}
    damage = [damage_of(repo, files[repo]) for repo in repos]
    clones = damage_in_folders(Path(goal.root_dir), budget)
    until = time.monotonic() + DEEP_SECONDS
    if goal.deep:
        damage = [corrupt_blobs(repo, one, until) for repo, one in zip(repos, damage, strict=True)]
    partial = [size for repo in repos for size in partials(repo)]
    blocked = unwritable(goal, hub, repos)
    return Cache(
        path=shown(hub),
        exists=is_folder(hub),
        repos=len(repos),
        complete=not budget.spent() and len(repos) < REPOS and time.monotonic() < until,
        damage=tuple(one for one in (*damage, *clones) if one != Damage(repo=one.repo, folder=one.folder)),
        bad_texts=(*bad_texts(files, budget), *bad_texts_in_folders(Path(goal.root_dir), budget))[:NAMED],
        too_new=too_new(goal, files),
        new_adapters=new_adapters(goal, files),
        remote_code=remote_code(goal, hub),
        bad_datasets=tuple(bad_datasets(goal, budget)),
        strays=tuple(shown(path) for path in strays(hub, repos)),
        unreadable=tuple(shown(path) for path in unreadable(files))[:NAMED],
        beside=beside(hub),
        bad_files=(*bad_files(files, budget), *bad_in_folders(Path(goal.root_dir), budget)),
        partial_files=len(partial),
        partial_bytes=sum(partial),
        whole_partials=tuple(shown(path) for path in whole_partials(repos, until if goal.deep else 0.0))[
            :NAMED
        ]
        if partial
        else (),
        locks=locks(),
        foreign_folders=tuple(map(shown, blocked[:NAMED])),
        owners=tuple(sorted({owner(path) for path in blocked})),
        not_a_folder=not_a_folder(goal, hub),
        largest_weights=max(
            (_size(f) for f in chain.from_iterable(files.values()) if is_weights(f.name)), default=0
        ),
    )


def repositories(hub: Path) -> list[Path]:
    names = sorted(name for name in names_in(hub) if name.startswith(KINDS))
    return [hub / name for name in names[:REPOS] if is_folder(hub / name)]


def repo_id(repo: Path) -> str:
    return shown(repo.name).partition("--")[2].replace("--", "/")


def snapshot_files(repo: Path, budget: Budget) -> Iterator[Path]:
    """The files of a repository's snapshots, until the budget is spent."""
    for folder, _, names in os.walk(repo / "snapshots"):
        for name in names:
            if budget.spent():
                return
            budget.files -= 1
            yield Path(folder, name)


def damage_of(repo: Path, files: list[Path]) -> Damage:
    broken = [file for file in files if file.is_symlink() and not is_there(file)]
    no_blobs = bool(broken) and not names_in(repo / "blobs")
    return Damage(
        repo=repo_id(repo),
        folder=shown(repo),
        dangling=tuple(shown(file.relative_to(repo / "snapshots")) for file in broken[:NAMED]),
        no_blobs=no_blobs,
        lost_refs=tuple(lost_refs(repo)),
        lost_shards=tuple(lost := list(lost_shards(files)))[:NAMED],
        under_way=bool(lost) and any(True for _ in partials(repo)),
        odd_refs=tuple(odd_refs(repo)),
        nameless=bool(files) and not any((repo / "refs").rglob("*")),
    )


def odd_refs(repo: Path) -> Iterator[str]:
    """Written by hand, with a line end: the client looks for a snapshot of that name, line end and all."""
    for path in islice((repo / "refs").rglob("*"), 20):
        commit = peek_text(path, 4096)
        if commit != commit.strip() and is_folder(repo / "snapshots" / commit.strip()):
            yield shown(path.relative_to(repo / "refs"))


def bad_texts(files: dict[Path, list[Path]], budget: Budget) -> Iterator[BadFile]:
    for repo, found in files.items():
        for file in found:
            if (
                is_text(file.name)
                and time.monotonic() < budget.until
                and (bad := bad_text(file, repo_id(repo)))
            ):
                yield bad


def bad_texts_in_folders(root: Path, budget: Budget) -> Iterator[BadFile]:
    """Only beside weights: a `config.json` alone may be anything."""
    for folder in folders_of_models(root, FILES):
        names = names_in(folder)
        for name in filter(is_text, names if any(map(is_weights, names)) else ()):
            if time.monotonic() < budget.until and (bad := bad_text(folder / name, None)):
                yield bad


def too_new(goal: Goal, files: dict[Path, list[Path]]) -> tuple[str, ...]:
    """Models of a kind that the environment's transformers does not know yet."""
    configurations = named(goal, files, "config.json")
    if not configurations:
        return ()
    from doctor.probes.hub.newer import newer_than_transformers  # only where there are models

    return newer_than_transformers(goal, configurations)


def named(goal: Goal, files: dict[Path, list[Path]], name: str) -> list[tuple[str, Path]]:
    """Files of that name at the top of the cache's models, and of those in folders beside the notebooks."""
    cached = [
        (repo_id(repo), file)
        for repo, found in files.items()
        for file in found
        if file.name == name and file.parent.parent.name == "snapshots"
    ]
    folders = folders_of_models(Path(goal.root_dir), FILES)
    return cached + [(shown(folder), folder / name) for folder in folders if is_file(folder / name)]


def new_adapters(goal: Goal, files: dict[Path, list[Path]]) -> tuple[NewAdapter, ...]:
    """Adapters with settings at which the environment's peft stops."""
    configurations = named(goal, files, ADAPTER)
    if not configurations:
        return ()
    from doctor.probes.hub.adapters import newer_than_peft  # only where there are adapters

    return newer_than_peft(goal, configurations)


def remote_code(goal: Goal, hub: Path) -> tuple[RemoteCode, ...]:
    """Code of models that the environment's transformers does not fit."""
    if not os.environ.get("HF_MODULES_CACHE") and not is_folder(Path(goal.cache) / "modules"):
        return ()
    from doctor.probes.hub.remote_code import misfits  # only where some was run

    return misfits(goal, hub)


def bad_datasets(goal: Goal, budget: Budget) -> Iterator[BadFile]:
    """Prepared tables that were cut down to nothing. What is still being made lies in a folder of another name."""
    root = Path(os.environ.get("HF_DATASETS_CACHE") or Path(goal.cache) / "datasets").expanduser()
    for path in islice(root.glob("*/*/*/*/*"), FILES) if names_in(root) else ():
        if time.monotonic() > budget.until:
            return
        if path.suffix not in (".arrow", ".json") or path.parent.name.endswith(".incomplete"):
            continue
        size = _size(path)
        if size == 0 or (path.name == INFO and not is_json(path, size)):
            yield BadFile(path=shown(path), kind="empty" if not size else "not-json", bytes=size, repo=None)


def strays(hub: Path, repos: list[Path]) -> list[Path]:
    """Models that were cloned or copied into the cache without its layout of snapshots."""
    known = ("models--", "datasets--", "spaces--", ".")
    other = [hub / name for name in names_in(hub)[:REPOS] if not name.startswith(known)]
    flat = [repo for repo in repos if not is_there(repo / "snapshots")]
    return [folder for folder in (*other, *flat) if is_file(folder / "config.json")][:NAMED]


def unreadable(files: dict[Path, list[Path]]) -> Iterator[Path]:
    for repo, found in files.items():
        folders = [
            repo / "snapshots",
            *((repo / "snapshots" / name) for name in names_in(repo / "snapshots")),
        ]
        yield from (path for path in folders if is_folder(path) and not os.access(path, os.R_OK | os.X_OK))
        yield from (path for path in found if is_there(path) and not os.access(path, os.R_OK))


def beside(hub: Path) -> str | None:
    """HF_HOME that names the `hub` folder, or HF_HUB_CACHE that names the one above it: the models are next door."""
    if any(name.startswith("models--") for name in names_in(hub)):
        return None
    near = (
        path for path in (hub.parent, hub / "hub") if any(n.startswith("models--") for n in names_in(path))
    )
    return next((shown(path) for path in near), None)


def lost_refs(repo: Path) -> Iterator[str]:
    """Names whose commit has no snapshot. One that is known to lack a file (`.no_exist`) is as it should be."""
    for path in islice((repo / "refs").rglob("*"), 20):
        if not is_file(path):
            continue
        commit = peek_text(path, 4096).strip()
        known = commit and (names_in(repo / "snapshots" / commit) or is_there(repo / ".no_exist" / commit))
        if not known and names_in(repo / "blobs"):
            yield shown(path.relative_to(repo / "refs"))


def bad_files(files: dict[Path, list[Path]], budget: Budget) -> Iterator[BadFile]:
    weights = [(repo, file) for repo, found in files.items() for file in found if is_weights(file.name)]
    for repo, file in weights:
        if budget.may_read() and (found := bad(file, repo_id(repo))):
            yield found


def bad_in_folders(root: Path, budget: Budget) -> Iterator[BadFile]:
    """Weights of models that the person cloned or copied beside the notebooks."""
    for folder in folders_of_models(root, FILES):
        for name in filter(is_weights, names_in(folder)):
            if budget.may_read() and (found := bad(folder / name, None)):
                yield found


def damage_in_folders(root: Path, budget: Budget) -> Iterator[Damage]:
    """Models of the person's own folders that lack parts."""
    for folder in folders_of_models(root, FILES):
        names = names_in(folder)
        indexed = any(name.endswith(INDEX) for name in names) and time.monotonic() < budget.until
        lost = tuple(lost_shards([folder / name for name in names])) if indexed else ()
        if lost:
            under_way = any(name.endswith(UNFINISHED) for name in names)
            yield Damage(
                repo=shown(folder.name), folder=shown(folder), lost_shards=lost[:NAMED], under_way=under_way
            )


def partials(repo: Path) -> Iterator[int]:
    for path in islice((repo / "blobs").glob("*.incomplete"), 100):
        yield _size(path)


def not_a_folder(goal: Goal, hub: Path) -> str | None:
    """The first part of the cache's path that is there and is no folder: a file, or a link to a disk that is gone."""
    parts = [*reversed(hub.parents), Path(goal.cache), hub]
    return next((shown(path) for path in parts if os.path.lexists(path) and not is_folder(path)), None)


def unwritable(goal: Goal, hub: Path, repos: list[Path]) -> list[Path]:
    """Folders of the cache that this user may not write to. A read-only disk is the disk's matter."""
    parts = [repo / name for repo in repos for name in ("", "blobs", "refs", "snapshots")]
    folders = [path for path in (Path(goal.cache), hub, hub / ".locks", *parts) if is_folder(path)]
    return [path for path in folders if not os.access(path, os.W_OK | os.X_OK) and not _read_only(path)]


def owner(path: Path) -> str:
    try:
        return pwd.getpwuid(path.stat().st_uid).pw_name
    except (KeyError, OSError):
        return "?"


def _read_only(path: Path) -> bool:
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
