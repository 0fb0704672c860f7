"""Variables of CUDA and torch, as people have reported them; each named at first sight."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.dists import install
from tests.faults.gpu.world import World

EXTENSION = """
def _get_cuda_arch_flags(cflags=None):
    named_arches = collections.OrderedDict([
        ('Kepler+Tesla', '3.7'),
        ('Kepler', '3.5+PTX'),
        ('Turing', '7.5+PTX'),
        ('Ampere', '8.0;8.6+PTX'),
    ])

    supported_arches = ['3.5', '3.7', '5.0', '5.2', '5.3', '6.0', '6.1', '6.2',
                        '7.0', '7.2', '7.5', '8.0', '8.6']
"""
TOLD = "gpu,torch"


def told(world: World, env: Path, **more: str) -> list[str]:
    said = world.diagnose(areas=TOLD, TARGET=str(env), **more)
    return [
        one["id"] for one in said.findings if one["area"] == "gpu" and one["severity"] in ("fail", "warn")
    ]


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (":/usr/local/cuda", ["cuda-home-is-a-list"]),
        ("/opt/cuda-9.9:/usr/local/cuda/", ["cuda-home-is-a-list"]),
        ("/opt/cuda-9.9:/opt/cuda-9.8", ["cuda-home-wrong"]),
        ("/usr/local/cuda", []),
    ],
)
def test_a_list_where_one_folder_is_asked_for(
    t4: World, empty_env: Path, value: str, names: list[str]
) -> None:
    """https://github.com/zhanghang1989/PyTorch-Encoding/issues/297: ":/usr/local/cuda/bin/nvcc: not found"."""
    t4.put("/usr/local/cuda/bin/nvcc", "#!/bin/sh\n")
    home = t4.folder / "home"
    home.mkdir(exist_ok=True)
    (home / ".bashrc").write_text(f"export CUDA_HOME={value}\n")
    assert told(t4, empty_env, CUDA_HOME=value) == names
    if "cuda-home-is-a-list" in names:
        said = t4.diagnose(areas=TOLD, CUDA_HOME=value).of("cuda-home-is-a-list")
        assert said["remedy"]["commands"] == [["export", "CUDA_HOME=/usr/local/cuda"]]
        assert ".bashrc:1" in said["evidence"]


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("7.0 7.5 8.0 8.6 9.0+PTX", ["torch-arch-list-unknown-to-torch"]),
        ("7.5,8.0", ["torch-arch-list-unknown-to-torch"]),
        ("Hopper;Turing", ["torch-arch-list-unknown-to-torch"]),
        ("Kepler+Tesla;Turing", []),
        ("7.5+PTX", []),
        ("8.0", ["torch-arch-list-without-gpu"]),
    ],
)
def test_architectures_that_this_torch_does_not_know(
    t4: World, empty_env: Path, value: str, names: list[str]
) -> None:
    """https://github.com/OpenBMB/BMTrain/issues/83: "Unknown CUDA arch (9.0+PTX) or GPU not supported"."""
    install(empty_env, "torch", "1.13.1", {"torch/utils/cpp_extension.py": EXTENSION})
    assert told(t4, empty_env, TORCH_CUDA_ARCH_LIST=value) == names


def test_numbers_of_unlike_cards(bare: World, empty_env: Path) -> None:
    """https://github.com/gpustack/gpustack/issues/3744: two A5000 are chosen, and a Quadro K620 is used."""
    cards = (("NVIDIA RTX A5000", 0x2231, "8.6", 24564), ("Quadro K620", 0x13BB, "5.0", 2048))
    for number, (name, device, capability, memory) in enumerate((*cards, cards[0])):
        bare.card(number, device).node(f"nvidia{number}")
        bare.says(f"{number} name {name}", f"{number} cc {capability}", f"{number} memory {memory}")
    version = "570.133.07"
    bare.loaded(version).library(version).says(f"driver {version}").node("nvidiactl", "nvidia-uvm")
    assert told(bare, empty_env, CUDA_VISIBLE_DEVICES="0,1") == ["cuda-numbers-cards-otherwise"]
    assert told(bare, empty_env) == []
    assert told(bare, empty_env, CUDA_VISIBLE_DEVICES="0") == []  # the same card by either rule
    assert told(bare, empty_env, CUDA_VISIBLE_DEVICES="0,1", CUDA_DEVICE_ORDER="PCI_BUS_ID") == []
