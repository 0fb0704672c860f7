"""Hosted notebooks and running kernels with real faults. Colab's and Kaggle's folders are made in a root of their own, in a
mount namespace; kernels are real processes that map real libraries."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.patient import Diagnosis, diagnose

AREAS = "colab"  # the root that is made here says nothing true of the host
COLAB = {"COLAB_RELEASE_TAG": "release-colab_20260819", "COLAB_BACKEND_VERSION": "next", "COLAB_GPU": ""}
KAGGLE = {"KAGGLE_KERNEL_RUN_TYPE": "Interactive", "KAGGLE_URL_BASE": "https://www.kaggle.com"}
# A root with everything of the real one, and room for /content beside it. Gone with the namespace.
NEW_ROOT = """
set -e
root=$1; more=$2; shift 2
mount -t tmpfs tmpfs "$root"
for entry in /*; do
    [ -L "$entry" ] && cp -P "$entry" "$root/" && continue
    [ -d "$entry" ] && [ "$entry" != /dev ] && mkdir "$root$entry" && mount --rbind "$entry" "$root$entry"
done
mkdir "$root/dev"
for node in null zero random urandom tty; do touch "$root/dev/$node"; mount --bind "/dev/$node" "$root/dev/$node"; done
cd "$root" && eval "$more"
cd - > /dev/null
exec chroot "$root" sh -c 'cd "$1" && shift && exec "$@"' sh "$PWD" "$@"
"""


@pytest.fixture
def person(empty_env: Path, environ: dict[str, str]) -> dict[str, str]:
    return {**environ, "TARGET": str(empty_env)}


@pytest.fixture
def hosted(person: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """A Colab session that has a GPU by its variables, and a token."""
    return {**person, **COLAB, "COLAB_GPU": "1", "HF_TOKEN": "hf_x"}


def said_in(environ: dict[str, str], root: Path, more: str) -> Diagnosis:
    """The doctor in a new root, after the shell lines `more`, run in it."""
    root.mkdir(exist_ok=True)
    prefix = ("unshare", "-m", "sh", "-c", NEW_ROOT, "sh", str(root), more)
    return diagnose(environ, "--area", AREAS, prefix=prefix)


GPU = "touch dev/nvidia0; mkdir -p content/sample_data var/colab 2>/dev/null || true"


def test_colab_with_a_gpu_is_fine(hosted: dict[str, str], tmp_path: Path) -> None:
    assert said_in(hosted, tmp_path / "root", GPU).findings == ()


def test_colab_without_a_gpu(hosted: dict[str, str], tmp_path: Path) -> None:
    said = said_in({**hosted, "COLAB_GPU": ""}, tmp_path / "root", "mkdir -p content")
    assert (said.failed, said.complaints) == ([], ["colab-no-gpu-runtime"])
    assert "Runtime → Change runtime type" in said.of("colab-no-gpu-runtime")["cause"]


def test_kaggle_without_a_gpu_has_its_own_menu(person: dict[str, str], tmp_path: Path) -> None:
    said = said_in({**person, **KAGGLE}, tmp_path / "root", "mkdir -p kaggle/input kaggle/working")
    assert said.complaints == ["colab-no-gpu-runtime"]
    assert "Accelerator" in said.of("colab-no-gpu-runtime")["cause"]


def test_kaggle_with_a_gpu_is_fine(person: dict[str, str], tmp_path: Path) -> None:
    said = said_in(
        {**person, **KAGGLE}, tmp_path / "root", "mkdir -p kaggle/input kaggle/working; touch dev/nvidia0"
    )
    assert said.complaints == []


def test_a_tpu_is_no_missing_gpu(hosted: dict[str, str], tmp_path: Path) -> None:
    said = said_in(
        {**hosted, "COLAB_GPU": "", "TPU_ACCELERATOR_TYPE": "v5e-1"}, tmp_path / "root", "mkdir -p content"
    )
    assert said.complaints == [] and said.of("colab-tpu-runtime")["severity"] == "info"


DRIVE = {"HF_HOME": "/content/drive/MyDrive/hf"}


def test_a_cache_in_a_drive_that_is_not_mounted(hosted: dict[str, str], tmp_path: Path) -> None:
    said = said_in({**hosted, **DRIVE}, tmp_path / "root", f"{GPU}; mkdir -p content")
    assert said.failed == said.complaints == ["colab-drive-not-mounted"]
    assert "/content/drive/MyDrive/hf" in said.of("colab-drive-not-mounted")["evidence"]


def test_a_cache_in_a_drive_that_is_mounted_is_only_slow(hosted: dict[str, str], tmp_path: Path) -> None:
    mounted = (
        f"{GPU}; mkdir -p content/drive; mount -t tmpfs tmpfs content/drive; mkdir content/drive/MyDrive"
    )
    said = said_in({**hosted, **DRIVE}, tmp_path / "root", mounted)
    assert said.complaints == [] and said.of("colab-cache-on-drive")["severity"] == "info"


def test_a_path_of_that_name_elsewhere_is_nothing(person: dict[str, str], tmp_path: Path) -> None:
    said = said_in({**person, **DRIVE}, tmp_path / "root", "mkdir -p content")
    assert said.findings == ()


def test_a_small_session_disk(hosted: dict[str, str], tmp_path: Path) -> None:
    said = said_in(
        hosted, tmp_path / "root", f"{GPU}; mkdir -p content; mount -t tmpfs -o size=1g tmpfs content"
    )
    assert said.complaints == ["colab-session-disk-small"]


def test_secrets_that_programs_cannot_see(hosted: dict[str, str], tmp_path: Path) -> None:
    del hosted["HF_TOKEN"]
    said = said_in(hosted, tmp_path / "root", GPU)
    assert [f["id"] for f in said.findings] == ["colab-secrets-hidden"]
    (Path(hosted["HOME"]) / ".cache/huggingface").mkdir(parents=True)
    (Path(hosted["HOME"]) / ".cache/huggingface/token").write_text("hf_secret")
    said = said_in(hosted, tmp_path / "root", GPU)
    assert said.findings == () and "hf_secret" not in json.dumps(said.findings)


def test_another_environment_than_colabs_own(environ: dict[str, str], tmp_path: Path) -> None:
    said = said_in({**environ, **COLAB, "ENV_MANAGER": "venv", "HF_TOKEN": "x"}, tmp_path / "root", GPU)
    assert "colab-use-system" in said.complaints


@pytest.mark.parametrize(
    "signs",
    [
        {"PAPERSPACE_FQDN": "x", "PAPERSPACE_CLUSTER_ID": "y"},
        {"DSW_INSTANCE_ID": "dsw-1", "MODELSCOPE_CACHE": "/mnt/workspace/.cache"},
        {"AutoDLContainerUUID": "x", "AutoDLRegion": "west-B"},
        {"CODESPACES": "true", "CODESPACE_NAME": "x"},
    ],
)
def test_other_hosts_are_known_by_more_than_one_sign(person: dict[str, str], signs: dict[str, str]) -> None:
    said = diagnose({**person, **signs}, "--area", "colab")
    assert [(f["id"], f["severity"]) for f in said.findings] == [("hosted-notebook", "info")]
    one = dict([next(iter(signs.items()))])
    assert diagnose({**person, **one}, "--area", "colab").findings == ()


# --- kernels

KERNEL = """
import mmap, sys, time
library = open(sys.argv[1], "rb")
held = mmap.mmap(library.fileno(), 0, prot=mmap.PROT_READ)
print("loaded", flush=True)
time.sleep(60)
"""


@contextmanager
def kernel(library: Path, name: str = "ipykernel_launcher") -> Iterator[subprocess.Popen[str]]:
    """A process that looks like a kernel, and holds a library as one that imported it does."""
    program = library.parent / f"{name}.py"
    program.write_text(KERNEL)
    process = subprocess.Popen(
        [sys.executable, str(program), str(library)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None and process.stdout.readline() == "loaded\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def library(env: Path, name: str) -> Path:
    """A real shared library as part of a package."""
    site = next(env.glob("lib/python3*/site-packages"))
    path = site / name / "_core" / "_multiarray.so"
    path.parent.mkdir(parents=True)
    shutil.copy(os.path.realpath(sys.executable), path)
    return path


