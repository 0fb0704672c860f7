"""The torch step with the real uv: which build it takes from which source, and what it leaves out."""

from __future__ import annotations

import functools
import hashlib
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import msgspec
import pytest

from bootstrap.step import Work
from bootstrap.steps import torch
from doctor.errors import Exit, Trouble
from doctor.facts import Disk, Gpu, GpuDevice
from doctor.facts.torch import NativeFault
from doctor.goal import Goal
from doctor.probes import gather, packages
from doctor.probes import torch as probe
from doctor.text import Text
from tests.serving import serving
from tests.work import make_venv, make_work

T4 = GpuDevice(index=0, name="Tesla T4", compute_capability="7.5", memory_bytes=16_000_000_000)


V100 = GpuDevice(index=0, name="Tesla V100-SXM2-16GB", compute_capability="7.0", memory_bytes=16_000_000_000)
K80 = GpuDevice(index=0, name="Tesla K80", compute_capability="3.7", memory_bytes=12_000_000_000)


def wheel(folder: Path, name: str, version: str, *needs: str) -> Path:
    """A wheel that holds nothing but its metadata and a version.py."""
    info = f"{name}-{version}.dist-info"
    requires = "".join(f"Requires-Dist: {need}\n" for need in needs)
    files = {
        f"{name}/__init__.py": "",
        f"{name}/version.py": f"__version__ = '{version}'\ncuda = None\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in (*files, f"{info}/RECORD"))
    folder.mkdir(exist_ok=True, parents=True)
    made = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(made, "w") as out:
        for path, text in files.items():
            out.writestr(path, text)
    return made


def gpu_work(goal: Goal, *devices: GpuDevice, driver: str = "580.95.05") -> Work:
    work = make_work(goal)
    gpu = Gpu(pci=("0000:01:00.0",), driver=driver, devices=devices)
    work.facts = msgspec.structs.replace(work.facts, gpu=gpu)
    return work


def installed(goal: Goal) -> dict[str, str]:
    return packages.probe(goal).installed


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


def test_a_gpu_that_the_default_serves_gets_the_default_and_no_cpu_build(goal: Goal, only: Path) -> None:
    wheel(only, "torch", "2.13.0+cpu")
    work = gpu_work(goal, T4)
    with pytest.raises(Trouble, match=r"no index delivered all of llm-quickstart-py3\.11-torch\.txt"):
        torch.run(work)
    said = torch.changes(work.facts, goal)
    assert said[0].en == "install torch 2.13.0+cu130, CUDA build"
    assert torch.cost(work.facts, goal).bytes > 10 * torch.cost(gather(goal, ("host",)), goal).bytes


def test_an_older_gpu_gets_the_build_that_has_code_for_it(goal: Goal, only: Path) -> None:
    """Its CUDA libraries come with it; what the profile's lock pins is left to the lock."""
    wheel(
        only,
        "torch",
        "2.13.0+cu126",
        "nvidia-cublas-cu12==12.6.4.1",
        "triton==3.7.1",
        "jinja2",
        "sympy>=1.13",
    )
    wheel(only, "nvidia_cublas_cu12", "12.6.4.1")
    wheel(only, "triton", "3.7.1")
    wheel(only, "jinja2", "99.0")
    wheel(only, "torch", "2.13.0")
    wheel(only, "torchvision", "0.28.0+cu126", "torch==2.13.0", "numpy", "pillow!=8.3.*,>=5.3.0")
    work = gpu_work(goal, V100)
    torch.run(work)
    assert installed(goal) == {
        "torch": "2.13.0+cu126",
        "torchvision": "0.28.0+cu126",
        "nvidia-cublas-cu12": "12.6.4.1",
        "triton": "3.7.1",
    }
    table = [line.en for line in torch.changes(work.facts, goal)[1:]]
    assert table[0].startswith("not 2.13.0+cu130, 2.13.0+cu132, 2.12.1+cu130")
    assert "has no code for Tesla V100-SXM2-16GB (7.0)" in table[0]
    decision = torch.decision_for(work.facts, goal)
    assert all(f"{one.torch}+{one.variant}" in " ".join(table) for one in decision.rejected)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder served on loopback, whose listings are what package indexes look like, and its URL."""
    root = tmp_path / "site"
    root.mkdir()
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(root))
    with serving(handler) as url:
        yield root, url


def test_a_torch_index_that_lacks_a_cuda_library_is_completed_by_the_package_index(
    goal: Goal, only: Path, site: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, url = site
    (root / "whl" / "cpu" / "torch").mkdir(parents=True)
    wheel(root / "whl" / "cu126" / "torch", "torch", "2.13.0+cu126", "nvidia-cublas-cu12==12.6.4.1")
    wheel(root / "whl" / "cu126" / "nvidia-cublas-cu12", "nvidia_cublas_cu12", "12.6.0.22")
    wheel(root / "simple" / "nvidia-cublas-cu12", "nvidia_cublas_cu12", "12.6.4.1")
    table = tmp_path / "mirrors.toml"
    table.write_text(
        f'mode = "replace"\n[[source]]\nkind = "torch_index"\nname = "test"\nurl = "{url}/whl/{{variant}}"\n'
    )
    monkeypatch.setenv("GROUNDWORK_MIRRORS_FILE", str(table))
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"{url}/simple")
    torch.run(gpu_work(goal, V100))
    assert installed(goal) == {"torch": "2.13.0+cu126", "nvidia-cublas-cu12": "12.6.4.1"}


def test_without_its_torchvision_it_comes_alone_and_replaces_the_build_that_does_not_run(
    goal: Goal, only: Path
) -> None:
    wheel(only, "torch", "2.13.0+cpu")
    torch.run(make_work(goal))
    wheel(only, "torch", "2.13.0+cu126")
    torch.run(gpu_work(goal, T4, driver="550.54.14"))
    assert installed(goal) == {"torch": "2.13.0+cu126"}


def test_a_build_that_nobody_offers_is_no_reason_for_one_that_cannot_run(goal: Goal, only: Path) -> None:
    wheel(only, "torch", "2.13.0")
    wheel(only, "torch", "2.13.0+cpu")
    with pytest.raises(Trouble, match=r"no source offers torch 2\.13\.0\+cu126") as caught:
        torch.run(gpu_work(goal, V100))
    assert caught.value.code == Exit.NETWORK
    assert installed(goal) == {}


def test_a_gpu_that_no_build_serves_gets_the_cpu_build_and_is_told(goal: Goal, only: Path) -> None:
    wheel(only, "torch", "2.13.0+cpu")
    work = gpu_work(goal, K80, driver="470.256.02")
    torch.run(work)
    assert installed(goal) == {"torch": "2.13.0+cpu"}
    assert "no build of torch serves this machine" in torch.changes(work.facts, goal)[1].en


def test_a_fallback_release_may_be_what_its_index_offers_by_default(goal: Goal, only: Path) -> None:
    """Volta beside Blackwell: 2.10.0, whose default build is cu128 and has no local version on the package index."""
    blackwell = msgspec.structs.replace(T4, index=1, name="RTX 5090", compute_capability="12.0")
    wheel(only, "torch", "2.10.0", "jinja2")
    wheel(only, "torchvision", "0.25.0", "torch==2.10.0")
    torch.run(gpu_work(goal, V100, blackwell))
    assert installed(goal) == {"torch": "2.10.0", "torchvision": "0.25.0"}


def test_the_locked_default_replaces_a_cpu_build_of_the_same_release(
    goal: Goal, only: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cpu_build = wheel(only, "torch", "2.13.0+cpu")
    torch.run(make_work(goal))
    cpu_build.unlink()
    made = wheel(only, "torch", "2.13.0")
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    lock = tmp_path / f"{goal.profile.name}-py{goal.python}-torch.txt"
    lock.write_text(f"torch==2.13.0 --hash=sha256:{digest}\n")
    monkeypatch.setattr("doctor.goal.lockfile.LOCKS", tmp_path)
    work = gpu_work(goal, T4)
    work.facts = msgspec.structs.replace(work.facts, torch=probe.probe(goal))
    torch.run(work)
    assert installed(goal) == {"torch": "2.13.0"}


class Lists(SimpleHTTPRequestHandler):
    """A torch index that has another build only; `broken` ones fail instead."""

    def do_GET(self) -> None:
        broken = self.path.startswith("/broken")
        page = b'<a href="torch-2.13.0%2Bcpu-cp27-none-any.whl">torch-2.13.0+cpu-cp27-none-any.whl</a>'
        self.send_response(503 if broken else 200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)


@pytest.mark.parametrize(
    ("index", "code", "first"),
    [
        (None, Exit.PERSON, r"3\.0 GB free on .*, 12.0 GB needed for the index default"),
        ("lists", Exit.PERSON, r"3\.0 GB free on .*, 12.0 GB needed for the index default"),
        (
            "broken",
            Exit.NETWORK,
            r"no source has the CPU build for Python 3\.11 \(mine: .*503.*3\.0 GB free on",
        ),
    ],
)
def test_the_large_default_is_refused_where_it_has_no_room(
    goal: Goal, only: Path, tmp_path: Path, index: str | None, code: Exit, first: str
) -> None:
    work = make_work(goal, areas=("host", "disk"))
    assert isinstance(work.facts.disk, Disk)
    places = tuple(
        msgspec.structs.replace(place, free_bytes=3_000_000_000) for place in work.facts.disk.places
    )
    work.facts = msgspec.structs.replace(work.facts, disk=Disk(places))
    with serving(Lists) as url:
        if index:
            (tmp_path / "nobody.toml").write_text(
                f'mode = "replace"\n[[source]]\nkind = "torch_index"\nname = "mine"\nurl = "{url}/{index}/{{variant}}"\n'
            )
        with pytest.raises(Trouble, match=first) as caught:
            torch.run(work)
    assert caught.value.code == code


def test_a_damaged_torch_of_the_right_version_is_fetched_anew(goal: Goal, only: Path) -> None:
    wheel(only, "torch", "2.13.0+cpu")
    wheel(only, "torchvision", "0.28.0+cpu")
    work = make_work(goal)
    torch.run(work)
    file = Path(packages.probe(goal).site) / "torch/version.py"
    file.unlink()
    torch.run(work)
    assert not file.exists(), "the version is right, so nothing is done"
    fault = NativeFault(package="torch", kind="damaged", what="0 bytes", by="libtorch_cpu.so")
    seen = msgspec.structs.replace(probe.probe(goal), native=(fault,))
    work.facts = msgspec.structs.replace(work.facts, torch=seen)
    torch.run(work)
    assert file.exists()
