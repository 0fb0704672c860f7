"""Cards that work, and what tempts to complain."""

from __future__ import annotations

import pytest

from tests.faults.gpu.world import CARDS, World, windows, working


@pytest.mark.parametrize("card", sorted(CARDS))
def test_a_working_card_is_judged_well(bare: World, card: str) -> None:
    assert working(bare, card, is_open=card == "rtx5090").diagnose().complaints == []


@pytest.mark.parametrize("card", sorted(CARDS))
def test_what_cards_before_ampere_lack_is_told(bare: World, card: str) -> None:
    said = working(bare, card, is_open=card == "rtx5090").diagnose()
    told = [f["severity"] for f in said.findings if f["id"] == "gpu-before-ampere"]
    assert told == (["info"] if card in ("p100", "t4", "v100") else [])


def test_a_working_card_in_a_container(t4: World) -> None:
    assert t4.in_container().diagnose(NVIDIA_VISIBLE_DEVICES="all").complaints == []


def test_no_card_at_all(bare: World) -> None:
    said = bare.diagnose()
    assert [f["id"] for f in said.findings if f["area"] == "gpu"] == ["gpu-none"] and said.complaints == []
    assert said.code == 0


def test_eight_cards_with_the_fabric_set_up(bare: World) -> None:
    assert working(bare, "h100", 8).diagnose().complaints == []


def test_a_slice_in_a_container(bare: World) -> None:
    uuid = "MIG-11111111-2222-3333-4444-555555555555"
    world = working(bare, "a100").in_container().says("0 mig 1", f"0 slice {uuid}", "0 noprocesses 1")
    assert world.diagnose(CUDA_VISIBLE_DEVICES=uuid).complaints == []


def test_what_tempts_to_complain(bare: World) -> None:
    """At its power limit, one of several GPUs chosen, a program's own Xid, an unused compatibility library."""
    world = (
        working(bare, "a100", 2)
        .says("0 reasons 4", "0 used 500")
        .library("570.86.10", "/opt/compat", nvml=False)
    )
    (world.folder / "kmsg").write_text("6,1,1,-;NVRM: Xid (PCI:0000:01:00): 31, pid=1, name=python3\n")
    assert world.diagnose(CUDA_VISIBLE_DEVICES="1").complaints == []


def test_windows_subsystem(bare: World) -> None:
    assert windows(bare).diagnose().complaints == []
