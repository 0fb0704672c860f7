"""The driver is loaded, and NVML lists nothing."""

from __future__ import annotations

import time

from tests.faults.gpu.world import World, working


def test_library_of_another_version(bare: World) -> None:
    world = bare.card(0, 0x1EB8).loaded("550.144.03").node("nvidia0", "nvidiactl", "nvidia-uvm")
    said = world.library("535.261.03").says("init 18").diagnose()
    assert said.failed == ["driver-library-version-mismatch"]
    title = said.of(said.failed[0])["title"]
    assert "535.261.03" in title and "550.144.03" in title


def test_several_libraries_the_right_one_first(t4: World) -> None:
    assert t4.library("535.261.03", "/usr/local/lib/old").diagnose().complaints == []


def test_no_library(bare: World) -> None:
    world = bare.card(0, 0x1EB8).loaded().node("nvidia0", "nvidiactl", "nvidia-uvm")
    assert world.diagnose().failed == ["driver-libraries-missing"]


def test_libraries_outside_the_search_path(bare: World) -> None:
    world = bare.card(0, 0x1EB8).loaded().node("nvidia0", "nvidiactl", "nvidia-uvm")
    said = world.library(folder="/usr/local/nvidia/lib64").diagnose()
    assert said.failed == ["driver-libraries-missing"]
    assert "/usr/local/nvidia/lib64/libnvidia-ml.so.1" in said.of(said.failed[0])["evidence"]


def test_lost(t4: World) -> None:
    assert t4.says("0 lost 15").diagnose().failed == ["gpu-lost"]


def test_one_of_eight_lost(bare: World) -> None:
    world = working(bare, "h100", 8).says("3 lost 15")
    (world.folder / "kmsg").write_text(
        "3,1,1,-;NVRM: Xid (PCI:0000:04:00): 79, pid=1, GPU has fallen off the bus.\n"
    )
    said = world.diagnose()
    assert said.failed == ["gpu-lost"]
    assert said.complaints == ["gpu-lost"]


def test_off_the_bus(t4: World) -> None:
    t4.card(0, 0x1EB8, answers=False).says("init 9")
    assert t4.diagnose().failed == ["gpu-lost"]


def test_nvml_hangs(t4: World) -> None:
    """It costs its deadline; the child that hangs is ended."""
    before = time.monotonic()
    said = t4.says("hang 300").diagnose()
    assert said.failed == ["nvml-hangs"]
    assert time.monotonic() - before < 20


def test_nvml_is_only_slow(t4: World) -> None:
    assert t4.says("hang 3").diagnose().complaints == []


def test_nvml_ends_its_process(t4: World) -> None:
    said = t4.says("crash 1").diagnose()
    assert said.failed == ["driver-not-answering"]
    assert "signal 11" in said.of("driver-not-answering")["evidence"]


def test_a_card_newer_than_its_driver(bare: World) -> None:
    world = bare.card(0, 0x2B85).loaded("550.144.03", is_open=True).node("nvidia0", "nvidiactl")
    assert world.library("550.144.03").diagnose().failed == ["driver-too-old-for-gpu"]


def test_a_card_that_the_driver_has_dropped(bare: World) -> None:
    world = bare.card(0, 0x1DB1).loaded("590.48.01").node("nvidia0", "nvidiactl").library("590.48.01")
    assert world.diagnose().failed == ["driver-too-new-for-gpu"]


def test_blackwell_with_the_closed_module(bare: World) -> None:
    world = bare.card(0, 0x2B85).loaded().node("nvidia0", "nvidiactl").library()
    assert world.diagnose().failed == ["gpu-needs-open-module"]
