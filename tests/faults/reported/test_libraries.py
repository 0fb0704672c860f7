"""Libraries of CUDA that are missing, double, of another release or refused, as people have reported them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.faults.dists import install, site_of
from tests.faults.gpu.world import World, working
from tests.faults.native import library, module
from tests.faults.reported.builds import TAG, see, torch, well
from tests.faults.reported.later import flash_attn_of_later

CONFSTR = """
#include <stddef.h>
#include <string.h>
size_t confstr(int n, char *b, size_t l) {
    const char *s = "glibc 2.41";
    if (b && l) { strncpy(b, s, l - 1); b[l - 1] = 0; }
    return strlen(s) + 1;
}
"""


def ctranslate2(env: Path, version: str, stack: bool = False, of_module: bool = False) -> Path:
    """With its library beside it, as in its wheel. It opens cuDNN by name while it runs."""
    name = f"libctranslate2-bc15bf3f.so.{version}"
    marked = ("-Wl,-z,execstack",)
    own = library(site_of(env) / "ctranslate2.libs" / name, soname=name, more=marked if stack else ())
    ext = f"ctranslate2/_ext.{TAG}.so"
    runpath = "$ORIGIN/../ctranslate2.libs"
    made = module(site_of(env) / ext, "_ext", needs=(own,), runpath=runpath, more=marked if of_module else ())
    files: dict[str, str | bytes] = {
        "ctranslate2/__init__.py": "",
        ext: made.read_bytes(),
        f"ctranslate2.libs/{name}": own.read_bytes(),
    }
    install(env, "ctranslate2", version, files)
    return own


def nvidia(env: Path, name: str, version: str, *sonames: str) -> Path:
    """One of NVIDIA's wheels: nvidia/KIND/lib/…"""
    kind = name.removeprefix("nvidia-").rpartition("-cu")[0].replace("-", "_")
    made = {
        f"nvidia/{kind}/lib/{one}": library(site_of(env) / "made" / one, soname=one).read_bytes()
        for one in sonames
    }
    shutil.rmtree(site_of(env) / "made", ignore_errors=True)
    install(env, name, version, dict(made))
    return site_of(env) / f"nvidia/{kind}/lib"


def test_a_package_for_cudnn_8_beside_cudnn_9(t4: World, empty_env: Path) -> None:
    """https://github.com/SYSTRAN/faster-whisper/issues/951: "Could not load library libcudnn_ops_infer.so.8"."""
    torch(empty_env, "2.4.0", "12.1")
    ctranslate2(empty_env, "4.3.1")
    cublas = nvidia(empty_env, "nvidia-cublas-cu12", "12.1.3.1", "libcublas.so.12")
    nvidia(empty_env, "nvidia-cudnn-cu12", "9.1.0.70", "libcudnn.so.9", "libcudnn_ops.so.9")
    said = see(t4, empty_env, LD_LIBRARY_PATH=str(cublas))
    assert said.complaints == ["cuda-library-of-another-major"]
    told = said.of("cuda-library-of-another-major")
    assert "libcudnn_ops_infer.so.8" in told["title"] and "libcudnn.so.9" in told["evidence"]
    assert told["remedy"]["commands"][0][-1] == "ctranslate2>=4.5"


@pytest.mark.parametrize(
    ("version", "cudnn", "names"),
    [
        ("4.1.0", "8.9.2.26", ("libcudnn_ops_infer.so.8",)),
        ("4.6.0", "9.1.0.70", ("libcudnn.so.9", "libcudnn_ops.so.9")),
    ],
)
def test_a_library_in_the_environment_that_the_linker_does_not_find(
    t4: World, empty_env: Path, version: str, cudnn: str, names: tuple[str, ...]
) -> None:
    """https://github.com/jhj0517/Whisper-WebUI/issues/114: the file is in the environment."""
    torch(empty_env, "2.2.0", "12.1")
    ctranslate2(empty_env, version)
    folders = [
        nvidia(empty_env, "nvidia-cudnn-cu12", cudnn, *names),
        nvidia(empty_env, "nvidia-cublas-cu12", "12.1.3.1", "libcublas.so.12"),
    ]
    said = see(t4, empty_env)
    assert said.complaints == ["cuda-library-not-on-loader-path"]
    (line,) = said.of("cuda-library-not-on-loader-path")["remedy"]["commands"]
    assert line == ["export", f"LD_LIBRARY_PATH={':'.join(map(str, folders))}"]
    assert see(t4, empty_env, LD_LIBRARY_PATH=line[1].partition("=")[2]).complaints == []


def test_a_runtime_for_cards_where_nobody_brings_cudnn(t4: World, empty_env: Path) -> None:
    """onnxruntime-gpu: "Failed to load library libonnxruntime_providers_cuda.so"."""
    torch(empty_env, "2.4.0", "12.1")
    install(empty_env, "onnxruntime-gpu", "1.20.0")
    assert see(t4, empty_env).complaints == ["cuda-library-of-another-major"]
    nvidia(empty_env, "nvidia-cudnn-cu12", "9.1.0.70", "libcudnn.so.9")
    nvidia(empty_env, "nvidia-cublas-cu12", "12.1.3.1", "libcublasLt.so.12")
    assert see(t4, empty_env).complaints == []  # it takes what torch has loaded


