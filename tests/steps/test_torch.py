"""The torch step with the real uv: which build it takes from which source, and what it leaves out."""

from __future__ import annotations

import zipfile
from pathlib import Path

import msgspec
import pytest

from bootstrap.steps import torch
from doctor.errors import Exit, Trouble
from doctor.facts import Disk, Gpu, GpuDevice
from doctor.goal import Goal
from doctor.probes import gather
from doctor.probes import torch as probe
from doctor.text import Text
from tests.work import make_venv, make_work

T4 = GpuDevice(index=0, name="Tesla T4", compute_capability="7.5", memory_bytes=16_000_000_000)


def wheel(folder: Path, name: str, version: str) -> None:
    """A wheel that holds nothing but its metadata and a version.py."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}/__init__.py": "",
        f"{name}/version.py": f"__version__ = '{version}'\ncuda = None\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in (*files, f"{info}/RECORD"))
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as out:
        for path, text in files.items():
            out.writestr(path, text)


@pytest.fixture
def only(goal: Goal, tmp_path: Path, uv: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that is the only source there is, and an environment to install into."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    nobody = tmp_path / "nobody.toml"
    nobody.write_text('mode = "replace"\n')
    make_venv(goal, uv)
    monkeypatch.setenv("GROUNDWORK_UV", uv)
    monkeypatch.setenv("GROUNDWORK_MIRRORS_FILE", str(nobody))
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    monkeypatch.setenv("UV_DEFAULT_INDEX", (tmp_path / "empty").as_uri())
    (tmp_path / "empty").mkdir()
    monkeypatch.delenv("UV_INDEX", raising=False)
    monkeypatch.delenv("UV_CONSTRAINT", raising=False)
    return folder


def test_the_cpu_build_comes_with_the_torchvision_that_belongs_to_it(goal: Goal, only: Path) -> None:
    wheel(only, "torch", "2.13.0+cpu")
    wheel(only, "torch", "2.14.0+cpu")
    wheel(only, "torchvision", "0.28.0+cpu")
    torch.run(make_work(goal))
    said = probe.probe(goal)
    assert (said.version, said.torchvision) == ("2.13.0+cpu", "0.28.0+cpu")


def test_a_torchvision_of_another_build_is_left_out(goal: Goal, only: Path) -> None:
    wheel(only, "torch", "2.13.0+cpu")
    wheel(only, "torchvision", "0.28.0")
    torch.run(make_work(goal))
    said = probe.probe(goal)
    assert (said.version, said.torchvision) == ("2.13.0+cpu", None)


def test_what_the_lock_does_not_know_is_refused(goal: Goal, only: Path) -> None:
    """No CPU build anywhere: the index default, and this one is not the locked one."""
    wheel(only, "torch", "2.13.0")
    said: list[Text] = []
    work = make_work(goal)
    work.say = said.append
    with pytest.raises(Trouble) as caught:
        torch.run(work)
    assert "2.9 GB" in said[0].en and "2.9 GB" in said[0].zh, "its size has to be said beforehand"
    assert caught.value.code == Exit.NETWORK
    assert "no index delivered all of llm-quickstart-py3.11-torch.txt" in caught.value.message.en
    assert probe.probe(goal).version is None


def test_a_gpu_asks_for_no_cpu_build(goal: Goal) -> None:
    work = make_work(goal)
    gpu = Gpu(pci=("0000:01:00.0",), driver="580.95.05", devices=(T4,))
    work.facts = msgspec.structs.replace(work.facts, gpu=gpu)
    assert list(torch.cpu_choices(work)) == []
    assert "CUDA build" in torch.changes(work.facts, goal)[0].en
    assert torch.cost(work.facts, goal).bytes > 10 * torch.cost(gather(goal, ("host",)), goal).bytes


def test_the_large_default_is_refused_where_it_has_no_room(goal: Goal, only: Path) -> None:
    work = make_work(goal, areas=("host", "disk"))
    assert isinstance(work.facts.disk, Disk)
    places = tuple(
        msgspec.structs.replace(place, free_bytes=3_000_000_000) for place in work.facts.disk.places
    )
    work.facts = msgspec.structs.replace(work.facts, disk=Disk(places))
    with pytest.raises(Trouble, match=r"3\.0 GB free on .*, 12.0 GB needed") as caught:
        torch.run(work)
    assert caught.value.code == Exit.PERSON
