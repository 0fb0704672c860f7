"""The three cells of docs/colab.ipynb in a simulated Colab runtime: a real kernel, a real conflicting stack, real packages.

One image and one HOME for the module; the tests follow a student: first session, second session, a session in which
something was imported before.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.colab.image import Image, colab_environ, kernelspec, make_image, tiny_sentiment_model
from tests.colab.notebook import Session, cells_of, session
from tests.conftest import ROOT, missing
from tests.faults.test_colab import NEW_ROOT
from tests.hub.server import Hub, Repo, serve
from tests.wait import until

PREPARE, PROVE, SHOW = cells_of(ROOT / "docs" / "colab.ipynb")
SENTIMENT = "distilbert/distilbert-base-uncased-finetuned-sst-2-english"
COMMIT = "714eb0fa89d2f80546fda750413ed43d93601a13"
GPT2_COMMIT = "607a30d783dfa663caf39e06633721c8d4cfcd7e"
CELL = "groundwork/scripts/colab_cell.py"
pytestmark = [pytest.mark.timeout(400), pytest.mark.index]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory, uv: str) -> Image:
    return make_image(tmp_path_factory.mktemp("colab") / "image", uv)


@pytest.fixture(scope="module")
def specs(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kernelspec(image, tmp_path_factory.mktemp("kernels"))


@pytest.fixture(scope="module")
def hub(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A Hub on loopback that has the model which the last cell downloads, and under a second name not all of it."""
    folder = tiny_sentiment_model(image, tmp_path_factory.mktemp("hub") / "model")
    cut = Repo.of_folder("openai-community/gpt2", folder, commit=GPT2_COMMIT)
    with serve(Repo.of_folder(SENTIMENT, folder, commit=COMMIT), cut) as running:
        yield running


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """/content: where the notebook works. The repository is there, so that the cell's clone is not due."""
    folder = tmp_path_factory.mktemp("content")
    (folder / "groundwork").symlink_to(ROOT)
    return folder


