"""Settings and tools of the run time that do not suit the torch or the card, as people have reported them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.dists import install
from tests.faults.gpu.world import DRIVER, World
from tests.faults.reported.builds import nvcc, program, see, torch, well


@pytest.mark.parametrize(
    ("version", "value", "complaints"),
    [
        ("2.0.1+cu118", "expandable_segments:True", ["allocator-option-not-in-torch"]),
        (
            "1.11.0+cu113",
            "max_split_size_mb:512,garbage_collection_threshold:0.6",
            ["allocator-option-not-in-torch"],
        ),
        ("1.9.0+cu111", "garbage_collection_threshold:0.6", []),  # nobody reads it there
        ("2.1.0+cu118", "expandable_segments:True", []),
        ("2.0.1+cu118", "max_split_size_mb:512", []),
    ],
)
def test_an_option_of_a_newer_torch(
    t4: World, empty_env: Path, version: str, value: str, complaints: list[str]
) -> None:
    """https://github.com/ZhengPeng7/BiRefNet/issues/179: "Unrecognized CachingAllocator option: expandable_segments"."""
    torch(empty_env, version, "11.8")
    said = see(t4, empty_env, PYTORCH_CUDA_ALLOC_CONF=value)
    assert [one for one in said.complaints if "torch-cuda" not in one] == complaints
    if complaints:
        assert said.of(complaints[0])["remedy"]["commands"] == [["unset", "PYTORCH_CUDA_ALLOC_CONF"]]


@pytest.mark.parametrize(
    ("capability", "release", "complaints"),
    [("12.1", "12.8", ["triton-ptxas-too-old"]), ("12.1", "12.9", []), ("12.0", "12.4", [])],
)
def test_an_assembler_older_than_the_card(
    bare: World, empty_env: Path, capability: str, release: str, complaints: list[str]
) -> None:
    """https://github.com/triton-lang/triton/issues/8539: "Value 'sm_121a' is not defined for option 'gpu-name'"."""
    world = well(
        bare.card(0, 0x2E12).loaded(is_open=True).node("nvidia0", "nvidiactl", "nvidia-uvm").library()
    )
    world.says(f"driver {DRIVER}", "0 name NVIDIA GB10", f"0 cc {capability}", "0 memory 122880")
    torch(empty_env, "2.10.0.dev20251015+cu130", "13.0")
    words = (
        b"\x7fELF" + b"\0" * 2_000_000 + f"Cuda compilation tools, release {release}, V{release}.93".encode()
    )
    install(
        empty_env,
        "pytorch-triton",
        "3.5.0+git0",
        {"triton/__init__.py": "", "triton/backends/nvidia/bin/ptxas": words},
    )
    program(nvcc(world, "13.0"), "/usr/local/cuda/bin/ptxas")
    said = see(world, empty_env)
    assert said.complaints == complaints
    if complaints:
        line = said.of("triton-ptxas-too-old")["remedy"]["commands"][0]
        assert line == ["export", "TRITON_PTXAS_PATH=/usr/local/cuda/bin/ptxas"]
        assert see(world, empty_env, **dict([line[1].split("=")])).complaints == []
