"""Undoing Miniconda, from the stand-in host: all of it goes, unless an environment of the person's lives in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from doctor.goal import Goal
from tests.conda_host import builder
from tests.conda_host.machine import machine
from tests.conda_host.server import official, serving
from tests.undo.place import a_run, left, listing, run_step, undo

Environ = dict[str, str]
GOES = ("envs/course", "pkgs/.groundwork.lock")
INSTALLER = builder.installer()


@pytest.fixture
def made(environ: Environ, monkeypatch: pytest.MonkeyPatch) -> Iterator[Goal]:
    """Miniconda and an environment in it, made by us. The person's file in HOME is from before."""
    home = Path(environ["HOME"])
    with serving(official(INSTALLER)) as host:
        goal = machine(home, monkeypatch, [host], INSTALLER)
        with a_run(goal) as journal:
            run_step("conda", goal, journal)
            run_step("environment", goal, journal, ("host", "conda", "python"))
    assert Path(goal.interpreter).exists()
    yield goal


def test_nothing_is_left_of_it(environ: Environ, made: Goal) -> None:
    said = undo(environ, "--yes")
    assert said.returncode == 0, said.stderr
    assert list(listing(Path(environ["HOME"]))) == ["mirrors.toml"]


def test_what_conda_did_for_the_person_since_is_no_reason_to_leave_its_cache(
    environ: Environ, made: Goal
) -> None:
    root = Path(made.conda_root)
    (root / "pkgs" / "numpy-2.0").mkdir(parents=True)
    (root / "pkgs" / "numpy-2.0" / "file").write_text("cached")
    (root / "conda-meta" / "history").write_text("==> later <==\n")
    assert undo(environ, "--yes").returncode == 0
    assert not root.exists()


def test_a_conda_in_which_the_person_has_an_environment_stays_whole(environ: Environ, made: Goal) -> None:
    """Only the course's environment goes."""
    own = Path(made.conda_root) / "envs" / "mine"
    own.mkdir()
    (own / "notes.txt").write_text("mine")
    before = {p: a for p, a in listing(Path(made.conda_root)).items() if not p.startswith(GOES)}
    assert left(environ)[made.conda_root] == "environments of yours live in it: mine"
    assert undo(environ, "--yes").returncode == 0
    assert listing(Path(made.conda_root)) == before


def test_an_existing_conda_gets_back_its_list_of_environments(
    environ: Environ, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The conda was there before: nothing but our environment in it is ours."""
    home = Path(environ["HOME"])
    with serving(official(INSTALLER)) as host:
        goal = machine(home, monkeypatch, [host], INSTALLER)
        theirs = msgspec.structs.replace(goal, home=str(home / "elsewhere"))
        with a_run(theirs) as journal:
            run_step("conda", theirs, journal)
        (home / ".conda").mkdir(exist_ok=True)
        (home / ".conda/environments.txt").write_text(f"{goal.conda_root}\n")
        before = listing(home)
        with a_run(goal) as journal:
            run_step("environment", goal, journal, ("host", "conda", "python"))
            with (home / ".conda/environments.txt").open("a") as register:  # as the real conda does
                register.write(f"{goal.prefix}\n")
    assert undo(environ, "--yes").returncode == 0
    assert listing(home) == before
