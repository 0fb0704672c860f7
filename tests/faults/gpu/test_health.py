"""Sick, full, slow; and what a reader sees of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.gpu.world import World, working


@pytest.mark.parametrize("sign", ["0 ecc 3", "0 failed 1"])
def test_memory_with_errors(bare: World, sign: str) -> None:
    assert working(bare, "a100").says(sign).diagnose().failed == ["gpu-ecc-or-row-remap"]


@pytest.mark.parametrize("process", ["0 pid 3999999 78000", "0 mode 0"])
def test_memory_held_by_nobody_here(bare: World, process: str) -> None:
    assert working(bare, "a100").says("0 used 79000", process).diagnose().failed == ["gpu-memory-held"]


def test_memory_used_by_a_program_here(bare: World) -> None:
    program = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        said = working(bare, "a100").says("0 used 79000", f"0 pid {program.pid} 78000").diagnose()
    finally:
        program.kill()
        program.wait()
    assert said.complaints == []
    assert str(program.pid) in said.of("gpu-busy")["evidence"]


def test_for_one_process_at_a_time(t4: World) -> None:
    assert t4.says("0 mode 3", "0 pid 1 300").diagnose().failed == ["compute-mode-exclusive"]
    assert t4.says("0 mode 0").diagnose().failed == []


def test_slowed_down(t4: World) -> None:
    assert t4.says("0 reasons 0x48").diagnose().complaints == ["gpu-throttled"]


def test_the_driver_alone_is_named_across_areas(bare: World, course_env: Path) -> None:
    world = bare.card(0, 0x2684, bound=None)
    said = world.diagnose(areas="gpu,host,disk,python,torch", TARGET=str(course_env))
    assert said.failed == ["driver-not-installed"]


def test_nodes_are_listed_before_nvml_is_asked(t4: World) -> None:
    """As root, the real NVML makes nodes itself; what counts is what was there before."""
    t4.nodes = [node for node in t4.nodes if "uvm" not in node]
    assert t4.says("makes /dev/nvidia-uvm").diagnose().failed == ["nvidia-uvm-node-missing"]
