"""Is what the cache holds what its names say? Hashes every file; removes, where that is asked for, those that are not."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from bootstrap.hub.named import cached_blobs
from bootstrap.hub.place import clear
from bootstrap.hub.verify import content_hash
from doctor.probes.hub import repo_folder
from doctor.text import Lang, Text, human_bytes


class Checked(msgspec.Struct, frozen=True):
    """What was found in the cache of one repository."""

    id: str
    files: int
    bytes: int
    bad: tuple[str, ...] = ()  # paths of files whose content is not what their name says
    dangling: tuple[str, ...] = ()  # names that lead to nothing


def check(hub: Path, ids: Iterable[str]) -> tuple[Checked, ...]:
    """Every whole file of these repositories, as fast as the processors hash."""
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        return tuple(_check(hub, one, pool) for one in dict.fromkeys(ids))


def _check(hub: Path, repo: str, pool: ThreadPoolExecutor) -> Checked:
    folder = repo_folder(hub, repo)
    blobs = [path for path in cached_blobs(folder) if path.is_file()]
    right = list(pool.map(lambda path: content_hash(path, path.name) == path.name, blobs))
    return Checked(
        id=repo,
        files=len(blobs),
        bytes=sum(path.stat().st_size for path in blobs),
        bad=tuple(str(path) for path, is_right in zip(blobs, right, strict=True) if not is_right),
        dangling=tuple(map(str, _dangling(folder))),
    )


def _dangling(folder: Path) -> Iterator[Path]:
    links = (folder / "snapshots").rglob("*")
    return (path for path in links if path.is_symlink() and not path.exists())


def remove_bad(hub: Path, found: Iterable[Checked]) -> None:
    """What is bad, and the names that lead to it: the next fetch brings just that. And what is left of downloads that others ended."""
    for checked in found:
        gone = {Path(path) for path in checked.bad}
        for path in Path(checked.bad[0]).parent.parent.joinpath("snapshots").rglob("*") if gone else ():
            if path.is_symlink() and path.resolve() in {one.resolve() for one in gone}:
                path.unlink()
        for path in gone:
            path.unlink()
        for blob in cached_blobs(repo_folder(hub, checked.id)):
            clear(hub, checked.id, blob.name)


def lines(found: tuple[Checked, ...], lang: Lang) -> list[str]:
    """One line a repository, and one for each file that is bad."""
    told: list[str] = []
    for one in found:
        mark = "✗" if one.bad or one.dangling else ("–" if not one.files else "✓")
        said = Text(
            f"{one.files} files, {human_bytes(one.bytes)}", f"{one.files} 个文件，{human_bytes(one.bytes)}"
        )
        told.append(f"{mark} {one.id}  {said.get(lang)}")
        told += [
            f"    {Text('other content than its name says', '内容与文件名不符').get(lang)}: {path}"
            for path in one.bad
        ]
        told += [
            f"    {Text('leads to nothing', '指向不存在的文件').get(lang)}: {path}" for path in one.dangling
        ]
    return told
