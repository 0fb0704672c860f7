"""Is what lies in the cache what the client takes it for?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from doctor.catalogue import found
from doctor.checks.hub import releases
from doctor.checks.hub.partials import partials
from doctor.facts import Facts, Host, Hub
from doctor.facts.hub import BadFile, Cache, HeldLock
from doctor.finding import Finding, Severity
from doctor.goal import Goal
from doctor.text import Text, human_bytes

STALE = 100_000_000  # bytes of unfinished downloads worth a line
STUCK = 300.0  # seconds without a byte; slow links still bring some
TRUE = ("1", "ON", "YES", "TRUE")  # what huggingface_hub takes for yes
OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
KINDS = {
    "pointer": Text("a Git LFS pointer, not the file that it points to", "是 Git LFS 指针，不是真正的文件"),
    "html": Text("a web page", "是网页"),
    "empty": Text("empty", "是空文件"),
    "cut": Text("cut off", "不完整"),
    "header": Text("no safetensors header", "没有 safetensors 文件头"),
    "link": Text("the text of a link", "是链接的文字，不是真正的链接"),
    "not-json": Text("no JSON, or cut off", "不是 JSON，或不完整"),
    "special": Text("no regular file", "不是普通文件"),
}


def check(facts: Facts, hub: Hub, goal: Goal) -> Iterator[Finding]:
    seen = hub.seen
    if not isinstance(seen, Cache):
        return
    if seen.not_a_folder:
        yield found("hub", "hf-home-not-a-folder", path=seen.not_a_folder, cache=seen.path)
    yield from _damage(seen, goal)
    yield from _layout(seen, hub, goal)
    yield from _bad_files(seen, goal)
    yield from _texts(seen, goal)
    yield from releases.check(seen, goal)
    if seen.bad_datasets:
        first = seen.bad_datasets[0]
        folder = first.path.rpartition("/")[0]
        yield found(
            "hub",
            "dataset-cache-damaged",
            path=first.path,
            what=KINDS[first.kind],
            count=len(seen.bad_datasets),
            folder=folder,
        )
    yield from _owner(facts, seen)
    yield from _locks(seen.locks)
    yield from partials(facts, seen)
    if seen.partial_bytes >= STALE:
        size = human_bytes(seen.partial_bytes)
        yield found("hub", "cache-partial-files", count=seen.partial_files, size=size, path=seen.path)


def severity_of(goal: Goal, repos: Sequence[str | None]) -> Severity:
    """What stands in the way of a wanted model fails; for another one it is only worth a warning."""
    wanted = {name for model in goal.models for name in (model.id, *model.aliases)}
    return "fail" if goal.foreign or wanted.intersection(repos) else "warn"


def _damage(seen: Cache, goal: Goal) -> Iterator[Finding]:
    dangling = [one for one in seen.damage if one.dangling]
    if dangling:
        first = dangling[0]
        yield found(
            "hub",
            "cache-broken-symlink",
            severity=severity_of(goal, [one.repo for one in dangling]),
            repos=tuple(one.repo for one in dangling),
            repo=first.repo,
            file=first.dangling[0].partition("/")[2],
            count=sum(len(one.dangling) for one in dangling),
            why=Text("the blobs folder is empty", "blobs 目录是空的")
            if first.no_blobs
            else Text("its blob is gone", "对应的 blob 不在了"),
            path=seen.path,
        )
    lost = [one for one in seen.damage if one.lost_refs and not one.dangling]
    if lost:
        names = tuple(f"{one.repo}@{ref}" for one in lost for ref in one.lost_refs)
        yield found("hub", "cache-ref-without-snapshot", names=names, path=seen.path, repo=lost[0].repo)
    corrupt = [one for one in seen.damage if one.corrupt]
    if corrupt:
        yield found(
            "hub",
            "cache-blob-corrupt",
            severity=severity_of(goal, [one.repo for one in corrupt]),
            repos=tuple(one.repo for one in corrupt),
            repo=corrupt[0].repo,
            blob=corrupt[0].corrupt[0],
            path=f"{corrupt[0].folder}/blobs/{corrupt[0].corrupt[0]}",
            count=sum(len(one.corrupt) for one in corrupt),
        )


def _bad_files(seen: Cache, goal: Goal) -> Iterator[Finding]:
    """One finding for all: they mostly have one cause, a clone without LFS or a portal's page."""
    bad = [one for one in seen.bad_files if one.kind not in ("link", "failing")]
    if bad:
        first = bad[0]
        yield found(
            "hub",
            "weights-file-is-not-weights",
            severity=severity_of(goal, [one.repo for one in bad]),
            path=first.path,
            size=human_bytes(first.bytes),
            what=KINDS[first.kind],
            count=len(bad),
            commands=_mend(first),
        )


