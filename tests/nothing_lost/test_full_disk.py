"""No room in the middle of any step: what is missing is said, and where; with room made, the next run completes.

The whole machine lies on a disk in memory, which loses its room or its inodes as soon as the step has begun.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.nothing_lost.kill import differences, state, strangers, strays
from tests.nothing_lost.world import World, a_world, shared_cache
from tests.wait import until

STEPS = ("environment", "packages", "torch", "kernel", "jupyter", "server", "models", "smoke")
WIDE = {"size": "8g", "nr_inodes": "400k"}


class Disk:
    """A disk in memory at `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        mounted = ["mount", "-t", "tmpfs", "-o", options(**WIDE), "tmpfs", str(folder)]
        if os.geteuid() != 0 or subprocess.run(mounted, capture_output=True, check=False).returncode:
            missing("root", "mounting needs root")

    def remount(self, *also: str, **to: str) -> None:
        argv = ["mount", "-o", ",".join(["remount", *also, options(**to)]).rstrip(","), str(self.folder)]
        subprocess.run(argv, check=True, capture_output=True)

    def fill(self, kind: str, rest: int = 0) -> None:
        """Leave so many bytes, or files."""
        assert until(lambda: self._has_left(kind, rest), 10, pause=0.001)

    def _has_left(self, kind: str, rest: int) -> bool:
        """False where more was written between the look and the remount, which then is refused."""
        now = os.statvfs(self.folder)
        used = (now.f_blocks - now.f_bfree) * now.f_frsize if kind == "size" else now.f_files - now.f_ffree
        try:
            self.remount(**{kind: str(used + rest)})
        except subprocess.CalledProcessError:
            return False
        return True


def options(**named: str) -> str:
    return ",".join(f"{name}={value}" for name, value in named.items())


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    made = Disk(tmp_path_factory.mktemp("disk") / "data")
    yield made
    subprocess.run(["umount", "-l", str(made.folder)], check=True)


@pytest.fixture(scope="module")
def world(disk: Disk) -> Iterator[World]:
    with a_world(disk.folder) as machine:
        yield machine


@pytest.fixture(scope="module")
def whole(world: World) -> dict[str, str]:
    world.forget()
    said = world.run()
    assert said.code == 0, said.text
    return state(world)


@pytest.fixture(autouse=True)
def roomy(disk: Disk) -> Iterator[None]:
    yield
    disk.remount(**WIDE)


def completes(world: World, whole: dict[str, str], disk: Disk) -> None:
    """With room made."""
    disk.remount(**WIDE)
    said = world.run()
    assert said.code == 0, said.text
    assert not (other := differences(whole, state(world))), other
    assert strays(world) == []
    assert strangers(world) == {}


def run_until_full(world: World, disk: Disk, step: str, kind: str, out: Path, **more: str) -> tuple[int, str]:
    """Exit code of a setup that finds no room from when `step` begins, and what it said, which goes to another disk."""
    world.forget()
    with out.open("wb") as said:
        child = world.start(more=more, stdout=said.fileno(), stderr=said.fileno())
    begun = {"event": "step-start", "step": step}.items()
    assert until(lambda: any(begun <= e.items() for e in world.journal()), 60, pause=0.002), out.read_text()
    disk.fill(kind)
    return child.wait(60), out.read_text()


@pytest.mark.parametrize("step", STEPS)
def test_the_disk_fills_up_in_the_middle_of_a_step(
    world: World, whole: dict[str, str], disk: Disk, step: str, tmp_path: Path
) -> None:
    chinese = STEPS.index(step) % 2
    lang, words = (
        ("zh_CN.UTF-8", f"{disk.folder} 还缺") if chinese else ("C.UTF-8", f"are missing on {disk.folder}")
    )
    code, said = run_until_full(world, disk, step, "size", tmp_path / "said", LANG=lang)
    assert code == 4, said
    assert words in said
    assert ("字节）" if chinese else " bytes) ") in said
    assert "make setup" in said
    assert "Traceback" not in said
    completes(world, whole, disk)


@pytest.mark.parametrize("step", ["conda", "environment"])
def test_the_disk_fills_up_where_conda_works(world: World, disk: Disk, step: str, tmp_path: Path) -> None:
    conda = {"ENV_MANAGER": "conda"}
    code, said = run_until_full(world, disk, step, "size", tmp_path / "said", **conda)
    assert code == 4, said
    assert f" bytes) are missing on {disk.folder}" in said
    disk.remount(**WIDE)
    again = world.run(more=conda)
    assert again.code == 0, again.text
    assert strays(world) == []


@pytest.mark.parametrize("step", ["environment", "packages", "server"])
def test_the_inodes_run_out_in_the_middle_of_a_step(
    world: World, whole: dict[str, str], disk: Disk, step: str, tmp_path: Path
) -> None:
    code, said = run_until_full(world, disk, step, "nr_inodes", tmp_path / "said")
    assert code == 4, said
    assert f"no more files can be made on {disk.folder}: all " in said
    assert "of its inodes are used" in said
    completes(world, whole, disk)


@pytest.mark.parametrize(
    ("kind", "rest", "words"),
    [
        ("size", 1_000_000, "no room left on {disk}"),
        ("size", 500_000_000, "too little room on {disk}"),
        ("nr_inodes", 10, "no more files can be made on {disk}"),
    ],
)
def test_what_is_too_small_from_the_start_is_left_as_it_is(
    world: World, whole: dict[str, str], disk: Disk, kind: str, rest: int, words: str
) -> None:
    world.forget()
    before = state(world)
    disk.fill(kind, rest)
    said = world.run()
    assert said.code == 4, said.text
    assert words.format(disk=disk.folder) in said.err
    assert state(world) == before
    completes(world, whole, disk)


def test_the_first_step_of_all_needs_room_too(world: World, disk: Disk) -> None:
    only_stage0 = {**shared_cache(), "GROUNDWORK_STAGE0_ONLY": "1"}
    for kind, rest, lang, words in (
        ("size", 5_000_000, "C.UTF-8", f"kB are missing on {disk.folder} for Groundwork itself"),
        ("size", 5_000_000, "zh_CN.UTF-8", f"磁盘已满：{disk.folder} 还缺"),
        ("nr_inodes", 50, "C.UTF-8", f"No more files can be made on {disk.folder}: "),
    ):
        world.forget(stage0=True)
        disk.fill(kind, rest)
        said = world.run(more={**only_stage0, "LANG": lang})
        assert said.code == 4, said.text
        assert words in said.err
        assert not list(world.ours.glob("tool-*/complete"))
        disk.remount(**WIDE)
    said = world.run(more=only_stage0)
    assert said.code == 0, said.text


def test_files_may_not_grow(world: World, whole: dict[str, str], disk: Disk) -> None:
    """ulimit -f: half of what the larger files of the models take."""
    world.forget()
    said = world.run(through=("sh", "-c", 'ulimit -f 200 && exec "$@"', "sh"))
    assert said.code == 4, said.text
    assert "files larger than 102 kB cannot be written" in said.err
    assert "ulimit -f unlimited" in said.err
    completes(world, whole, disk)


READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'


@pytest.mark.parametrize(
    "place", ["home/.groundwork/envs", "home/.cache/huggingface", "home/.cache/uv", "tmp"]
)
def test_a_folder_that_is_read_only(world: World, whole: dict[str, str], disk: Disk, place: str) -> None:
    """Done without where it can be; else named, and nothing is spoilt."""
    world.forget()
    folder = world.root / place
    folder.mkdir(parents=True, exist_ok=True)
    said = world.run(through=("unshare", "-m", "sh", "-ec", READ_ONLY, str(folder)))
    print(said.code, said.text)
    assert "Traceback" not in said.text
    assert said.code == 0 or str(folder) in said.text
    completes(world, whole, disk)
