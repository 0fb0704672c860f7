"""Variables that steer CUDA, torch and NCCL: left on, misspelt, or naming what is not there."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.faults.gpu.world import World, working

HERE = "lo"  # each machine has it


def told(world: World, **environ: str) -> dict[str, str]:
    """What is said of a machine with these variables, at which severity; what its cards lack is not of interest."""
    said = world.diagnose(**environ)
    return {
        f["id"]: f["severity"] for f in said.findings if f["area"] == "gpu" and f["id"] != "gpu-before-ampere"
    }


# --- compiling -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["CUDA_FORCE_PTX_JIT", "CUDA_FORCE_JIT"])
def test_compiled_code_is_to_be_ignored(t4: World, name: str) -> None:
    assert told(t4, **{name: "1"}) == {"cuda-ptx-jit-forced": "fail"}


def test_the_newest_cards_may_live_with_it(bare: World) -> None:
    world = working(bare, "rtx5090", is_open=True)
    assert told(world, CUDA_FORCE_PTX_JIT="1") == {"cuda-ptx-jit-forced": "warn"}


@pytest.mark.parametrize("name", ["CUDA_DISABLE_PTX_JIT", "CUDA_DISABLE_JIT"])
def test_nothing_may_be_compiled(t4: World, name: str) -> None:
    assert told(t4, **{name: "1"}) == {"cuda-ptx-jit-disabled": "warn"}


def test_where_it_is_set_is_told(t4: World) -> None:
    (t4.folder / "home").mkdir()
    (t4.folder / "home/.bashrc").write_text("# for a test\nexport CUDA_DISABLE_PTX_JIT=1\n")
    said = t4.diagnose(CUDA_DISABLE_PTX_JIT="1")
    assert "~/.bashrc:2" in said.of("cuda-ptx-jit-disabled")["evidence"]
    assert said.of("cuda-ptx-jit-disabled")["remedy"]["commands"] == [["unset", "CUDA_DISABLE_PTX_JIT"]]


@pytest.mark.parametrize("name", ["CUDA_HOME", "CUDA_PATH"])
@pytest.mark.parametrize("value", ["/usr/local/cuda-11.8", "~/cuda", "/etc/passwd", '"/usr/local/cuda"'])
def test_a_toolkit_that_is_not_there(t4: World, name: str, value: str) -> None:
    assert told(t4, **{name: value}) == {"cuda-home-wrong": "warn"}


def test_a_toolkit_without_its_compiler_is_worth_knowing(t4: World) -> None:
    t4.put("/usr/local/cuda/lib64/libcudart.so.12", "x")
    assert told(t4, CUDA_HOME="/usr/local/cuda") == {"cuda-home-wrong": "info"}


def test_a_toolkit_that_is_there(t4: World) -> None:
    t4.put("/usr/local/cuda/bin/nvcc", "#!/bin/sh\n")
    assert told(t4, CUDA_HOME="/usr/local/cuda", CUDA_PATH="/usr/local/cuda/") == {}


@pytest.mark.parametrize(
    ("card", "value"),
    [
        ("t4", "8.0;8.6;9.0+PTX"),
        ("a10", "8.9"),
        ("a10", "7.0 7.5"),
        ("h100", "8.0;8.6"),
        ("h100", "10.0a"),
        ("a100", "9.0a"),
        ("a100", "sm_80"),
        ("a100", "8.0,8.6"),
        ("a100", "Hopper"),
        ("rtx5090", "7.5;8.0;8.6;8.9;9.0"),
    ],
)
def test_extensions_that_would_not_run_here(bare: World, card: str, value: str) -> None:
    world = working(bare, card, is_open=card == "rtx5090")
    assert told(world, TORCH_CUDA_ARCH_LIST=value) == {"torch-arch-list-without-gpu": "warn"}


@pytest.mark.parametrize(
    ("card", "value"),
    [
        ("t4", "7.5"),
        ("t4", "7.0+PTX"),
        ("t4", "native"),
        ("a10", "8.0"),
        ("a10", "5.2 6.0 6.1 7.0 7.5 8.0+PTX"),
        ("rtx4090", "8.6"),
        ("rtx4090", "Ampere"),
        ("h100", "8.0;9.0a"),
        ("rtx5090", "9.0+PTX"),
    ],
)
def test_extensions_that_would_run_here(bare: World, card: str, value: str) -> None:
    assert told(working(bare, card, is_open=card == "rtx5090"), TORCH_CUDA_ARCH_LIST=value) == {}


def test_each_kind_of_card_is_asked_for(bare: World) -> None:
    world = working(bare, "a100", 2).says("1 name Tesla T4", "1 cc 7.5")
    said = world.diagnose(TORCH_CUDA_ARCH_LIST="8.0")
    assert "Tesla T4 7.5" in said.of("torch-arch-list-without-gpu")["evidence"]
    assert said.of("torch-arch-list-without-gpu")["remedy"]["commands"][0][-1].endswith("7.5;8.0")


# --- keeping -------------------------------------------------------------------------------------------


def test_what_is_compiled_cannot_be_kept(t4: World) -> None:
    t4.put("/srv/cache", "a file")
    assert told(t4, CUDA_CACHE_PATH="/srv/cache") == {"cuda-cache-not-writable": "warn"}
    assert told(t4, CUDA_CACHE_PATH="/srv/cache/below") == {"cuda-cache-not-writable": "warn"}


def test_a_cache_of_somebody_else(t4: World) -> None:
    (t4.folder / "root/srv/theirs").mkdir(parents=True, mode=0o555)
    t4.inner = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--"]
    assert told(t4, CUDA_CACHE_PATH="/srv/theirs") == {"cuda-cache-not-writable": "warn"}


def test_a_cache_that_can_be_kept(t4: World) -> None:
    assert told(t4, CUDA_CACHE_PATH="/srv/not-made-yet/cuda", CUDA_CACHE_DISABLE="0") == {}


def test_nothing_is_kept_as_images_have_it(t4: World) -> None:
    assert told(t4, CUDA_CACHE_DISABLE="1") == {"cuda-cache-disabled": "info"}


# --- left on -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "finding"),
    [
        ("CUDA_LAUNCH_BLOCKING", "1", "cuda-launch-blocking-left-on"),
        ("PYTORCH_NO_CUDA_MEMORY_CACHING", "1", "cuda-memory-caching-off"),
        ("PYTORCH_NO_CUDA_MEMORY_CACHING", "0", "cuda-memory-caching-off"),
    ],
)
def test_what_is_for_finding_errors(t4: World, name: str, value: str, finding: str) -> None:
    assert told(t4, **{name: value}) == {finding: "warn"}


def test_in_notebooks_only(t4: World) -> None:
    spec = {"argv": ["python"], "env": {"CUDA_LAUNCH_BLOCKING": "1"}}
    kernels = t4.folder / "home/.local/share/jupyter/kernels/course"
    kernels.mkdir(parents=True)
    (kernels / "kernel.json").write_text(json.dumps(spec))
    said = t4.diagnose()
    assert said.complaints == ["cuda-launch-blocking-left-on"]
    assert "kernelspec course" in said.of("cuda-launch-blocking-left-on")["evidence"]


@pytest.mark.usefixtures("alone")
def test_in_a_running_notebook_only(t4: World) -> None:
    """The shell no longer sets it, and what was started before goes on with it."""
    code = "import time; time.sleep(60)"
    kernel = subprocess.Popen(
        [sys.executable, "-c", code, "ipykernel_launcher"], env={"PYTORCH_NO_CUDA_MEMORY_CACHING": "1"}
    )
    try:
        said = t4.diagnose()
    finally:
        kernel.kill()
        kernel.wait()
    assert said.complaints == ["cuda-memory-caching-off"]
    assert f"notebook kernel {kernel.pid}" in said.of("cuda-memory-caching-off")["evidence"]


@pytest.mark.parametrize(
    "name",
    [
        "CUDA_LAUNCH_BLOCKING",
        "CUDA_FORCE_PTX_JIT",
        "CUDA_DISABLE_PTX_JIT",
        "CUDA_CACHE_DISABLE",
        "NCCL_P2P_DISABLE",
    ],
)
@pytest.mark.parametrize("value", ["0", ""])
def test_what_is_switched_off(bare: World, name: str, value: str) -> None:
    assert told(working(bare, "a100", 2), **{name: value}) == {}


# --- cards and tools -----------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["PCI_BUS", "pci_bus_id", "PCI-BUS-ID", '"PCI_BUS_ID"'])
def test_an_order_that_cuda_does_not_know(bare: World, value: str) -> None:
    assert told(working(bare, "a100", 2), CUDA_DEVICE_ORDER=value) == {"cuda-device-order-unknown": "warn"}


def test_one_card_needs_no_order(t4: World) -> None:
    assert told(t4, CUDA_DEVICE_ORDER="PCI_BUS") == {"cuda-device-order-unknown": "info"}


@pytest.mark.parametrize("value", ["PCI_BUS_ID", "FASTEST_FIRST"])
def test_an_order(bare: World, value: str) -> None:
    assert told(working(bare, "a100", 2), CUDA_DEVICE_ORDER=value) == {}


def test_a_tool_of_cuda_that_is_gone(t4: World) -> None:
    gone = "/opt/nvidia/nsight/libToolsInjection64.so"
    assert told(t4, CUDA_INJECTION64_PATH=gone) == {"cuda-injection-missing": "warn"}
    t4.put(gone, "not a library")
    assert told(t4, CUDA_INJECTION64_PATH=gone) == {"cuda-injection-missing": "warn"}
    t4.put(gone, t4.cuda.read_bytes())
    assert told(t4, CUDA_INJECTION64_PATH=gone) == {}


def test_a_tool_that_is_gone_explains_cuda(t4: World) -> None:
    said = t4.diagnose("--deep", CUDA_INJECTION64_PATH="/opt/gone.so", FAKE_CUDA="3")
    assert said.of("cuda-does-not-start")["blocked_by"] == ["cuda-injection-missing"]


# --- several processes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", ["eth99", "=eth99", "eth98,eth99", "=l", f"^{HERE},e,b,w,d,v,t,i,c,s,g,n,o,h,u,p"]
)
def test_nccl_is_sent_over_an_interface_that_is_not_here(bare: World, value: str) -> None:
    world = working(bare, "a100", 2)
    assert told(world, NCCL_SOCKET_IFNAME=value) == {"nccl-interface-missing": "warn"}


@pytest.mark.parametrize(
    "value", [HERE, f"={HERE}", "l", f"eth99,{HERE}", "^lo,docker,veth", "^lo,eth99", f"{HERE}:29500"]
)
def test_nccl_is_sent_over_an_interface_that_is_here(bare: World, value: str) -> None:
    assert told(working(bare, "a100", 2), NCCL_SOCKET_IFNAME=value) == {}


@pytest.mark.parametrize("path", ["/etc/nccl.conf", "~/.nccl.conf"])
def test_a_file_of_nccl_sends_it_there(bare: World, path: str) -> None:
    world = working(bare, "a100", 2)
    lines = "# of the old machine\nNCCL_DEBUG=WARN\nNCCL_SOCKET_IFNAME=eth99\n"
    if path.startswith("/"):
        world.put(path, lines)
    else:
        (world.folder / "home").mkdir()
        (world.folder / "home/.nccl.conf").write_text(lines)
    said = world.diagnose()
    assert said.complaints == ["nccl-interface-missing"]
    ((editor, edited),) = said.of("nccl-interface-missing")["remedy"]["commands"]
    assert editor == "$EDITOR" and edited.endswith("nccl.conf")
    assert told(world, NCCL_SOCKET_IFNAME=HERE) == {}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("eth99", {"nccl-interface-missing": "warn"}),
        (f"{HERE},eth99", {"nccl-interface-missing": "warn"}),
        ("l", {"nccl-interface-missing": "warn"}),
        (HERE, {}),
    ],
)
def test_gloo_takes_whole_names(bare: World, value: str, expected: dict[str, str]) -> None:
    assert told(working(bare, "a100", 2), GLOO_SOCKET_IFNAME=value) == expected


def test_a_way_between_cards_that_is_switched_off(bare: World) -> None:
    assert told(working(bare, "a100", 2), NCCL_P2P_DISABLE="1") == {"nccl-way-switched-off": "info"}


def test_with_one_card_there_is_no_way_between(t4: World) -> None:
    assert told(t4, NCCL_P2P_DISABLE="1") == {}


def test_without_a_card_nothing_is_said(bare: World) -> None:
    said = bare.diagnose(CUDA_HOME="/gone", CUDA_LAUNCH_BLOCKING="1", NCCL_SOCKET_IFNAME="eth99")
    assert [f["id"] for f in said.findings if f["area"] == "gpu"] == ["gpu-none"]


def test_variables_of_an_image_of_nvidia(bare: World) -> None:
    """As nvcr.io/nvidia/pytorch sets them."""
    world = working(bare, "h100").in_container().put("/usr/local/cuda/bin/nvcc", "#!/bin/sh\n")
    said = world.diagnose(
        CUDA_HOME="/usr/local/cuda",
        CUDA_CACHE_DISABLE="1",
        TORCH_CUDA_ARCH_LIST="7.5 8.0 8.6 9.0 10.0 12.0+PTX",
        NVIDIA_VISIBLE_DEVICES="all",
        NVIDIA_DRIVER_CAPABILITIES="compute,utility,video",
    )
    assert said.complaints == []
