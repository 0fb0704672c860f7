"""The static ffmpeg: fetched by hash, linked into the environment, and it really decodes."""

from __future__ import annotations

import os
import subprocess
import zipfile
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from bootstrap.steps import ffmpeg
from doctor.facts import Host
from doctor.goal import Goal
from doctor.probes import ffmpeg as probe
from tests.conda_host import builder, server
from tests.conda_host.machine import machine, run_step
from tests.conda_host.server import official, serving
from tests.conftest import ROOT
from tests.measure.hosts import Mirror, table
from tests.measure.hosts import serving as mirror
from tests.steps.test_torch import wheel
from tests.work import make_venv, make_work

NOBODY = server.Host({}, url="http://127.0.0.1:9")


@pytest.mark.index
def test_without_root_a_static_build_is_linked_into_the_environment(
    goal: Goal, uv: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_venv(goal, uv)
    monkeypatch.setenv("GROUNDWORK_UV", uv)
    notes: list[str] = []
    work = make_work(goal, notes=notes)
    assert ffmpeg.static_build(work)
    command = Path(goal.prefix) / "bin/ffmpeg"
    assert command.is_symlink() and f"created {command}" in notes
    flac = ROOT / "scripts/smoke/speech.flac"
    decode = [str(command), "-v", "error", "-i", str(flac), "-f", "s16le", "-ac", "1", "-ar", "16000", "-"]
    said = subprocess.run(decode, capture_output=True, check=True, timeout=60)
    assert len(said.stdout) > 16000 * 2, "more than a second of sound"
    assert ffmpeg.works(goal)
    assert ffmpeg.static_build(work), "a second time replaces the link"


def test_the_static_build_comes_from_the_next_index_when_one_has_other_bytes(
    goal: Goal, uv: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_venv(goal, uv)
    made = wheel(tmp_path / "w", "imageio_ffmpeg", "1.0")
    with zipfile.ZipFile(made, "a") as archive:
        archive.writestr(
            "imageio_ffmpeg/binaries/ffmpeg-linux-x86_64-v7.1", "#!/bin/sh\necho ffmpeg version 7.1\n"
        )
    right, name = made.read_bytes(), made.name
    page = f'<!DOCTYPE html><a href="/{name}">{name}</a>'.encode()
    (tmp_path / "ffmpeg.txt").write_text(f"imageio-ffmpeg==1.0 --hash=sha256:{sha256(right).hexdigest()}\n")
    monkeypatch.setattr(ffmpeg, "LOCKS", tmp_path)
    monkeypatch.setattr("doctor.mirrors.samples.witness", lambda goal: ("imageio-ffmpeg", "", frozenset()))
    monkeypatch.setenv("GROUNDWORK_UV", uv)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    for unset in ("UV_INDEX", "UV_FIND_LINKS", "UV_DEFAULT_INDEX", "UV_CONSTRAINT", "PIP_FIND_LINKS"):
        monkeypatch.delenv(unset, raising=False)
    files = {"/simple/imageio-ffmpeg/": page, f"/{name}": right}
    with (
        mirror(Mirror({**files, f"/{name}": right[:-1] + b"?"})) as bad,
        mirror(Mirror(files, latency=0.2)) as good,
    ):
        named = {"bad": bad.url, "good": good.url}
        monkeypatch.setenv("GROUNDWORK_MIRRORS_FILE", str(table(tmp_path / "m.toml", "package_index", named)))
        assert ffmpeg.static_build(make_work(goal))
        assert bad.asked and good.asked
    assert ffmpeg.works(goal)


def test_a_command_that_does_not_run_is_no_ffmpeg(goal: Goal) -> None:
    command = Path(goal.prefix) / "bin/ffmpeg"
    command.parent.mkdir(parents=True)
    command.write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
    command.chmod(0o755)
    assert not ffmpeg.works(goal)


def test_only_root_with_apt_is_told_to_use_apt(goal: Goal) -> None:
    facts = make_work(goal).facts
    assert isinstance(facts.host, Host)
    for is_root, has_apt in ((True, True), (True, False), (False, True)):
        host = msgspec.structs.replace(facts.host, is_root=is_root, has_apt=has_apt)
        seen = msgspec.structs.replace(facts, host=host)
        assert ffmpeg.uses_apt(seen) == (is_root and has_apt)
        assert ("system package" in ffmpeg.changes(seen, goal)[0].en) == (is_root and has_apt)


def test_in_a_conda_environment_it_comes_from_conda_forge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installer = builder.installer()
    with serving(official(installer)) as host:
        made = machine(tmp_path, monkeypatch, [host], installer)
        for step in ("conda", "environment"):
            run_step(step, made)
        monkeypatch.setenv("CI", "true")  # by which the terms of the default channels would count as accepted
        assert ffmpeg.from_conda_forge(make_work(made))
    said = probe.probe(made)
    assert (said.path, said.version) == (f"{made.prefix}/bin/ffmpeg", "7.1-conda")


def test_a_silent_conda_forge_leaves_it_to_the_next_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = machine(tmp_path, monkeypatch, [NOBODY], b"")
    assert not ffmpeg.from_conda_forge(make_work(made))
