"""The parts of `groundwork colab` one by one: what is kept, what goes into the overlay, Drive, secrets, refusals."""

from __future__ import annotations

import json
import os
import re
import runpy
import signal
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from bootstrap.colab import overlay
from bootstrap.colab.drive import on_drive, with_drive
from bootstrap.colab.kernel import Kernel, frozen, hub_env, stale, startup_file, write_startup
from bootstrap.colab.overlay import Overlay
from bootstrap.colab.prepare import require_torch
from bootstrap.colab.runtime import Installed, Runtime, fingerprint, kept, runtime_of
from bootstrap.colab.table import is_one_of, table
from doctor.errors import Exit, Trouble
from doctor.goal import Goal
from doctor.goal.lockfile import lock_path, pins
from doctor.probes.hub import cached_models
from tests.conftest import ROOT
from tests.hub.models import WEIGHTS, make_repo, want, write_mirrors
from tests.hub.server import serve

DRIVE = table().drive
RUNTIME = {
    "google-colab": Installed("1.0.0", ("pandas==2.2.2", "requests==2.32.3", "notebook==6.5.7")),
    "pandas": Installed("2.2.3", ("python-dateutil>=2", "numpy>=1.26", "fastparquet; extra == 'parquet'")),
    "python-dateutil": Installed("2.9"),
    "numpy": Installed("2.1.3"),
    "requests": Installed("2.32.4", ("urllib3", "old-backport; python_version < '3.8'")),
    "urllib3": Installed("2.5"),
    "old-backport": Installed("1"),
    "fastparquet": Installed("1"),
    "torch": Installed("2.11.0+cu128", ("fsspec",)),
    "nvidia-cublas-cu12": Installed("12"),
    "fsspec": Installed("2025.3.0"),
    "transformers": Installed("5.15.0", ("huggingface-hub>=1.5,<2",)),
    "huggingface-hub": Installed("1.27.0"),
    "gradio": Installed("6.24.0", ("huggingface_hub<2,>=1.16",)),
}


def test_what_google_colab_needs_is_kept_and_so_is_the_gpu_stack() -> None:
    keep = kept(RUNTIME, "3.12")
    assert {"google-colab", "pandas", "python-dateutil", "numpy", "requests", "urllib3"} <= set(keep)
    assert keep["torch"] == "2.11.0+cu128" and "nvidia-cublas-cu12" in keep
    for name in ("transformers", "huggingface-hub", "gradio", "fastparquet", "old-backport"):
        assert name not in keep


def test_it_is_told_whom_the_overlay_disturbs() -> None:
    chosen = {"huggingface-hub": "0.36.2", "transformers": "4.57.6"}
    assert list(overlay.disturbed(chosen, RUNTIME, "3.12")) == ["gradio 6.24.0 (huggingface_hub<2,>=1.16)"]


def test_no_notebook_server_and_no_torch_is_ever_wanted(goal: Goal) -> None:
    names = {requirement.name for requirement in overlay.wanted(goal)}
    assert "transformers" in names and not names & {"jupyterlab", "ipywidgets", "pip", "torch", "torchvision"}
    assert is_one_of("nvidia-nccl-cu12", table().left_out)


def test_without_torch_the_person_is_told() -> None:
    require_torch(RUNTIME)
    with pytest.raises(Trouble) as trouble:
        require_torch({"numpy": Installed("2")})
    assert trouble.value.code == Exit.PERSON


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12"])
def test_every_hash_of_the_lock_is_found(goal: Goal, python: str) -> None:
    lock = lock_path(goal.profile.name, python)
    blocks = overlay.locked_blocks(lock)
    assert set(blocks) >= set(pins(lock, python))
    assert all("--hash=sha256:" in block and block.endswith("\n") for block in blocks.values())
    assert "".join(blocks.values()).count("--hash") == lock.read_text().count("--hash")


def test_a_newer_python_takes_the_newest_lock(goal: Goal) -> None:
    assert overlay.lock_for(goal, "3.11").name == "llm-quickstart-py3.11.txt"
    assert overlay.lock_for(goal, "3.13").name == "llm-quickstart-py3.12.txt"


