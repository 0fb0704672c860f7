"""What compiles does not find what it needs, as people have reported it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.dists import install
from tests.faults.gpu.world import World, working
from tests.faults.reported.builds import CLEAN, COMPILERS, nvcc, program, see, torch, well

LIBRARIES = f"/usr/lib/{sys.implementation._multiarch}"


@pytest.mark.parametrize("version", ["2.1.0", "3.0.0"])
def test_no_link_to_libcuda_without_a_number(t4: World, empty_env: Path, version: str) -> None:
    """https://github.com/triton-lang/triton/pull/1981: "/usr/bin/ld: cannot find -lcuda"."""
    torch(empty_env, "2.4.0", "12.1")
    install(empty_env, "triton", version)
    said = see(t4, empty_env)
    assert said.complaints == ["libcuda-link-missing"]
    assert (
        f"{LIBRARIES.removeprefix('/usr')}/libcuda.so"
        in said.of("libcuda-link-missing")["remedy"]["commands"][0]
    )
    assert see(t4, empty_env, TRITON_LIBCUDA_PATH="/usr/local/cuda/lib64/stubs").complaints == []
    assert see(well(t4), empty_env).complaints == []


def test_a_triton_that_names_the_library_in_full(t4: World, empty_env: Path) -> None:
    torch(empty_env, "2.8.0", "12.8")
    driver = {"triton/backends/nvidia/driver.py": "libraries = ['libcuda.so.1']\n"}
    install(empty_env, "triton", "3.3.9", driver)
    assert see(t4, empty_env).complaints == []


def test_a_compiler_older_than_the_card(bare: World, empty_env: Path) -> None:
    """https://github.com/erikwijmans/Pointnet2_PyTorch/issues/91: "Unsupported gpu architecture 'compute_75'"."""
    torch(empty_env, "1.3.1", "10.1.243")
    cards = (("NVIDIA GeForce GTX 1080 Ti", "6.1", 0x1B06), ("NVIDIA GeForce RTX 2080 Ti", "7.5", 0x1E07))
    for number, (name, capability, device) in enumerate(cards):
        bare.card(number, device).node(f"nvidia{number}")
        bare.says(f"{number} name {name}", f"{number} cc {capability}", f"{number} memory 11264")
    bare.says("driver 440.31").loaded("440.31").library("440.31").node("nvidiactl", "nvidia-uvm")
    program(bare, "/usr/local/cuda-8.0/bin/nvcc").put(
        "/usr/local/cuda-8.0/version.txt", "CUDA Version 8.0.61\n"
    )
    said = see(bare, empty_env, CUDA_HOME="/usr/local/cuda-8.0").of("nvcc-does-not-know-gpu")
    assert said["severity"] == "warn"
    assert "2080 Ti" in said["title"] and "10.0" in said["evidence"]


@pytest.mark.parametrize(("package", "severity"), [("deepspeed", "warn"), ("peft", "info")])
def test_the_compiler_of_the_distribution_and_a_new_card(
    bare: World, empty_env: Path, package: str, severity: str
) -> None:
    """Ubuntu 22.04 has CUDA 11.5, an RTX 4090 needs 11.8."""
    torch(empty_env, "2.1.0+cu118", "11.8")
    install(empty_env, package, "0.14.0")
    install(empty_env, "ninja", "1.11.1")
    world = program(
        program(working(bare, "rtx4090"), "/usr/lib/nvidia-cuda-toolkit/bin/nvcc"), "/usr/sbin/ninja"
    )
    program(world, "/usr/bin/nvcc", "#!/bin/sh\nexec /usr/lib/nvidia-cuda-toolkit/bin/nvcc\n")
    world.put("/usr/include/cuda.h", "#define CUDA_VERSION 11050\n")
    said = see(world, empty_env).of("nvcc-does-not-know-gpu")
    assert (said["severity"], "11.5" in said["evidence"]) == (severity, True)


@pytest.mark.parametrize(("takes", "complaints"), [(11, ["gcc-too-new-for-nvcc"]), (13, [])])
def test_a_gcc_that_nvcc_refuses(t4: World, empty_env: Path, takes: int, complaints: list[str]) -> None:
    """https://github.com/ninja-build/ninja/issues/2595: "unsupported GNU version!"."""
    torch(empty_env, "2.1.0+cu118", "11.8")
    nvcc(t4, "11.8", takes=takes)
    for name in ("gcc-13", "g++-13"):
        program(t4, f"/usr/bin/{name}")
    newer = "for name in gcc g++; do ln -sf $name-13 /usr/bin/$name; done"
    said = see(t4, empty_env, shell=newer)
    assert said.complaints == complaints
    if complaints:
        assert "gcc-11" in said.of("gcc-too-new-for-nvcc")["remedy"]["commands"][0]
        program(t4, "/usr/bin/gcc-11")
        assert see(t4, empty_env, shell=newer, CC="/usr/bin/gcc-11").complaints == []


