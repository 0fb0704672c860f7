"""Variables with which CUDA or torch cannot use a card that works."""

from __future__ import annotations

import pytest

from tests.faults.gpu.world import World, working


@pytest.mark.parametrize(
    ("value", "severity"),
    [
        ('"0"', "fail"),
        ("'0,1'", "fail"),
        ("[0,1]", "fail"),
        ("0,0", "fail"),
        ("0;1", "warn"),
        ("0 1", "warn"),
        ("0，1", "warn"),
        ("0-1", "warn"),
    ],
)
def test_cards_chosen_in_a_way_that_cuda_does_not_read(bare: World, value: str, severity: str) -> None:
    """Quotation marks hide all; of what begins with a number, the number alone is taken."""
    said = working(bare, "a100", 2).diagnose(CUDA_VISIBLE_DEVICES=value)
    assert said.complaints == ["cuda-visible-devices-wrong"]
    assert said.of("cuda-visible-devices-wrong")["severity"] == severity


@pytest.mark.parametrize("value", ["0", "1,0", "0,1,", " 0", "GPU-00000001", "GPU-00000001,GPU-00000000"])
def test_cards_chosen_well(bare: World, value: str) -> None:
    assert working(bare, "a100", 2).diagnose(CUDA_VISIBLE_DEVICES=value).complaints == []


@pytest.mark.parametrize(
    "value",
    [
        "max_split_size_mb=128",
        "expandable_segments",
        "max_split_size_mb:10",
        "expandable_segment:True",
        '"expandable_segments:True"',
        "expandable_segments:true",
        "garbage_collection_threshold:2",
        "max_split_size_mb:128;expandable_segments:True",
    ],
)
def test_a_setting_at_which_torch_stops(t4: World, value: str) -> None:
    said = t4.diagnose(PYTORCH_CUDA_ALLOC_CONF=value)
    assert said.complaints == ["cuda-allocator-setting-malformed"]


@pytest.mark.parametrize(
    "value",
    [
        "",
        "expandable_segments:True",
        "max_split_size_mb: 128, garbage_collection_threshold:0.8",
        "roundup_power2_divisions:[256:1,512:2,>:4]",
        "backend:cudaMallocAsync,",
        "an_option_of_next_year:7",
    ],
)
def test_settings_that_torch_takes(t4: World, value: str) -> None:
    assert t4.diagnose(PYTORCH_CUDA_ALLOC_CONF=value).complaints == []


def test_memory_that_may_not_be_mapped_explains_cuda(t4: World) -> None:
    t4.inner = ["prlimit", "--as=8000000000", "--"]
    said = t4.diagnose("--deep", FAKE_CUDA="2")
    assert said.complaints == ["address-space-limit"]
    assert said.of("cuda-does-not-start")["blocked_by"] == ["address-space-limit"]