def upgrade(path: Path) -> None:
    """As pip does: the old file is removed, a new one of the same name is written."""
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data)


def test_numpy_replaced_under_a_running_kernel(person: dict[str, str], empty_env: Path) -> None:
    path = library(empty_env, "numpy")
    with kernel(path) as process:
        assert diagnose(person, "--area", "colab").findings == ()
        upgrade(path)
        said = diagnose(person, "--area", "colab")
        assert said.failed == said.complaints == ["kernel-restart-needed"]
        assert "numpy" in said.of("kernel-restart-needed")["title"]
        assert str(process.pid) in said.of("kernel-restart-needed")["evidence"]
    assert diagnose(person, "--area", "colab").findings == ()


def test_on_colab_the_menu_is_named(hosted: dict[str, str], empty_env: Path, tmp_path: Path) -> None:
    path = library(empty_env, "numpy")
    with kernel(path, "colab_kernel_launcher"):
        upgrade(path)
        said = said_in(hosted, tmp_path / "root", GPU)
        assert said.failed == said.complaints == ["colab-restart-needed"]


def test_a_program_that_is_no_kernel_is_left_alone(person: dict[str, str], empty_env: Path) -> None:
    path = library(empty_env, "numpy")
    with kernel(path, "train"):
        upgrade(path)
        assert diagnose(person, "--area", "colab").findings == ()


def test_a_kernel_of_another_environment_is_left_alone(
    person: dict[str, str], empty_env: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    (other / "lib/python3.11/site-packages").mkdir(parents=True)
    path = library(other, "numpy")
    with kernel(path):
        upgrade(path)
        assert diagnose(person, "--area", "colab").findings == ()


def test_a_small_library_is_a_warning(person: dict[str, str], empty_env: Path) -> None:
    path = library(empty_env, "psutil")
    with kernel(path):
        upgrade(path)
        said = diagnose(person, "--area", "colab")
        assert (said.failed, said.complaints) == ([], ["kernel-restart-needed"])


def test_colab_set_up_with_its_own_python_is_fine(environ: dict[str, str], tmp_path: Path) -> None:
    session = {**environ, **COLAB, "COLAB_GPU": "1", "HF_TOKEN": "x", "ENV_MANAGER": "system"}
    assert [f["id"] for f in said_in(session, tmp_path / "root", GPU).findings if f["area"] == "colab"] == []