@pytest.fixture(scope="module")
def environ(image: Image, hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("root")
    return {**colab_environ(image, home), "HF_ENDPOINT": hub.url}


@pytest.fixture
def kernel(specs: Path, content: Path, environ: dict[str, str]) -> Iterator[Session]:
    with session(specs, content, environ) as running:
        yield running


def version_and_place(kernel: Session, name: str) -> str:
    return kernel.run(f"import {name}; print({name}.__version__, {name}.__file__)")


def overlay(environ: dict[str, str]) -> Path:
    (found,) = Path(environ["HOME"], ".groundwork", "colab").glob("overlay-????????????")
    return found


def test_the_notebook_runs_top_to_bottom(kernel: Session, image: Image, environ: dict[str, str]) -> None:
    began = time.monotonic()
    prepared = kernel.run(PREPARE)
    Path(environ["HOME"], "first").write_text(str(time.monotonic() - began))
    assert "Ready." in prepared and "no restart needed" in prepared
    assert "transformers 4.57" in prepared and "(the runtime's own is 5.15.0)" in prepared
    assert "gradio 6.24.0" in prepared, "it is said what does not go with the course's versions"

    proved = kernel.run(PROVE)
    assert "11 passed, 0 failed" in proved, proved
    assert "summarization" in proved and "question-answering" in proved

    assert "'label'" in kernel.run(SHOW)
    assert str(overlay(environ)) in version_and_place(kernel, "transformers")
    assert str(image.prefix) in version_and_place(kernel, "torch")
    assert not image.changed()


def test_top_to_bottom_again_in_a_new_kernel_changes_nothing(
    kernel: Session, image: Image, environ: dict[str, str]
) -> None:
    """A kernel that started after the first session: the overlay is there before any cell runs."""
    assert str(overlay(environ)) in version_and_place(kernel, "transformers")
    stamp = overlay(environ).stat().st_mtime_ns
    began = time.monotonic()
    again = kernel.run(PREPARE)
    took, first = time.monotonic() - began, float(Path(environ["HOME"], "first").read_text())
    assert "Nothing to do, nothing changed." in again and "no restart needed" in again
    assert took < first / 3, f"{took:.1f} s, the first time {first:.1f} s"
    proved = kernel.run(PROVE)
    assert "11 passed, 0 failed" in proved
    assert "much smaller than the course's model" in " ".join(proved.split()), "of what the last cell fetched"
    assert "'label'" in kernel.run(SHOW)
    chinese = kernel.run(cells_of(ROOT / "docs" / "colab.zh.ipynb")[0])
    assert "无需操作" in chinese and "无需重启" in chinese
    assert overlay(environ).stat().st_mtime_ns == stamp
    assert not image.changed()


def test_children_of_the_notebook_see_the_same(kernel: Session, environ: dict[str, str]) -> None:
    said = kernel.run('!python3 -c "import huggingface_hub as h; print(h.__version__, h.__file__)"')
    assert said.startswith("0.36") and str(overlay(environ)) in said


def test_other_versions_in_memory_need_a_restart(
    kernel: Session, environ: dict[str, str], image: Image
) -> None:
    """Somebody ran cells before ours did: in this kernel the runtime's own transformers is what there is."""
    undo = f"import sys; sys.path[:] = [f for f in sys.path if 'overlay-' not in f]; sys.path.append({str(ROOT)!r})"
    kernel.run(undo)
    assert str(image.prefix) in version_and_place(kernel, "transformers")
    said = kernel.run(PREPARE)
    assert "RESTART NEEDED" in said and "transformers 5.15.0 is imported" in said
    assert "huggingface_hub 1.27.0 is imported" in said
    assert "numpy" not in said and "torch" not in said, "they are the runtime's own, and stay so"
    # Half of each would work worse than either: this kernel goes on with what it had.
    assert (
        kernel.run("print(transformers.__version__, [f for f in sys.path if 'overlay-' in f])")
        == "5.15.0 []\n"
    )
    assert "5.15.0" in kernel.run("from transformers import BertConfig; print(transformers.__version__)")


def test_the_restart_is_done_when_it_is_asked_for(
    specs: Path, content: Path, environ: dict[str, str], image: Image
) -> None:
    with session(specs, content, environ) as kernel:
        kernel.run(
            "import sys; sys.path[:] = [f for f in sys.path if 'overlay-' not in f]; import transformers"
        )
        said = kernel.run(f"%run {CELL} RESTART=1")
        assert "Restarting the session now" in said
        assert until(kernel.has_ended, 20)
    with session(specs, content, environ) as kernel:
        assert str(overlay(environ)) in version_and_place(kernel, "transformers")
        assert "no restart needed" in kernel.run(f"%run {CELL} RESTART=1")


@pytest.mark.parametrize(
    "habit", [f"!python3 {CELL}", f"%%bash\npython3 {CELL}", "!sh groundwork/scripts/setup.sh colab"]
)
def test_a_child_says_what_it_cannot_know(kernel: Session, habit: str) -> None:
    said = kernel.run(habit)
    assert "cannot be seen from here" in said and f"%run {ROOT}/{CELL.partition('/')[2]}" in said
    assert "RESTART" not in said


def test_drive_that_is_not_mounted_is_told_with_the_line_to_type(kernel: Session) -> None:
    said = kernel.run(f"%run {CELL} CACHE=drive")
    assert "Google Drive is not mounted" in said
    assert "from google.colab import drive; drive.mount('/content/drive')" in said
    assert "SystemExit: 4" in said and not Path("/content/drive/MyDrive").exists()


def test_models_that_are_asked_for_are_fetched_with_the_secret_and_it_is_never_shown(
    kernel: Session, environ: dict[str, str], hub: Hub
) -> None:
    store = Path(environ["HOME"], "secrets")
    store.mkdir()
    (store / "HF_TOKEN").write_text("hf_of_this_notebook")
    hub.asked.clear()
    said = kernel.run(f"%run {CELL} MODELS=gpt2")
    assert "1 of 1 models are still missing (openai-community/gpt2" in said, said
    assert {one.authorization for one in hub.asked if not one.measuring} == {"Bearer hf_of_this_notebook"}
    kept = [path for path in Path(environ["HOME"]).rglob("*") if path.is_file() and path.parent != store]
    assert "hf_of" not in said
    assert not [path for path in kept if b"hf_of_this_notebook" in path.read_bytes()]
    shutil.rmtree(store)
    kernel.run(f"%run {CELL} MODELS=none")


# What the mounted Drive is made of: a file system of its own that outlives the session, in which no links can be made.
MOUNT = "mkdir -p content/drive dev/shm; mount -t tmpfs tmpfs dev/shm; mount --bind {disk} content/drive"
WITHOUT_LINKS = str(ROOT / "tests" / "colab" / "without_links.py")


@pytest.fixture
def mounted(specs: Path, image: Image, tmp_path: Path, environ: dict[str, str]) -> Iterator[Path]:
    """MyDrive, which kernels named `drive` see in /content/drive, in a root of their own."""
    disk, root = tmp_path / "disk", tmp_path / "root"
    disk.mkdir()
    root.mkdir()
    if os.getuid() or subprocess.run(["mount", "-t", "tmpfs", "drive", disk], check=False).returncode:
        missing("root", "mounting needs root")
    (disk / "MyDrive").mkdir()
    in_root = ("unshare", "-m", "sh", "-c", NEW_ROOT, "sh", str(root), MOUNT.format(disk=disk))
    kernelspec(image, specs, "drive", (*in_root, sys.executable, WITHOUT_LINKS))
    yield disk / "MyDrive"
    subprocess.run(["umount", disk], check=True)
    for name in (".groundwork/settings.json", ".ipython/profile_default/startup/00-groundwork.py"):
        Path(environ["HOME"], name).unlink()


def test_the_second_session_starts_warm_from_drive(
    mounted: Path, specs: Path, content: Path, environ: dict[str, str], hub: Hub
) -> None:
    with session(specs, content, environ, "drive") as first:
        said = first.run(f"%run {CELL} CACHE=drive")
        assert "models are kept on Google Drive: /content/drive/MyDrive/huggingface" in said
        assert "'label'" in first.run(SHOW)
    found = list(mounted.rglob("model.safetensors"))
    assert [path.is_symlink() for path in found] == [False]
    before = hub.total_sent("model.safetensors")
    with session(specs, content, environ, "drive") as second:
        assert "no restart needed" in second.run(f"%run {CELL} CACHE=drive")
        assert "'label'" in second.run(SHOW)
    assert hub.total_sent("model.safetensors") == before > 0
    assert list(mounted.rglob("model.safetensors")) == found
