"""Who has the build of torch: asked at once, what each says believed only where it is an index, silence no "no"."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from doctor.goal import Goal
from doctor.goal.profile import TorchWant
from doctor.measure.offers import choose, who_has
from doctor.wheels.rules import Device, Machine
from doctor.wheels.solve import decide
from tests.conftest import ROOT
from tests.hub.server import dead_url
from tests.lab_env import free_port
from tests.measure.hosts import PAGE, WHEEL, Mirror, digest, files, serving, table

CPU = Machine(gpus=(), driver=None, python="3.11", glibc="2.36", machine=platform.machine())
V100 = Machine(gpus=(Device("7.0"),), driver="580.95.05", python="3.11", glibc="2.36", machine="x86_64")


@pytest.fixture
def asking(goal: Goal, monkeypatch: pytest.MonkeyPatch) -> Goal:
    for name in ("UV_FIND_LINKS", "PIP_FIND_LINKS", "UV_DEFAULT_INDEX", "UV_INDEX", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return msgspec.structs.replace(goal, python="3.11")


def want(goal: Goal) -> TorchWant:
    return goal.profile.torch


def other_release() -> dict[str, bytes]:
    return {path: body.replace(b"torch-2.13.0", b"torch-1.9.0") for path, body in files().items()}


def test_each_source_says_for_itself(asking: Goal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        serving(Mirror()) as has,
        serving(Mirror(files=other_release())) as lacks,
        serving(Mirror(page=PAGE)) as hotel,
    ):
        named = {"has": has.url, "lacks": lacks.url, "hotel": hotel.url, "dead": dead_url()}
        monkeypatch.setenv("GROUNDWORK_MIRRORS_FILE", str(table(tmp_path / "m.toml", "torch_index", named)))
        began = time.monotonic()
        decision, said = choose(CPU, want(asking), asking)
        assert time.monotonic() - began < 5.5
    assert {one.name: one.has for one in said} == {"has": True, "lacks": False, "hotel": None, "dead": None}
    assert decision.best and decision.best.name == "2.13.0+cpu"
    lines = [one.line().en for one in said]
    assert any(
        line.startswith("✗ torch 2.13.0+cpu from lacks: does not list torch 2.13.0+cpu") for line in lines
    )


def test_the_persons_own_come_first_and_no_password_is_shown(
    asking: Goal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "wheels"
    folder.mkdir()
    (folder / f"torch-2.13.0+cpu-cp311-cp311-linux_{platform.machine()}.whl").write_bytes(WHEEL)
    with serving(Mirror()) as index, serving(Mirror()) as mirror:
        monkeypatch.setenv("UV_FIND_LINKS", str(folder))
        monkeypatch.setenv("UV_DEFAULT_INDEX", index.url.replace("//", "//me:secret@") + "/whl/cpu")
        path = table(tmp_path / "m.toml", "torch_index", {"mirror": mirror.url})
        monkeypatch.setenv("GROUNDWORK_MIRRORS_FILE", str(path))
        best = decide(CPU, want(asking)).best
        assert best
        said = who_has(best, asking)
    assert [(one.name, one.has) for one in said] == [
        (str(folder), True),
        ("UV_DEFAULT_INDEX", True),
        ("mirror", True),
    ]
    assert "secret" not in repr(said) and "me:" not in repr(said)


def test_a_build_that_nobody_has_gives_way_to_the_next(
    asking: Goal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = decide(V100, want(asking)).best
    assert first and first.variant == "cu126"
    wheel = f"torch-2.12.1%2Bcu126-cp311-cp311-manylinux_2_28_{platform.machine()}.whl"
    page = f'<a href="/files/{wheel}#sha256={digest(WHEEL)}">torch</a>'.encode()
    with serving(Mirror(files={"/whl/cu126/torch/": page, f"/files/{wheel}": WHEEL})) as mirror:
        path = table(tmp_path / "m.toml", "torch_index", {"mirror": mirror.url})
        monkeypatch.setenv("GROUNDWORK_MIRRORS_FILE", str(path))
        decision, said = choose(V100, want(asking), asking)
    assert decision.best and decision.best.name == "2.12.1+cu126"
    assert [(one.build, one.has) for one in said] == [("2.13.0+cu126", False), ("2.12.1+cu126", True)]
    reasons = {f"{entry.torch}+{entry.variant}": entry.reason.en for entry in decision.rejected}
    assert "no source" in reasons["2.13.0+cu126"]


def test_silence_changes_nothing(asking: Goal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = table(tmp_path / "m.toml", "torch_index", {"dead": dead_url()})
    monkeypatch.setenv("GROUNDWORK_MIRRORS_FILE", str(path))
    decision, said = choose(V100, want(asking), asking)
    assert decision == decide(V100, want(asking)) and [one.has for one in said] == [None]


@pytest.mark.parametrize("offline", [False, True])
def test_the_plan_and_wheels_show_it_unless_they_are_to_ask_nobody(
    environ: dict[str, str], tmp_path: Path, offline: bool
) -> None:
    with serving(Mirror()) as mirror:
        path = table(tmp_path / "m.toml", "torch_index", {"mirror": mirror.url})
        own = {
            "GROUNDWORK_MIRRORS_FILE": str(path),
            "ENV_MANAGER": "venv",
            "PYTHON": "3.11",
            "MODELS": "none",
        }
        own |= {"PIP_CONFIG_FILE": "/dev/null", "PORT": str(free_port())}
        more = ("--offline",) if offline else ()

        def call(*words: str) -> str:
            argv = [sys.executable, "-m", "bootstrap", *words, *more]
            done = subprocess.run(
                argv,
                cwd=ROOT,
                env={**environ, **own},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            return done.stdout

        plan, wheels = json.loads(call("setup", "--plan", "--json")), json.loads(call("wheels", "--json"))
        shown = call("setup", "--plan")
    expected = [] if offline else [("mirror", True)]
    for said in (plan["torch_sources"], wheels["sources"]):
        assert [(one["name"], one["has"]) for one in said] == expected
    assert ("✓ torch 2.13.0+cpu from mirror" in shown) is not offline
    assert not Path(environ["GROUNDWORK_HOME"]).exists()
