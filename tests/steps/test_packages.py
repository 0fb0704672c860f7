"""Installing from a lock with the real uv: the person's sources first, then mirrors, and only the locked bytes."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import msgspec
import pytest

from bootstrap.env.bytecode import compile_modules, compiling_what_is_there
from bootstrap.env.uv import install_locked, reinstall
from bootstrap.step import Work
from bootstrap.steps import packages
from doctor.errors import Exit, Trouble
from doctor.facts import Packages, Torch
from doctor.goal import Goal
from doctor.goal.target import site_packages
from doctor.probes import gather
from doctor.probes import packages as probe
from tests.serving import serving
from tests.steps.test_torch import wheel
from tests.work import make_venv, make_work

DEAD = "http://127.0.0.1:9/simple"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Path]:
    """A PEP 503 index on loopback; the folder that it serves has the address in `url`."""
    root = tmp_path / "index"
    (root / "simple" / "demo").mkdir(parents=True)
    (root / "simple" / "pip").mkdir()
    (root / "simple" / "pip" / "index.html").write_text("<html></html>")
    with serving(partial(Quiet, directory=str(root))) as url:
        (root / "url").write_text(f"{url}/simple")
        yield root


@pytest.fixture
def work(goal: Goal, uv: str, tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch) -> Work:
    """An empty environment; the configured index is dead, the loopback one is a mirror."""
    make_venv(goal, uv)
    mirrors = tmp_path / "mirrors.toml"
    source = f'[[source]]\nkind = "package_index"\nname = "loopback"\nurl = "{(index / "url").read_text()}"\n'
    mirrors.write_text(f'mode = "replace"\n{source}')
    for name in ("UV_INDEX", "UV_FIND_LINKS", "UV_INDEX_STRATEGY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GROUNDWORK_UV", uv)
    monkeypatch.setenv("GROUNDWORK_MIRRORS_FILE", str(mirrors))
    monkeypatch.setenv("UV_DEFAULT_INDEX", DEAD)
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    # What a mirror is measured by; the real one is a wheel of the profile's lock.
    monkeypatch.setattr("doctor.mirrors.samples.witness", lambda goal: ("demo", "1.0", frozenset()))
    # What a person constrains elsewhere is no matter of a lock, and uv would refuse it beside hashes.
    (tmp_path / "constraints.txt").write_text("demo<9\n")
    monkeypatch.setenv("UV_CONSTRAINT", str(tmp_path / "constraints.txt"))
    return make_work(goal)


def offer(index: Path) -> Path:
    """Put the wheel `demo 1.0` into the index. Returns its path."""
    folder = index / "simple" / "demo"
    wheel(folder, "demo", "1.0")
    file = next(folder.glob("*.whl"))
    (folder / "index.html").write_text(f'<a href="{file.name}">{file.name}</a>')
    return file


def lock(folder: Path, file: Path) -> Path:
    path = folder / "lock.txt"
    path.write_text(f"demo==1.0 --hash=sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}\n")
    return path


def test_a_mirror_delivers_what_the_configured_index_does_not(
    work: Work, index: Path, tmp_path: Path
) -> None:
    install_locked(work, lock(tmp_path, offer(index)))
    assert probe.probe(work.goal).installed == {"demo": "1.0"}


def run_packages(work: Work, monkeypatch: pytest.MonkeyPatch, locked: Path, torch: str | None) -> list[int]:
    """How many modules were compiled each time that the line was told to be free."""
    compiled: list[int] = []
    fact = Torch(version=torch, cuda=None, torchvision=None)
    work.facts = msgspec.structs.replace(work.facts, torch=fact)
    work.fetched = lambda: compiled.append(len(pycs(work)))
    monkeypatch.setattr(packages, "lock_path", lambda profile, python: locked)
    packages.run(work)
    return compiled


def pycs(work: Work) -> list[Path]:
    return list(site_packages(work.goal).rglob("*.pyc"))


def test_the_line_is_free_before_modules_are_compiled(
    work: Work, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = run_packages(work, monkeypatch, lock(tmp_path, offer(index)), "2.13.0+cpu")
    assert told == [0, 0], "by uv when all is there, and at the latest when it has ended"
    assert len(pycs(work)) == 2


def test_what_is_there_is_compiled_while_torch_comes(
    work: Work, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_packages(work, monkeypatch, lock(tmp_path, offer(index)), None)
    assert not pycs(work), "nobody waits for that yet"
    with compiling_what_is_there(work):
        (site_packages(work.goal) / "torch.py").write_text("x = 1\n")
    assert {path.parent.parent.name for path in pycs(work)} == {"demo"}


def test_what_hardly_anybody_imports_is_not_compiled_wherever_the_environment_lies(work: Work) -> None:
    site = site_packages(work.goal)
    models = "transformers/models"
    for name in (
        "demo/a.py", "demo/tests/b.py", "demo/test/c.py", "tests.py", "transformers/d.py", f"{models}/auto/e.py", f"{models}/bert/f.py"
    ):  # fmt: skip
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text("x = 1\n")
    compile_modules(work)
    assert {path.name.partition(".")[0] for path in pycs(work)} == {"a", "tests", "d", "e"}


def test_a_file_that_cannot_be_compiled_keeps_nobody(work: Work) -> None:
    site = site_packages(work.goal)
    (site / "later.py").write_text("def f[T](a: T): ...\nnot python\n")
    (site / "good.py").write_text("x = 1\n")
    compile_modules(work)
    assert len(list(site.glob("__pycache__/*.pyc"))) == 1


def test_nothing_is_compiled_where_half_a_file_could_be_left(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = site_packages(work.goal)
    (site / "good.py").write_text("x = 1\n")
    monkeypatch.setattr("bootstrap.env.bytecode.ROOM", shutil.disk_usage(site).total)
    compile_modules(work)
    assert not list(site.glob("__pycache__/*.pyc"))


def test_a_folder_with_another_build_does_not_hide_the_locked_one(
    work: Work, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A company's folder offers demo 1.0+cpu; the lock wants 1.0 of the index."""
    wheel(tmp_path / "folder", "demo", "1.0+cpu")
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path / "folder"))
    monkeypatch.setenv("UV_DEFAULT_INDEX", (index / "url").read_text())
    monkeypatch.setenv("GROUNDWORK_MIRRORS_FILE", str(tmp_path / "nobody.toml"))
    (tmp_path / "nobody.toml").write_text('mode = "replace"\n')
    install_locked(work, lock(tmp_path, offer(index)))
    assert probe.probe(work.goal).installed == {"demo": "1.0"}