def _texts(seen: Cache, goal: Goal) -> Iterator[Finding]:
    """Files beside the weights, and links that were copied as text, which concerns all files at once."""
    links = [one for one in (*seen.bad_files, *seen.bad_texts) if one.kind == "link"]
    others = [one for one in seen.bad_texts if one.kind not in ("link", "failing")]
    for name, those in (("cache-links-became-text", links), ("model-file-damaged", others)):
        if those:
            first = those[0]
            yield found(
                "hub",
                name,
                severity=severity_of(goal, [one.repo for one in those]),
                path=first.path,
                size=human_bytes(first.bytes),
                what=KINDS[first.kind],
                count=len(those),
                commands=_mend(first) if name == "model-file-damaged" else _anew(seen, first),
            )


def _anew(seen: Cache, bad: BadFile) -> tuple[tuple[str, ...], ...]:
    """The whole repository: its blobs may be whole, but nothing leads to them."""
    if not bad.repo:
        return ()
    folder = f"{seen.path}/models--{bad.repo.replace('/', '--')}"
    return (("rm", "-r", folder), ("hf", "download", bad.repo))


def _layout(seen: Cache, hub: Hub, goal: Goal) -> Iterator[Finding]:
    """Where models are that the client does not find, and names that lead to none."""
    if seen.unreadable:
        yield found("hub", "cache-not-readable", path=seen.unreadable[0], count=len(seen.unreadable))
    if seen.beside:
        yield found("hub", "cache-one-level-off", used=seen.path, there=seen.beside)
    if seen.strays:
        first = seen.strays[0]
        yield found("hub", "model-outside-cache-layout", path=first, count=len(seen.strays))
    yield from _shards(seen, goal)
    offline = any(v.name in OFFLINE and v.value.upper() in TRUE for v in hub.variables)
    odd = [one for one in seen.damage if one.odd_refs]
    if odd:
        path = f"{odd[0].folder}/refs/{odd[0].odd_refs[0]}"
        yield found("hub", "cache-ref-with-line-end", severity="fail" if offline else None, path=path)
    nameless = [one.repo for one in seen.damage if one.nameless]
    if nameless:
        yield found("hub", "cache-without-refs", severity="warn" if offline else None, repos=nameless)


def _shards(seen: Cache, goal: Goal) -> Iterator[Finding]:
    """A download that was left unfinished says so by its partial files, and is less than a file that vanished."""
    lacking = [one for one in seen.damage if one.lost_shards]
    if lacking:
        first, repos = lacking[0], [one.repo for one in lacking]
        severity: Severity = "warn" if goal.foreign and first.under_way else severity_of(goal, repos)
        clone = not first.folder.startswith(f"{seen.path}/")
        again = (("hf", "download", "ORG/NAME", "--local-dir", first.folder),) if clone else None
        yield found(
            "hub",
            "weights-shard-missing",
            severity=severity,
            commands=again,
            repo=first.folder if clone else first.repo,
            parts=first.lost_shards,
        )


def _mend(bad: BadFile) -> tuple[tuple[str, ...], ...]:
    """A file of the cache is fetched anew once it is gone; a clone's pointers are for git to resolve."""
    folder = bad.path.rpartition("/")[0]
    if bad.repo:
        return (("rm", *([bad.blob] if bad.blob else []), bad.path), ("hf", "download", bad.repo))
    if bad.kind == "pointer":
        return (("git", "-C", folder, "lfs", "pull"),)
    return (("rm", bad.path),)


def _owner(facts: Facts, seen: Cache) -> Iterator[Finding]:
    if seen.foreign_folders:
        first, user = seen.foreign_folders[0], facts.host.user if isinstance(facts.host, Host) else "$USER"
        yield found(
            "hub", "cache-owned-by-another-user", path=first, owner=seen.owners, cache=seen.path, user=user
        )


def _locks(locks: tuple[HeldLock, ...]) -> Iterator[Finding]:
    """A lock that is held while bytes come in is a download; one held in silence stops all others."""
    stuck = [lock for lock in locks if lock.stopped or lock.idle_seconds > STUCK]
    if stuck:
        lock, minutes = stuck[0], max(1, round(stuck[0].idle_seconds / 60))
        yield found(
            "hub", "cache-lock-held", path=lock.path, pid=lock.pid, program=lock.name, minutes=minutes
        )