@pytest.mark.parametrize(("package", "severity"), [("sglang", "warn"), ("vllm", "warn"), ("peft", "info")])
def test_an_image_without_a_compiler(t4: World, empty_env: Path, package: str, severity: str) -> None:
    """https://github.com/sgl-project/sglang/issues/1067: "Failed to find C compiler"."""
    torch(empty_env, "2.4.0", "12.1")
    install(empty_env, "triton", "3.0.0")
    install(empty_env, package, "0.5.4")
    paths = (f"/usr/bin/{name}" for name in COMPILERS.split())
    said = see(t4.in_container(), empty_env, *paths)
    assert said.of("c-compiler-missing")["severity"] == severity
    assert said.complaints == (["c-compiler-missing"] if severity == "warn" else [])


@pytest.mark.parametrize(("package", "severity"), [("deepspeed", "warn"), ("peft", "info")])
def test_a_toolkit_without_the_headers_of_its_libraries(
    t4: World, empty_env: Path, package: str, severity: str
) -> None:
    """https://github.com/deepspeedai/DeepSpeed/issues/2684: "cusolverDn.h: No such file or directory"."""
    torch(empty_env, "1.13.1+cu116", "11.6")
    install(empty_env, package, "0.7.7")
    with_tools(nvcc(t4, "11.6", whole=False))
    said = see(t4, empty_env)
    assert said.of("cuda-headers-missing")["severity"] == severity
    assert said.complaints == (["cuda-headers-missing"] if severity == "warn" else [])
    assert "cusolverDn.h" in said.of("cuda-headers-missing")["evidence"]


def with_tools(world: World) -> World:
    """What deepspeed asks for besides."""
    world.put("/usr/include/libaio.h").put(f"{LIBRARIES}/libaio.so", b"")
    return program(well(world), "/usr/sbin/ninja")