def test_what_can_be_imported_from_a_folder(tmp_path: Path) -> None:
    for path in (
        "transformers/__init__.py",
        "google/protobuf/__init__.py",
        "six.py",
        "_c.cpython-311-x86.so",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    for path in ("x-1.dist-info/RECORD", "bin/tool", ".lock", "groundwork.json", "__pycache__/six.pyc"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    assert list(overlay.modules_in(tmp_path)) == ["google.protobuf", "six", "transformers"]


def test_another_package_in_the_runtime_makes_another_overlay(goal: Goal, tmp_path: Path) -> None:
    site = tmp_path / "site-packages"
    (site / "torch-2.11.0.dist-info").mkdir(parents=True)
    runtime = Runtime(sys.executable, sys.prefix, str(site), "3.12", (str(site),))
    before, print_before = overlay.folder_for(goal, runtime), fingerprint(runtime)
    assert overlay.folder_for(goal, runtime) == before
    (site / "transformers-5.15.0.dist-info").mkdir()
    assert overlay.folder_for(goal, runtime) != before and fingerprint(runtime) != print_before


def test_an_interpreter_that_does_not_run_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "python3"
    broken.write_text("#!/bin/sh\necho no module named encodings >&2; exit 1\n")
    broken.chmod(0o755)
    with pytest.raises(Trouble) as trouble:
        runtime_of(str(broken))
    assert "no module named encodings" in trouble.value.message.en


# --- the kernel


OVERLAY = Overlay(
    profile="p",
    python="3.12",
    distributions={"huggingface-hub": "0.36.2", "transformers": "4.57.6"},
    instead_of={"huggingface-hub": "1.27.0", "transformers": "5.15.0"},
    modules=("huggingface_hub", "transformers"),
)


def kernel_with(**modules: str) -> Kernel:
    return Kernel(
        "/usr/bin/python3", "/root/.ipython", {name: (file, None) for name, file in modules.items()}
    )


def test_only_what_the_overlay_replaces_makes_a_restart_needed() -> None:
    folder = Path("/root/.groundwork/colab/overlay-1")
    fine = kernel_with(numpy="/usr/lib/numpy/__init__.py", transformers=f"{folder}/transformers/__init__.py")
    assert list(stale(fine, OVERLAY, folder)) == []
    old = kernel_with(transformers="/usr/lib/dist-packages/transformers/__init__.py")
    (said,) = stale(old, OVERLAY, folder)
    assert said.en.startswith("transformers 5.15.0 is imported, from /usr/lib/")


def test_a_hub_client_in_memory_does_not_follow_a_new_cache() -> None:
    old = msgspec.structs.replace(kernel_with(), cache="/root/.cache/huggingface/hub")
    assert list(frozen(old, {}, "/root/.cache/huggingface")) == []
    (said,) = frozen(old, {}, DRIVE.cache)
    assert "/root/.cache/huggingface/hub" in said.en


def test_on_drive_only_models_go_there() -> None:
    chosen = {"HF_HOME": DRIVE.cache, "HF_ENDPOINT": "https://hf-mirror.com"}
    env = hub_env(DRIVE.cache, True, chosen, "/root/.cache/huggingface")
    assert env["HF_HUB_CACHE"] == f"{DRIVE.cache}/hub" and env["HF_ENDPOINT"] == "https://hf-mirror.com"
    assert env["HF_HOME"] is None, "tokens and chunks stay on the runtime's disk"


def test_the_startup_file_shows_the_overlay_to_a_kernel_and_to_its_children(tmp_path: Path) -> None:
    family = tmp_path / "colab"
    new, old = family / "overlay-222222222222", family / "overlay-111111111111"
    (new / "bin").mkdir(parents=True)
    startup = tmp_path / "00-groundwork.py"
    assert write_startup(startup, new, {"HF_HUB_CACHE": "/x/hub", "HF_HOME": None})
    assert not write_startup(startup, new, {"HF_HUB_CACHE": "/x/hub", "HF_HOME": None})
    code = (
        "import os, sys, runpy; names = runpy.run_path(sys.argv[1]);"
        "print([n for n in names if not n.startswith('__')]); print(sys.path[0]); print(os.environ['PYTHONPATH']);"
        "print(os.environ['PATH']); print(os.environ['HF_HUB_CACHE'], 'HF_HOME' in os.environ);"
        f"print({str(old)!r} in sys.path)"
    )
    environ = {"PATH": f"{old}/bin:/usr/bin", "PYTHONPATH": f"{old}:/env/python", "HF_HOME": "/y"}
    said = subprocess.run(
        [sys.executable, "-c", code, startup], env=environ, capture_output=True, text=True, check=True
    )
    expected = ["[]", str(new), f"{new}:/env/python", f"{new}/bin:/usr/bin", "/x/hub False", "False"]
    assert said.stdout.splitlines() == expected


def test_a_startup_file_whose_overlay_is_gone_does_nothing(tmp_path: Path) -> None:
    startup = tmp_path / "00-groundwork.py"
    write_startup(startup, tmp_path / "gone", {"NEVER_SET": "1"})
    before = list(sys.path)
    runpy.run_path(str(startup))
    assert sys.path == before and "NEVER_SET" not in os.environ


def test_later_kernels_find_the_startup_file_where_ipython_looks(tmp_path: Path) -> None:
    told = Kernel("python3", str(tmp_path), {})
    assert startup_file(told).parent == tmp_path
    assert startup_file(None, {"IPYTHONDIR": "/i"}) == Path("/i/profile_default/startup/00-groundwork.py")


# --- Drive


def test_drive_that_is_not_mounted_is_refused_with_the_line_to_type() -> None:
    assert with_drive({"CACHE": "/data"}) == {"CACHE": "/data"}
    with pytest.raises(Trouble) as trouble:
        with_drive({}, {"CACHE": "drive"})
    assert trouble.value.code == Exit.PERSON
    assert trouble.value.hint and DRIVE.line in trouble.value.hint.en and DRIVE.line in trouble.value.hint.zh


def test_a_mounted_drive_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "is_mount", lambda path: str(path) == DRIVE.mount)
    assert with_drive({"CACHE": "Drive"})["CACHE"] == DRIVE.cache
    assert on_drive(DRIVE.cache) and not on_drive("/content/driven")


def test_models_on_a_disk_without_links_are_whole_and_are_not_fetched_again(
    goal: Goal, tmp_path: Path
) -> None:
    """As on Drive: the real client, to which the kernel refuses links, and our own bookkeeping of what it left."""
    repo = make_repo(tmp_path / "repos", "openai-community/gpt2", size=3_000_000, aliases=("gpt2",))
    goal = msgspec.structs.replace(goal, models=(want(repo),))
    (tmp_path / "goal.json").write_bytes(msgspec.json.encode(goal))
    with serve(repo) as hub:
        mirrors = write_mirrors(tmp_path / "mirrors.toml", hub, official=True)
        first = fetch_without_links(tmp_path, mirrors)
        assert first.returncode == 0, first.stdout + first.stderr
        sent = hub.total_sent(WEIGHTS)
        (model,) = cached_models(goal)
        assert model.state == "complete"
        assert not [path for path in Path(goal.cache).rglob("*") if path.is_symlink()]
        size = sum(p.stat().st_size for p in Path(goal.cache).rglob(WEIGHTS))
        assert size == 3_000_000, "once, not once more among the blobs"
        assert not [p for p in Path(goal.cache).rglob("blobs/*") if p.stat().st_size >= 3_000_000]
        again = fetch_without_links(tmp_path, mirrors)
        assert again.returncode == 0 and hub.total_sent(WEIGHTS) == sent


def fetch_without_links(tmp_path: Path, mirrors: Path) -> subprocess.CompletedProcess[str]:
    script = (
        "import sys, msgspec; from pathlib import Path; from doctor.goal import Goal; from tests.hub.models import run;"
        "root = Path(sys.argv[1]); run(msgspec.json.decode((root / 'goal.json').read_bytes(), type=Goal), root)"
    )
    without = str(ROOT / "tests" / "colab" / "without_links.py")
    kept_names = {n: v for n, v in os.environ.items() if not n.startswith("HF_")}
    return subprocess.run(
        [sys.executable, without, sys.executable, "-c", script, str(tmp_path)],
        cwd=ROOT,
        env={**kept_names, "GROUNDWORK_MIRRORS_FILE": str(mirrors)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


# --- the cell


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """scripts/colab_cell.py as a module."""
    module = types.ModuleType("colab_cell")
    path = ROOT / "scripts" / "colab_cell.py"
    module.__dict__["__file__"] = str(path)
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), module.__dict__)
    return module


@pytest.fixture
def userdata(monkeypatch: pytest.MonkeyPatch) -> Iterator[types.ModuleType]:
    """google.colab.userdata, as a kernel has it in memory."""
    module = types.ModuleType("google.colab.userdata")
    monkeypatch.setitem(sys.modules, "google.colab.userdata", module)
    yield module


def test_a_secret_goes_to_the_program_and_nowhere_else(
    cell: types.ModuleType, userdata: types.ModuleType, capfd: pytest.CaptureFixture[str]
) -> None:
    userdata.__dict__["get"] = {"HF_TOKEN": "hf_of_colab"}.__getitem__
    assert cell.secret({}) == {"HF_TOKEN": "hf_of_colab"}
    assert cell.secret({"HF_TOKEN": "hf_of_the_person"}) == {}
    assert "HF_TOKEN" not in os.environ
    assert "hf_of" not in "".join(capfd.readouterr())


def test_no_secret_or_no_leave_means_without(cell: types.ModuleType, userdata: types.ModuleType) -> None:
    userdata.__dict__["get"] = {}.__getitem__
    assert cell.secret({}) == {}


def test_a_page_that_does_not_answer_is_not_waited_for(
    cell: types.ModuleType, userdata: types.ModuleType
) -> None:
    userdata.__dict__["get"] = lambda key: signal.pause()
    cell.__dict__["SECRET_SECONDS"] = 1
    handler = signal.getsignal(signal.SIGALRM)
    assert cell.secret({}) == {}
    assert signal.getsignal(signal.SIGALRM) is handler


def test_settings_and_words_are_told_apart(cell: types.ModuleType) -> None:
    environ, words = cell.settings_and_words(["CACHE=drive", "--prove", "--models=gpt2"])
    assert environ["CACHE"] == "drive" and words == ["--prove", "--models=gpt2"]


# --- the word


def groundwork(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    kept_names = {n: os.environ[n] for n in ("PATH", "HOME", "GROUNDWORK_UV") if n in os.environ}
    argv = [sys.executable, "-m", "bootstrap", *words]
    return subprocess.run(
        argv, cwd=ROOT, env={**kept_names, **environ}, capture_output=True, text=True, timeout=60, check=False
    )


def test_elsewhere_it_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    said = groundwork("colab", GROUNDWORK_HOME=str(tmp_path / "gw"))
    assert said.returncode == Exit.USAGE and "make setup" in said.stderr
    assert not (tmp_path / "gw").exists()
    chinese = groundwork("colab", "--json", GROUNDWORK_HOME=str(tmp_path / "gw"), GROUNDWORK_LANG="zh")
    assert "托管笔记本" in json.loads(chinese.stdout)["error"]["message"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_notebooks_are_the_same_program_in_two_languages(lang: str) -> None:
    book = json.loads((ROOT / "docs" / ("colab.ipynb" if lang == "en" else "colab.zh.ipynb")).read_text())
    other = json.loads((ROOT / "docs" / "colab.ipynb").read_text())
    assert [c["cell_type"] for c in book["cells"]] == [c["cell_type"] for c in other["cells"]]
    code = ["".join(c["source"]).replace(" GROUNDWORK_LANG=zh", "") for c in book["cells"]]
    assert [c for c, k in zip(code, book["cells"], strict=True) if k["cell_type"] == "code"] == [
        "".join(c["source"]) for c in other["cells"] if c["cell_type"] == "code"
    ]
    assert not any(cell.get("outputs") for cell in book["cells"])
    assert bool(re.search(r"[\u4e00-\u9fff]", "".join(code))) == (lang == "zh")


COLAB = {"COLAB_RELEASE_TAG": "release-colab", "COLAB_BACKEND_VERSION": "next"}


@pytest.mark.parametrize("manager", ["auto", "system"])
def test_setup_leaves_a_runtime_alone_and_says_what_to_type(tmp_path: Path, manager: str) -> None:
    said = groundwork("setup", "--plan", ENV_MANAGER=manager, GROUNDWORK_HOME=str(tmp_path / "gw"), **COLAB)
    assert said.returncode == Exit.USAGE and "%run groundwork/scripts/colab_cell.py" in said.stderr
    assert not (tmp_path / "gw").exists()


def test_the_doctor_looks_at_the_runtime_s_own_python(tmp_path: Path) -> None:
    said = groundwork(
        "doctor", "--json", "--area=python,colab", GROUNDWORK_HOME=str(tmp_path / "gw"), **COLAB
    )
    answer = json.loads(said.stdout)
    assert answer["tool"]["manager"] == "system"
    assert "environment-missing" not in [finding["id"] for finding in answer["findings"]]
    assert "colab-use-system" not in [finding["id"] for finding in answer["findings"]]