def nccl(env: Path, cuda: str, version: str, names: str) -> None:
    code = "".join(f"int {name}(void) {{ return 1; }}\n" for name in names.split())
    made = library(site_of(env) / "made/libnccl.so.2", code, soname="libnccl.so.2")
    install(env, f"nvidia-nccl-{cuda}", version, {"nvidia/nccl/lib/libnccl.so.2": made.read_bytes()})


@pytest.mark.parametrize("last", ["cu12", "cu13"])
def test_two_packages_that_own_one_library(bare: World, empty_env: Path, last: str) -> None:
    """https://github.com/pytorch/pytorch/issues/186591: "undefined symbol: ncclCommResume"."""
    torch(empty_env, "2.12.0", "13.0", ("nvidia-nccl-cu13==2.29.7",))
    many = " ".join(f"ncclOf{number}" for number in range(100))
    releases = {"cu12": ("2.29.3", "ncclCommInitRank"), "cu13": ("2.29.7", f"ncclCommInitRank {many}")}
    for cuda in sorted(releases, key=lambda one: one == last):
        nccl(empty_env, cuda, *releases[cuda])
    said = see(working(bare, "a100"), empty_env)
    told = said.of("nvidia-wheels-overlap")
    assert told["severity"] == ("fail" if last == "cu12" else "info")
    assert said.failed == (["nvidia-wheels-overlap"] if last == "cu12" else [])
    remove, again = told["remedy"]["commands"]
    assert remove[-1] == "nvidia-nccl-cu12" and again[-1] == "nvidia-nccl-cu13==2.29.7"


@pytest.mark.parametrize("requires", [("filelock",), ("filelock", "nvidia-cublas-cu11==11.10.3.66")])
def test_torch_without_the_packages_of_its_libraries(
    t4: World, empty_env: Path, tmp_path: Path, requires: tuple[str, ...]
) -> None:
    """https://github.com/finic-ai/rag-stack/issues/44: "libcublas.so.*[0-9] not found in the system path"."""
    names = ("libcublas.so.11", "libcufft.so.10")
    needs = tuple(library(tmp_path / name, soname=name) for name in names)
    site = site_of(empty_env)
    cuda = library(site / "torch/lib/libtorch_cuda.so", soname="libtorch_cuda.so", needs=needs)
    name = f"torch/_C.{TAG}.so"
    linked = ("-Wl,--allow-shlib-undefined", f"-Wl,-rpath-link,{tmp_path}")
    made = module(site / name, "_C", needs=(cuda,), runpath="$ORIGIN/lib", more=linked)
    files = {"torch/lib/libtorch_cuda.so": cuda.read_bytes(), name: made.read_bytes()}
    torch(empty_env, "2.0.1", "11.7", requires, **files)
    install(empty_env, "pip", "25.0")
    install(empty_env, "filelock", "3.12.0")
    said = see(t4, empty_env)
    assert said.failed == ["cuda-packages-missing"]
    told = said.of("cuda-packages-missing")
    assert all(one in told["evidence"] for one in names)
    (line,) = told["remedy"]["commands"]
    assert line[-1] == ("nvidia-cublas-cu11==11.10.3.66" if len(requires) > 1 else "torch==2.0.1")
    assert "--no-deps" not in line


@pytest.mark.parametrize("of_module", [False, True])
def test_a_library_that_asks_for_an_executable_stack(
    t4: World, empty_env: Path, tmp_path: Path, of_module: bool
) -> None:
    """https://github.com/OpenNMT/CTranslate2/issues/1849: "cannot enable executable stack"; the flag is on its library."""
    own = ctranslate2(empty_env, "4.5.0", stack=not of_module, of_module=of_module)
    shim = library(tmp_path / "confstr.so", CONFSTR)
    said = see(t4, empty_env, shell=f"export LD_PRELOAD={shim}")
    assert "library-needs-executable-stack" in said.complaints
    told = said.of("library-needs-executable-stack")
    upgrade, _, clear = told["remedy"]["commands"]
    assert upgrade[-2:] == ["-U", "ctranslate2"]
    assert of_module or clear[-1] == str(own)
    assert "library-needs-executable-stack" not in {f["id"] for f in see(well(t4), empty_env).findings}


def test_an_old_system_and_a_wheel_without_a_promise(t4: World, empty_env: Path, tmp_path: Path) -> None:
    """https://github.com/Dao-AILab/flash-attention/issues/1708: the newest wheel asks for the same again."""
    torch(empty_env, "2.5.1+cu121", "12.1")
    flash_attn_of_later(empty_env, tmp_path, TAG)
    older, built = see(t4, empty_env).of("glibc-too-old-for-extension")["remedy"]["commands"]
    assert older[-1] == "flash-attn==2.7.4.post1" and "FLASH_ATTENTION_FORCE_BUILD=TRUE" in built