def test_ninja_in_an_environment_that_is_not_in_the_path(t4: World, empty_env: Path) -> None:
    """https://github.com/zhanghang1989/PyTorch-Encoding/issues/167: "Ninja is required to load C++ extensions"."""
    torch(empty_env, "2.4.0", "12.1")
    script = {"ninja/__init__.py": "", "../../../bin/ninja": "#!/bin/sh\n"}
    install(empty_env, "ninja", "1.11.1", script)
    (empty_env / "bin/ninja").chmod(0o755)
    assert (
        see(t4, empty_env).of("ninja-not-found")["severity"] == "info"
    )  # perhaps it is only looked at from outside
    assert "ninja-not-found" not in {
        f["id"] for f in see(t4, empty_env, PATH=f"{empty_env}/bin:{CLEAN}").findings
    }
    kernel = [str(empty_env / "bin/python"), "-c", "print('there', flush=True); input()"]
    running = subprocess.Popen(
        kernel, env={"PATH": CLEAN}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert running.stdout and running.stdout.readline() == "there\n"
        said = see(t4, empty_env)
    finally:
        running.kill()
        running.wait()
    assert said.complaints == ["ninja-not-found"]
    assert f"process {running.pid}" in said.of("ninja-not-found")["evidence"]


def test_no_ninja_at_all_beside_what_compiles(t4: World, empty_env: Path) -> None:
    torch(empty_env, "2.4.0", "12.1")
    install(empty_env, "gsplat", "1.4.0")
    said = see(t4, empty_env)
    assert said.complaints == ["ninja-not-found"]
    assert said.of("ninja-not-found")["remedy"]["commands"][0][-1] == "ninja"


def test_a_lock_that_a_killed_build_left_behind(t4: World, empty_env: Path) -> None:
    """https://github.com/AnswerDotAI/RAGatouille/issues/245: it hangs at "Loading packbits_cpp extension"."""
    torch(empty_env, "2.1.0+cu121", "12.1")
    folder = t4.folder / "home/.cache/torch_extensions/py310_cu121/packbits_cpp"
    folder.mkdir(parents=True)
    for name in ("build.ninja", "packbits.o", "lock"):
        (folder / name).write_text("")
    said = see(t4, empty_env)
    assert said.complaints == ["stale-build-lock"]
    assert str(folder / "lock") in said.of("stale-build-lock")["remedy"]["commands"][0]
    with (folder / "lock").open():  # somebody compiles
        assert see(t4, empty_env).complaints == []


@pytest.mark.parametrize(("package", "severity"), [("deepspeed", "warn"), ("peft", "info")])
def test_gcc_without_its_other_half(t4: World, empty_env: Path, package: str, severity: str) -> None:
    """https://github.com/deepspeedai/DeepSpeed/issues/3094: "cannot execute 'cc1plus'"."""
    torch(empty_env, "2.0.1+cu118", "11.8")
    install(empty_env, package, "0.8.3")
    with_tools(nvcc(t4, "11.8"))
    bins = (f"/usr/bin/{name}" for name in ("g++*", "c++*", "*-linux-gnu-g++*", "clang++*"))
    halves = ("/usr/lib/gcc/*/*/cc1plus", "/usr/libexec/gcc/*/*/cc1plus")
    said = see(t4, empty_env, *bins, *halves)
    assert said.of("cxx-compiler-missing")["severity"] == severity
    assert said.complaints == (["cxx-compiler-missing"] if severity == "warn" else [])


def test_no_header_of_libaio_beside_deepspeed(t4: World, empty_env: Path) -> None:
    """https://github.com/deepspeedai/DeepSpeed/issues/1037: "Unable to pre-compile async_io"."""
    torch(empty_env, "2.1.0+cu121", "12.1")
    install(empty_env, "deepspeed", "0.11.1")
    nvcc(with_tools(t4), "12.1")
    assert see(t4, empty_env).complaints == []
    said = see(t4, empty_env, "/usr/include/libaio.h", f"{LIBRARIES}/libaio.so*")
    assert said.complaints == ["libaio-missing"]
    assert said.of("libaio-missing")["remedy"]["commands"] == [["apt-get", "install", "-y", "libaio-dev"]]


@pytest.mark.parametrize("of_pip", [True, False])
def test_no_curand_for_the_linker_beside_deepspeed(t4: World, empty_env: Path, of_pip: bool) -> None:
    """https://github.com/deepspeedai/DeepSpeed/issues/889: "cannot find -lcurand"; pip's has another name."""
    torch(empty_env, "2.1.0+cu121", "12.1")
    builder = "class TorchCPUOpBuilder:\n    def extra_ldflags(self):\n        return ['-lcurand']\n"
    install(empty_env, "deepspeed", "0.11.1", {"deepspeed/ops/op_builder/builder.py": builder})
    if of_pip:
        install(empty_env, "nvidia-curand-cu12", "10.3.2", {"nvidia/curand/lib/libcurand.so.10": ""})
    nvcc(with_tools(t4), "12.1")
    said = see(t4, empty_env)
    assert said.complaints == ["curand-link-missing"]
    first = said.of("curand-link-missing")["remedy"]["commands"][0]
    assert first[0] == "ln" if of_pip else first[-1] == "libcurand-dev-12-1"
    t4.put("/usr/local/cuda/lib64/libcurand.so")
    assert see(t4, empty_env).complaints == []


def test_a_compiler_without_the_headers_of_the_c_library(t4: World, empty_env: Path) -> None:
    """apt-get install --no-install-recommends gcc: "stdlib.h: No such file or directory"."""
    torch(empty_env, "2.4.0", "12.1")
    install(empty_env, "triton", "3.0.0")
    install(empty_env, "vllm", "0.5.4")
    assert see(well(t4), empty_env).complaints == []
    assert see(t4, empty_env, "/usr/include/stdio.h").complaints == ["c-headers-missing"]


def test_a_compiler_that_is_named_and_not_there(t4: World, empty_env: Path) -> None:
    """CC of a conda environment that was removed or moved."""
    torch(empty_env, "2.4.0", "12.1")
    install(empty_env, "triton", "3.0.0")
    gone = "/opt/conda/envs/old/bin/x86_64-conda-linux-gnu-cc"
    said = see(well(t4), empty_env, CC=gone)
    assert said.complaints == ["c-compiler-missing"]
    assert gone in said.of("c-compiler-missing")["evidence"]
    assert said.of("c-compiler-missing")["remedy"]["commands"] == [["unset", "CC"]]