def test_other_bytes_than_the_locked_ones_are_refused(work: Work, index: Path, tmp_path: Path) -> None:
    file = offer(index)
    locked = lock(tmp_path, file)
    file.write_bytes(file.read_bytes() + b"\0")
    with pytest.raises(Trouble) as caught:
        install_locked(work, locked)
    assert caught.value.code == Exit.NETWORK
    assert "no index delivered all of lock.txt" in caught.value.message.en
    assert "Hash mismatch" in work.log.read_text()
    assert probe.probe(work.goal).installed == {}


def test_only_what_is_missing_or_half_there_is_counted(goal: Goal) -> None:
    facts = gather(goal, ("packages",))
    said = facts.packages
    assert isinstance(said, Packages)
    assert len(packages.to_install(facts)) == len(said.wanted) > 100
    there = msgspec.structs.replace(said, installed=dict(said.wanted), half_installed=("tqdm",))
    facts = msgspec.structs.replace(facts, packages=there)
    assert packages.to_install(facts) == ["tqdm"]
    assert 0 < packages.cost(facts, goal).bytes < packages.ALL_BYTES / 50


def test_what_uv_left_when_it_was_killed_before_it_signed_is_installed_once_more(
    work: Work, index: Path, tmp_path: Path
) -> None:
    """All files are there, and the wheel's own RECORD; scripts and what uv adds may be missing."""
    file = offer(index)
    locked = lock(tmp_path, file)
    install_locked(work, locked)
    info = next(Path(work.goal.prefix).glob("lib/python3*/site-packages/demo-1.0.dist-info"))
    for name in ("INSTALLER", "REQUESTED"):
        (info / name).unlink(missing_ok=True)
    with zipfile.ZipFile(file) as whole:
        (info / "RECORD").write_bytes(whole.read("demo-1.0.dist-info/RECORD"))
    (info / ".tmpgJreAr").touch()
    facts = gather(work.goal, ("packages",))
    assert isinstance(facts.packages, Packages) and facts.packages.half_installed == ("demo",)
    install_locked(work, locked, reinstall(facts))
    assert probe.probe(work.goal).half_installed == ()
    assert (info / "INSTALLER").read_text() == "uv" and not (info / ".tmpgJreAr").exists()
