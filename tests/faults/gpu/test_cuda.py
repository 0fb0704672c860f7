"""Cards are listed, and CUDA is in the way."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.faults.gpu.world import World, working


def test_compatibility_library_on_a_desktop_card(bare: World) -> None:
    world = working(bare, "rtx4090").library("590.48.01", "/usr/local/cuda/compat", nvml=False)
    assert world.diagnose(LD_LIBRARY_PATH="/usr/local/cuda/compat").failed == [
        "cuda-compat-libs-shadow-driver"
    ]


def test_compatibility_library_on_a_data_centre_card(bare: World) -> None:
    world = working(bare, "h100").library("590.48.01", "/usr/local/cuda/compat", nvml=False)
    assert world.diagnose(LD_LIBRARY_PATH="/usr/local/cuda/compat").failed == []


def test_no_node_for_cuda_memory(t4: World) -> None:
    t4.nodes = [node for node in t4.nodes if "uvm" not in node]
    assert t4.diagnose().failed == ["nvidia-uvm-node-missing"]


def test_a_node_whose_module_is_gone(t4: World) -> None:
    t4.nodes = [node for node in t4.nodes if "uvm" not in node]
    assert t4.node("nvidia-uvm", number="509 0").diagnose().failed == ["nvidia-uvm-node-missing"]


@pytest.mark.parametrize("value", ["", "-1", "7", "GPU-99999999"])
def test_hidden_from_the_shell(t4: World, value: str) -> None:
    (t4.folder / "home").mkdir()
    (t4.folder / "home/.bashrc").write_text(f"# mine\nexport CUDA_VISIBLE_DEVICES={value}\n")
    said = t4.diagnose(CUDA_VISIBLE_DEVICES=value)
    assert said.failed == ["cuda-visible-devices-wrong"]
    assert "~/.bashrc:2" in said.of(said.failed[0])["evidence"]


def test_hidden_from_notebooks_only(t4: World) -> None:
    spec = {"argv": ["python"], "env": {"CUDA_VISIBLE_DEVICES": ""}}
    kernels = t4.folder / "home/.local/share/jupyter/kernels/course"
    kernels.mkdir(parents=True)
    (kernels / "kernel.json").write_text(json.dumps(spec))
    said = t4.diagnose()
    assert said.failed == ["cuda-visible-devices-wrong"]
    assert "kernelspec course" in said.of(said.failed[0])["evidence"]


@pytest.mark.usefixtures("alone")
def test_hidden_from_a_running_notebook(t4: World) -> None:
    code = "import time; time.sleep(60)"
    kernel = subprocess.Popen(
        [sys.executable, "-c", code, "ipykernel_launcher"], env={"CUDA_VISIBLE_DEVICES": "5"}
    )
    try:
        said = t4.diagnose()
    finally:
        kernel.kill()
        kernel.wait()
    assert said.failed == ["cuda-visible-devices-wrong"]
    assert f"notebook kernel {kernel.pid}" in said.of(said.failed[0])["evidence"]


def test_cuda_itself_is_asked_with_deep(t4: World) -> None:
    """For what no file shows; where something does, that is the cause."""
    assert t4.diagnose("--deep").complaints == []
    assert t4.diagnose("--deep", FAKE_CUDA="999").failed == ["cuda-does-not-start"]
    t4.nodes = [node for node in t4.nodes if "uvm" not in node]
    said = t4.diagnose("--deep", FAKE_CUDA="999")
    assert said.failed == ["nvidia-uvm-node-missing"]
    assert said.of("cuda-does-not-start")["blocked_by"] == ["nvidia-uvm-node-missing"]


def test_slices_wanted_but_none_made(bare: World) -> None:
    assert working(bare, "a100").says("0 mig 1").diagnose().failed == ["mig-mode"]


def test_no_fabric_manager(bare: World) -> None:
    world = working(bare, "h100", 8).says(*(f"{number} fabric 1" for number in range(8)))
    assert world.diagnose().failed == ["fabric-manager-not-running"]


def test_fabric_manager_of_another_release(bare: World) -> None:
    world = (
        working(bare, "h100", 8).says("0 fabric 1").packages(**{"nvidia-fabricmanager-580": "580.126.09-1"})
    )
    said = world.diagnose()
    assert said.failed == ["fabric-manager-version-mismatch"]
    assert ["systemctl", "restart", "nvidia-fabricmanager"] in said.of(said.failed[0])["remedy"]["commands"]
