"""What the person set is used before any source of ours, however fast that is: each kind by the setting that it has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bootstrap.mirrors import measure
from bootstrap.step import Work
from bootstrap.steps import torch
from doctor.goal import Goal
from doctor.mirrors.table import Kind, sources
from doctor.probes import packages
from tests.conda_host import builder
from tests.conda_host.machine import machine, run_step
from tests.conda_host.server import official
from tests.conda_host.server import serving as serving_conda
from tests.measure.hosts import Mirror, serving, table
from tests.steps.test_torch import wheel
from tests.work import make_venv, make_work

Ours = Callable[..., None]
MINE = '[[source]]\nkind = "{kind}"\nname = "mine"\nurl = "{url}"\n'


@pytest.fixture
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ours:
    """Put these hosts in the place of the table that comes with the program."""
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "mirrors.toml").write_text("")
    (tmp_path / "none.txt").write_text("")
    monkeypatch.setattr("doctor.mirrors.table.CONFIGS", tmp_path / "configs")
    monkeypatch.setenv("GROUNDWORK_STAGE0_MIRRORS", str(tmp_path / "none.txt"))

    def put(kind: Kind, named: dict[str, str], more: str = "", where: str | None = None) -> None:
        path = table(tmp_path / "configs" / "mirrors.toml", kind, named, more, where)
        path.write_text(path.read_text().replace('mode = "replace"', 'mode = "extend"'))

    return put


@pytest.mark.parametrize(
    ("kind", "path"), [("conda_installer", "/miniconda/{file}"), ("conda_channel", "/conda-forge")]
)
def test_a_source_of_the_own_table(
    goal: Goal, ours: Ours, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Kind, path: str
) -> None:
    with serving(Mirror()) as fast, serving(Mirror(latency=0.3, rate=500_000)) as own:
        ours(kind, {"official": fast.url})
        (tmp_path / "mine.toml").write_text(MINE.format(kind=kind, url=own.url + path))
        monkeypatch.setenv("GROUNDWORK_MIRRORS_FILE", str(tmp_path / "mine.toml"))
        answering, _ = measure(kind, goal)
    assert [answer.name for answer in answering] == ["mine", "official"]


CONDARCS = {
    "custom_channels": "custom_channels:\n  conda-forge: {url}\n",
    "channel_alias": "channel_alias: {url}\n",
    "channels": "channels:\n  - {url}/conda-forge\n",
}


@pytest.mark.parametrize("condarc", CONDARCS.values(), ids=CONDARCS)
def test_the_mirror_of_conda_forge_that_conda_is_set_to(
    ours: Ours, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, condarc: str
) -> None:
    installer = builder.installer()
    with serving_conda(official(installer)) as own, serving_conda(official(installer)) as fast:
        goal = machine(tmp_path / "home", monkeypatch, [fast], installer)
        run_step("conda", goal)
        monkeypatch.delenv("GROUNDWORK_MIRRORS_FILE")
        ours("conda_channel", {"official": fast.url})
        fast.requests.clear()
        (tmp_path / "home" / ".condarc").write_text(condarc.format(url=own.url))
        assert next(source.url for source in sources("conda_channel", goal)) == f"{own.url}/conda-forge"
        run_step("environment", goal)
    asked = [path for path, _ in fast.requests]
    assert own.requests and asked.count("/conda-forge/noarch/repodata.json") == 1, "it was measured, not used"


def test_conda_settings_that_name_no_mirror_change_nothing(
    goal: Goal, ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours("conda_channel", {"official": "http://127.0.0.1:9"})
    for said in ("channels: [conda-forge, defaults]\n", "channels: [\n", ""):
        (Path(goal.home).parent / ".condarc").write_text(said)
        assert [source.name for source in sources("conda_channel", goal)] == ["official"]


@pytest.fixture
def torch_work(goal: Goal, uv: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Work:
    """An environment, and a person who has no settings but a folder of wheels."""
    make_venv(goal, uv)
    (tmp_path / "empty").mkdir()
    (tmp_path / "mine").mkdir()
    for name in ("UV_INDEX", "UV_CONSTRAINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GROUNDWORK_UV", uv)
    monkeypatch.setenv("UV_DEFAULT_INDEX", (tmp_path / "empty").as_uri())
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path / "mine"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_HTTP_TIMEOUT", "1")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    return make_work(goal)


def flat(tmp_path: Path, *wheels: tuple[str, str], stall_downloads: int = 0) -> Mirror:
    """A mirror whose folder of wheels for the CPU holds these."""
    made = [wheel(tmp_path / "theirs", name, version) for name, version in wheels]
    names = [file.name.replace("+", "%2B") for file in made]
    page = "<!DOCTYPE html>" + "".join(f'<a href="{name}">{name}</a>' for name in names)
    files = {f"/flat/cpu/{name}": file.read_bytes() for name, file in zip(names, made, strict=True)}
    return Mirror({"/flat/cpu/": page.encode(), **files}, stall_downloads=stall_downloads)


BOTH = (("torch", "2.13.0+cpu"), ("torchvision", "0.28.0+cpu"))


def test_torch_comes_out_of_the_own_folder_and_the_mirrors_are_not_asked(
    torch_work: Work, ours: Ours, tmp_path: Path
) -> None:
    for name, version in BOTH:
        wheel(tmp_path / "mine", name, version)
    with serving(flat(tmp_path, *BOTH)) as mirror:
        ours("torch_index", {"fast": mirror.url}, "flat = true", "/flat/{variant}/")
        torch.run(torch_work)
    assert packages.probe(torch_work.goal).installed == dict(BOTH) and mirror.asked == []


def test_a_torchvision_that_only_a_mirror_has_is_not_left_out(
    torch_work: Work, ours: Ours, tmp_path: Path
) -> None:
    wheel(tmp_path / "mine", *BOTH[0])
    with serving(flat(tmp_path, *BOTH)) as mirror:
        ours("torch_index", {"fast": mirror.url}, "flat = true", "/flat/{variant}/")
        torch.run(torch_work)
    assert packages.probe(torch_work.goal).installed == dict(BOTH)


def test_torch_and_torchvision_come_from_the_next_mirror_when_one_stalls(
    torch_work: Work, ours: Ours, tmp_path: Path
) -> None:
    said: list[str] = []
    torch_work.say = lambda text: said.append(text.en)
    with (
        serving(flat(tmp_path, *BOTH, stall_downloads=400)) as bad,
        serving(flat(tmp_path, *BOTH)) as good,
    ):
        good.latency = 0.2
        ours("torch_index", {"bad": bad.url, "good": good.url}, "flat = true", "/flat/{variant}/")
        torch.run(torch_work)
    assert packages.probe(torch_work.goal).installed == dict(BOTH)
    assert bad.asked and [line.split(" did")[0] for line in said] == ["bad"]
