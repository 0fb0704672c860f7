"""Two builds of one thing, and a setuptools that an old torch cannot do with, as people have reported them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.faults.dists import install, site_of
from tests.faults.gpu.world import World
from tests.faults.native import library
from tests.faults.patient import Diagnosis, diagnose

STATE = "onnxruntime/capi/onnxruntime_pybind11_state.so"
CPU: dict[str, str | bytes] = {"onnxruntime/__init__.py": "", STATE: b"cpu"}
GPU: dict[str, str | bytes] = {
    "onnxruntime/__init__.py": "",
    STATE: b"with cuda",
    "onnxruntime/capi/libonnxruntime_providers_cuda.so": b"x",
}


def look(environ: dict[str, str], env: Path) -> Diagnosis:
    return diagnose({**environ, "TARGET": str(env)}, "--area", "python,packages")


@pytest.mark.parametrize("last", ["onnxruntime", "onnxruntime-gpu"])
def test_onnxruntime_over_the_one_for_gpus(t4: World, course_like: Path, last: str) -> None:
    """https://github.com/microsoft/onnxruntime/issues/26996: "'CUDAExecutionProvider' is not in available provider names"."""
    for name in sorted(("onnxruntime", "onnxruntime-gpu"), key=lambda one: one == last):
        install(course_like, name, "1.23.2", GPU if name.endswith("gpu") else CPU)
    said = t4.diagnose(areas="gpu,python,packages", TARGET=str(course_like))
    told = said.of("builds-of-one-module")
    assert told["severity"] == ("warn" if last == "onnxruntime" else "info")
    assert f"is that of: {last}" in told["evidence"]
    lines = told["remedy"]["commands"]
    assert lines[0][-2:] == ["onnxruntime", "onnxruntime-gpu"] and lines[1][-1] == "onnxruntime-gpu"


def test_one_build_alone(t4: World, course_like: Path) -> None:
    install(course_like, "onnxruntime-gpu", "1.23.2", GPU)
    said = t4.diagnose(areas="gpu,python,packages", TARGET=str(course_like))
    assert "builds-of-one-module" not in {one["id"] for one in said.findings}


@pytest.mark.parametrize(("version", "severity"), [("4.8.1.78", "warn"), ("4.10.0.84", "info")])
def test_two_of_opencv(course_like: Path, environ: dict[str, str], version: str, severity: str) -> None:
    """module 'cv2.dnn' has no attribute 'DictValue': a folder of the newer one beside the library of the older."""
    install(
        course_like, "opencv-contrib-python", "4.10.0.84", {"cv2/__init__.py": "", "cv2/cv2.abi3.so": b"new"}
    )
    install(
        course_like, "opencv-python-headless", version, {"cv2/__init__.py": "", "cv2/cv2.abi3.so": b"other"}
    )
    told = look(environ, course_like).of("builds-of-one-module")
    assert told["severity"] == severity
    assert told["remedy"]["commands"][1][-1] == "opencv-contrib-python"


def test_names_that_conda_lists_for_one_build(course_like: Path, environ: dict[str, str]) -> None:
    for name in ("opencv-python", "opencv-python-headless"):
        install(course_like, name, "4.10.0", {"cv2/cv2.abi3.so": b"x"}, installer="conda")
    assert "builds-of-one-module" not in {one["id"] for one in look(environ, course_like).findings}


@pytest.mark.parametrize(
    ("name", "path"), [("llama-cpp-python", "llama_cpp/lib/libllama.so"), ("mmcv", "mmcv/_ext.so")]
)
@pytest.mark.parametrize("card", [True, False])
def test_compiled_without_cuda(
    t4: World, course_like: Path, tmp_path: Path, name: str, path: str, card: bool
) -> None:
    """https://github.com/abetlen/llama-cpp-python/issues/787: "BLAS = 0" though nvidia-smi shows the card."""
    blas = library(tmp_path / "libcublas.so.12", soname="libcublas.so.12")
    made = library(tmp_path / "made.so", needs=(blas,) if card else ())
    install(course_like, name, "0.2.11", {f"{path.split('/')[0]}/__init__.py": "", path: made.read_bytes()})
    said = t4.diagnose(areas="gpu,python,torch", TARGET=str(course_like))
    told = {one["id"]: one for one in said.findings}.get("package-built-without-cuda")
    assert (told is None) == card
    if told:
        line = told["remedy"]["commands"][0]
        assert line[1] in ("CMAKE_ARGS=-DGGML_CUDA=on", "FORCE_CUDA=1") and line[-1] == name


def test_compiled_without_cuda_where_no_card_is(bare: World, course_like: Path, tmp_path: Path) -> None:
    made = library(tmp_path / "libllama.so").read_bytes()
    install(course_like, "llama-cpp-python", "0.2.11", {"llama_cpp/libllama.so": made})
    said = bare.diagnose(areas="gpu,python,torch", TARGET=str(course_like))
    assert "package-built-without-cuda" not in {one["id"] for one in said.findings}


def torch(env: Path, version: str) -> None:
    files = {
        "torch/__init__.py": "",
        "torch/version.py": f"__version__ = '{version}'\n",
        "torch/utils/__init__.py": "",
        "torch/utils/cpp_extension.py": "from pkg_resources import packaging  # type: ignore[attr-defined]\n",
        "torch/utils/tensorboard/__init__.py": "from setuptools import distutils\nLooseVersion = distutils.version.LooseVersion\n",
    }
    install(env, "torch", version, files)


def setuptools(env: Path, version: str) -> None:
    for path in site_of(env).glob("setuptools-*.dist-info"):
        shutil.rmtree(path)
    install(env, "setuptools", version, {"setuptools/__init__.py": "", "pkg_resources/__init__.py": ""})


@pytest.mark.parametrize(
    ("version", "newest", "beside", "severity", "below"),
    [
        # https://github.com/pytorch/pytorch/issues/69894: module 'distutils' has no attribute 'version'
        ("1.10.0", "59.6.0", "tensorboard", "warn", "setuptools<59.6"),
        ("1.10.0", "59.5.0", "tensorboard", None, ""),
        ("1.10.0", "59.6.0", "toy", None, ""),
        # https://github.com/stanford-futuredata/ColBERT/issues/350: cannot import name 'packaging' from 'pkg_resources'
        ("1.13.1", "70.0.0", "colbert-ai", "warn", "setuptools<70"),
        ("1.13.1", "70.0.0", "toy", "info", "setuptools<70"),
        ("1.13.1", "69.5.1", "colbert-ai", None, ""),
        ("2.3.0", "70.0.0", "colbert-ai", None, ""),
    ],
)
def test_a_setuptools_that_is_too_new(
    course_like: Path,
    environ: dict[str, str],
    version: str,
    newest: str,
    beside: str,
    severity: str | None,
    below: str,
) -> None:
    torch(course_like, version)
    setuptools(course_like, newest)
    install(course_like, beside, "2.7.0")
    told = {one["id"]: one for one in look(environ, course_like).findings}.get("setuptools-too-new-for-torch")
    assert (told and told["severity"]) == severity
    assert told is None or told["remedy"]["commands"][0][-1] == below
