"""Bytes that are not the pinned ones: refused, or brought anew, and named. Nothing of them is run or kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conda_host.server import official, serving
from tests.nothing_lost.kill import differences, state, strays
from tests.nothing_lost.small import PYTHON
from tests.nothing_lost.world import Urls, World, shared_cache, use
from tests.scripts.loopback import serve as serve_index

BRISK = {"UV_HTTP_RETRIES": "0"}  # the last of all sources, the public index, is out of reach here


@pytest.fixture(scope="module")
def whole(world: World) -> dict[str, str]:
    world.forget()
    said = world.run()
    assert said.code == 0, said.text
    return state(world)


def completes(world: World, whole: dict[str, str]) -> None:
    said = world.run()
    assert said.code == 0, said.text
    assert not (other := differences(whole, state(world))), other
    assert strays(world) == []


def elsewhere(world: World, **urls: list[str]) -> Urls:
    return Urls(**{**vars(world.urls), **urls})


@pytest.mark.parametrize(("kind", "folder"), [("package_index", "wheels"), ("torch_index", "torch")])
def test_an_index_that_serves_other_bytes(
    world: World, whole: dict[str, str], kind: str, folder: str
) -> None:
    honest = getattr(world.urls, kind)
    with serve_index(world.root / folder) as liar:
        liar.href += "#sha256={sha256}"
        liar.corrupt = True
        for places, code in (([liar.simple], 5), ([liar.simple, *honest], 0)):
            world.forget()
            use(world, elsewhere(world, **{kind: places}))
            said = world.run(more=BRISK)
            assert said.code == code, said.text
            assert code == 0 or re.search(f"{kind}0: .*bytes", said.text), said.text
            assert (
                not list(
                    world.home.rglob("course/part0.py" if kind == "package_index" else "torch/version.py")
                )
                or code == 0
            )
        use(world, world.urls)
        completes(world, whole)


def test_an_installer_of_miniconda_that_was_changed(world: World, tmp_path: Path) -> None:
    """It is never started."""
    evil = f"#!/bin/sh\ntouch {tmp_path}/was-run\n".encode() + world.installer
    conda = {"ENV_MANAGER": "conda"}
    with serving(official(evil)) as liar:
        world.forget()
        use(world, elsewhere(world, conda=[liar.url]))
        said = world.run(more=conda)
        assert said.code == 5, said.text
        assert re.search(r"conda_installer0: other bytes: 5 kB, SHA-256 [0-9a-f]{12,16}", said.out)
        use(world, elsewhere(world, conda=[liar.url, *world.urls.conda]))
        said = world.run(more=conda)
        assert said.code == 0, said.text
    use(world, world.urls)
    assert not (tmp_path / "was-run").exists()


def test_a_lock_that_was_changed(world: World, whole: dict[str, str]) -> None:
    """Another hash: no index can have such a file. Another version: the lock is not the one of this profile any more."""
    lock = world.checkout / f"configs/locks/small-py{PYTHON}.txt"
    true = lock.read_text()
    world.forget()
    lock.write_text(re.sub(r"(course==1.0 --hash=sha256:).*", r"\g<1>" + "0" * 64, true))
    said = world.run(more=BRISK)
    lock.write_text(true)
    assert said.code == 5, said.text
    assert f"no index delivered all of {lock.name}" in said.out
    assert "course" in said.out.partition("no index delivered")[2]
    completes(world, whole)


def test_a_uv_that_was_changed_is_not_run(world: World, whole: dict[str, str], tmp_path: Path) -> None:
    world.forget()
    (uv,) = world.ours.glob("uv-*/uv")
    uv.unlink()  # it may be another one's by a hard link
    uv.write_text(f"#!/bin/sh\ntouch {tmp_path}/was-run\n")
    uv.chmod(0o755)
    said = world.run()
    assert said.code == 1, said.text
    assert f"{uv} is not the uv that is pinned (SHA-256 " in said.out
    assert not (tmp_path / "was-run").exists()
    assert not uv.exists()
    again = world.run(more={**shared_cache(), "GROUNDWORK_STAGE0_ONLY": "1"})
    assert again.code == 0, again.text
    completes(world, whole)


def rewrite(path: Path, data: bytes) -> None:
    """Not in place: the file may be uv's cache's too, by a hard link."""
    path.unlink()
    path.write_bytes(data)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "click/core.py": lambda path: rewrite(path, path.read_bytes()[:5000]),
    "msgspec/_core": lambda path: rewrite(path, b"\x7fELF"),
    "psutil/__init__.py": Path.unlink,
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_file_of_our_own_environment(world: World, name: str) -> None:
    world.forget()
    (path,) = [
        p for p in world.ours.glob(f"tool-*/lib/python3*/site-packages/{name}*") if p.suffix in (".py", ".so")
    ]
    for cache in path.parent.glob(f"__pycache__/{path.stem}.*"):
        cache.unlink()
    DAMAGES[name](path)
    said = world.run("doctor", "--offline", "--area", "host", more=shared_cache())
    assert "own environment is damaged and made anew" in said.err, said.text
    assert path.parent.name in said.err
    assert said.code in (0, 1), said.text
    again = world.run("doctor", "--offline", "--area", "host")
    assert "damaged" not in again.err
    assert again.code == said.code


def test_half_of_a_checkout_is_not_put_on_the_environment(world: World) -> None:
    module = world.checkout / "bootstrap/story.py"
    true = module.read_text()
    module.write_text("<<<<<<< HEAD\n" + true)
    said = world.run("log")
    module.write_text(true)
    assert "made anew" not in said.err
    assert str(module) in said.err
    assert said.code == 3, said.text


OWN = ("settings.json", "mirrors.json", "hub.json", "lock.json", "journal.jsonl", "smoke/small.json", "smoke/small.elf.json", "smoke/small.ffmpeg.json", "jupyter/small/server.json",
       "jupyter/small/running_config.json", "jupyter/small/jupyter_server_config.json", "envs/small/share/jupyter/kernels/python3/kernel.json")  # fmt: skip
JUNK = {"no letters": b'{"\xff": 1}\n', "binary": b"\x00\xff\xfe" * 50, "other": b'[1, {"a": null}]\n'}


@pytest.mark.parametrize("junk", JUNK)
def test_junk_in_our_own_notes(world: World, whole: dict[str, str], junk: str) -> None:
    """They are for telling and remembering: what cannot be read is passed over, and what is needed is written anew."""
    world.forget()
    assert world.run().code == 0
    for name in OWN:
        if (world.ours / name).exists():
            (world.ours / name).write_bytes(JUNK[junk])
    for words in (("status",), ("log",), ("undo", "--plan"), ("doctor", "--offline"), ("setup", "--plan")):
        said = world.run(*words)
        assert said.code != 3, said.text
        assert "Traceback" not in said.text
    world.end_all()  # the server is not ours by what is left of its record
    said = world.run()
    assert said.code == 0, said.text
