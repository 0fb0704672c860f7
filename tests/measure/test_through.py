"""Failing over: a source that is good while it is measured, and fails in the middle of the work."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from bootstrap import download, process
from bootstrap.mirrors import leave, measure, memory_path, through
from bootstrap.pace import Floor
from bootstrap.step import Work
from bootstrap.steps import conda, models, torch
from doctor.facts import Answer
from doctor.goal import Goal
from doctor.probes import packages
from doctor.text import Text
from tests.hub.models import WEIGHTS, make_repo, prepare, want, write_mirrors
from tests.hub.server import Fault, serve
from tests.measure.hosts import FILE, INSTALLER, Mirror, serving, table
from tests.steps.test_packages import offer
from tests.steps.test_torch import wheel
from tests.work import make_venv, make_work


@pytest.fixture(autouse=True)
def nothing_of_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "HF_TOKEN",
        "HF_HUB_OFFLINE",
        "UV_INDEX",
        "UV_FIND_LINKS",
        "UV_CONSTRAINT",
        "UV_DEFAULT_INDEX",
    ):
        monkeypatch.delenv(name, raising=False)


def listening(goal: Goal) -> tuple[Work, list[Text]]:
    said: list[Text] = []
    work = make_work(goal)
    work.say = said.append
    return work, said


def test_the_installer_goes_on_at_the_next_host_from_the_byte_where_the_first_stalled(
    goal: Goal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "SILENCE", 0.5)
    monkeypatch.setattr(conda, "_install", lambda *ran: None)
    work, said = listening(goal)
    with ExitStack() as stack:
        fast = stack.enter_context(serving(Mirror(stall_downloads=100_000)))
        slow = stack.enter_context(serving(Mirror(rate=1_000_000, latency=0.2)))
        path = table(tmp_path / "m.toml", "conda_installer", {"fast": fast.url, "slow": slow.url})
        monkeypatch.setenv("GROUNDWORK_MIRRORS_FILE", str(path))
        whole: list[bytes] = []
        real = download.fetch

        def kept(*asked: object, **more: object) -> Path:
            got = real(*asked, **more)  # type: ignore[arg-type]
            whole.append(got.read_bytes())
            return got

        monkeypatch.setattr(conda, "fetch", kept)
        conda.run(work)
    assert whole == [INSTALLER]
    assert [path for path, _ in fast.asked] == [f"/miniconda/{FILE}"]
    assert slow.asked == [(f"/miniconda/{FILE}", "bytes=100000-")]
    assert [text.en.split(" did")[0] for text in said] == ["fast"]
    assert "conda_installer" not in memory_path(goal).read_text(), "measured anew before it is used again"


def test_a_source_that_fails_in_several_steps_is_named_once(goal: Goal) -> None:
    work, said = listening(goal)
    for name, times in (("one", 3), ("two", 2)):
        for _ in range(times):
            leave(work, Answer(kind="conda_channel", name=name, url="http://x", seconds=1.0))
    assert [text.en.split(" did")[0] for text in said] == ["one", "two"]


def test_models_go_on_at_the_next_endpoint_and_the_first_is_named_once(
    goal: Goal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = make_repo(tmp_path / "repos", "org/large", 3_000_000)
    goal = msgspec.structs.replace(goal, models=(want(repo),))
    broken = Fault(path=f"/cdn/org/large/{WEIGHTS}", kind="cut", after=1_000_000)
    with serve(repo, faults=(broken,)) as bad, serve(repo) as good:
        monkeypatch.setenv("GROUNDWORK_MIRRORS_FILE", str(write_mirrors(tmp_path / "m.toml", bad, good)))
        answering, silent = measure("hub", goal)
        in_order = tuple(sorted(answering, key=lambda answer: answer.name)), silent
        monkeypatch.setattr(models, "measure", lambda *asked: in_order)
        ran = prepare(goal, tmp_path)
        said: list[Text] = []
        ran.work.say = said.append
        bad.faults[0].times = 1
        bad.faults.append(Fault(path=f"/cdn/org/large/{WEIGHTS}", kind="status", status=503))
        models.run(ran.work)
        assert good.total_sent(WEIGHTS) < 2_500_000, "what came from the first is not fetched again"
    assert [text.en.split(" did")[0] for text in said] == ["hub0"]


def test_an_endpoint_that_asks_for_a_pause_gets_it(
    goal: Goal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = make_repo(tmp_path / "repos", "org/small")
    goal = msgspec.structs.replace(goal, models=(want(repo),))
    busy = Fault(path="/api/models/", kind="status", status=429, wait="1", times=1)
    with serve(repo, faults=(busy,)) as hub:
        monkeypatch.setenv("GROUNDWORK_MIRRORS_FILE", str(write_mirrors(tmp_path / "m.toml", hub)))
        ran = prepare(goal, tmp_path)
        began = time.monotonic()
        models.run(ran.work)
    assert time.monotonic() - began > 1
    assert any("too many requests" in line for line in ran.told)


def test_packages_come_from_the_next_index_when_the_first_stalls(
    goal: Goal, tmp_path: Path, uv: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bootstrap.env.uv import install_locked

    make_venv(goal, uv)
    folder = tmp_path / "index"
    (folder / "simple" / "demo").mkdir(parents=True)
    made = offer(folder).read_bytes()
    files = {
        "/simple/demo/": b'<!DOCTYPE html><a href="/demo-1.0-py3-none-any.whl">demo</a>',
        "/demo-1.0-py3-none-any.whl": made,
    }
    monkeypatch.setattr("doctor.mirrors.samples.witness", lambda goal: ("demo", "1.0", frozenset()))
    monkeypatch.setenv("GROUNDWORK_UV", uv)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("UV_HTTP_TIMEOUT", "1")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    lock = tmp_path / "lock.txt"
    lock.write_text(f"demo==1.0 --hash=sha256:{hashlib.sha256(made).hexdigest()}\n")
    work, said = listening(goal)
    with serving(Mirror(files, stall_downloads=50)) as bad, serving(Mirror(files, latency=0.1)) as good:
        path = table(tmp_path / "m.toml", "package_index", {"bad": bad.url, "good": good.url})
        monkeypatch.setenv("GROUNDWORK_MIRRORS_FILE", str(path))
        install_locked(work, lock)
        assert bad.asked, "the fastest was asked first"
    assert packages.probe(goal).installed == {"demo": "1.0"}
    assert [text.en.split(" did")[0] for text in said] == ["bad"]


def test_torch_comes_out_of_a_flat_folder_of_wheels(
    goal: Goal, tmp_path: Path, uv: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_venv(goal, uv)
    monkeypatch.setenv("GROUNDWORK_UV", uv)
    monkeypatch.setenv("UV_DEFAULT_INDEX", (tmp_path / "empty").as_uri())
    (tmp_path / "empty").mkdir()
    made = [wheel(tmp_path / "w", "torch", "2.13.0+cpu"), wheel(tmp_path / "w", "torchvision", "0.28.0+cpu")]
    names = [file.name.replace("+", "%2B") for file in made]
    page = "<!DOCTYPE html>" + "".join(f'<a href="{name}">{name}</a>' for name in names)
    files = {f"/flat/cpu/{name}": file.read_bytes() for name, file in zip(names, made, strict=True)}
    with serving(Mirror({"/flat/cpu/": page.encode(), **files})) as host:
        path = table(
            tmp_path / "m.toml", "torch_index", {"flat": host.url}, "flat = true", "/flat/{variant}/"
        )
        monkeypatch.setenv("GROUNDWORK_MIRRORS_FILE", str(path))
        torch.run(make_work(goal))
    assert packages.probe(goal).installed == {"torch": "2.13.0+cpu", "torchvision": "0.28.0+cpu"}


def test_sources_that_were_silent_are_asked_again_when_the_others_have_failed(
    goal: Goal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Mirror()
    late.files, there = {}, late.files
    work, _ = listening(goal)
    with serving(Mirror()) as one, serving(late) as two:
        path = table(tmp_path / "m.toml", "conda_channel", {"one": one.url, "two": two.url})
        monkeypatch.setenv("GROUNDWORK_MIRRORS_FILE", str(path))
        asked = through("conda_channel", work)
        assert next(asked).name == "one"
        late.files = there
        assert [answer.name for answer in asked] == ["two"]


@pytest.mark.parametrize(
    ("program", "ended"),
    [
        ("import time; time.sleep(30)", True),
        (
            "import time, sys\nfor _ in range(50): sys.stdout.write('x' * 9_000); sys.stdout.flush(); time.sleep(.1)",
            False,
        ),
        ("import time; t = time.monotonic()\nwhile time.monotonic() < t + 6: pass", False),
    ],
    ids=["idle", "writing", "computing"],
)
def test_a_program_that_gets_nowhere_is_ended(tmp_path: Path, program: str, ended: bool) -> None:
    floor, began = Floor(bytes=20_000, seconds=4.0), time.monotonic()
    done = process.run(
        [sys.executable, "-c", program], log=tmp_path / "log", seconds=60, check=False, floor=floor
    )
    assert (done.code != 0) is ended
    assert time.monotonic() - began < 20
    assert ("too slow" in (tmp_path / "log").read_text()) is ended


def test_the_word_shows_every_source_and_what_is_wrong_with_it(
    environ: dict[str, str], tmp_path: Path
) -> None:
    with serving(Mirror()) as good, serving(Mirror(page=b"<html>hotel</html>")) as hotel:
        path = table(tmp_path / "m.toml", "conda_channel", {"good": good.url, "hotel": hotel.url})
        env = {
            **environ,
            "PYTHONPATH": str(Path(conda.__file__).parents[2]),
            "GROUNDWORK_MIRRORS_FILE": str(path),
        }
        argv = [sys.executable, "-m", "bootstrap", "mirrors"]
        shown = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60)
        told = subprocess.run([*argv, "--json"], env=env, capture_output=True, text=True, timeout=60)
    assert "→ good   ████" in shown.stdout and "✗ hotel  sent a web page" in shown.stdout
    said = msgspec.json.decode(told.stdout)
    assert said["mirrors"]["conda_channel"]["used"] == "good" and said["exit_code"] == 5
    assert [s["error"] is None for s in said["mirrors"]["conda_channel"]["sources"]] == [True, False]


def test_the_next_build_is_taken_where_no_source_has_the_best_one(
    goal: Goal, tmp_path: Path, uv: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.steps.test_torch import V100, gpu_work

    make_venv(goal, uv)
    wheel(tmp_path / "w", "torch", "2.12.1+cu126")
    (tmp_path / "empty").mkdir()
    nobody = tmp_path / "nobody.toml"
    nobody.write_text('mode = "replace"\n')
    monkeypatch.setenv("GROUNDWORK_UV", uv)
    monkeypatch.setenv("GROUNDWORK_MIRRORS_FILE", str(nobody))
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path / "w"))
    monkeypatch.setenv("UV_DEFAULT_INDEX", (tmp_path / "empty").as_uri())
    work, said = gpu_work(goal, V100), list[Text]()
    work.say = said.append
    torch.run(work)
    assert packages.probe(goal).installed == {"torch": "2.12.1+cu126"}
    assert [text.en for text in said] == [
        "no source delivered torch 2.13.0+cu126: taking torch 2.12.1+cu126, which these GPUs can use too"
    ]
