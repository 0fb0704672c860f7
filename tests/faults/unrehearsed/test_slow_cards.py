"""Cards that work, more slowly than they should, and cards beside them that nobody has."""

from __future__ import annotations

import pytest

from tests.faults.gpu.world import World, working

BESIDE, GT_710 = 1, 0x128B


def lanes(world: World, now: str, most: str, number: int = 0) -> World:
    place = f"bus/pci/devices/0000:{number + 1:02x}:00.0"
    world.put(f"{place}/current_link_width", f"{now}\n", "sys")
    return world.put(f"{place}/max_link_width", f"{most}\n", "sys")


@pytest.mark.parametrize(
    ("bits", "told"),
    [
        ("0x20", "SW thermal slowdown"),
        ("0x68", "SW thermal slowdown, HW thermal slowdown"),
        ("0x88", "HW power brake"),
        ("0x08", "HW slowdown"),
    ],
)
def test_what_slows_a_card_down(t4: World, bits: str, told: str) -> None:
    said = t4.says(f"0 reasons {bits}").diagnose()
    assert said.complaints == ["gpu-throttled"]
    assert said.of("gpu-throttled")["evidence"].endswith(f": {told}")


@pytest.mark.parametrize("bits", ["0x0", "0x1", "0x2", "0x4", "0x10", "0x100"])
def test_clocks_that_are_lower_for_good_reasons(t4: World, bits: str) -> None:
    """Idle, set by somebody, at the power limit, in step with others, for the screen."""
    assert t4.says(f"0 reasons {bits}").diagnose().complaints == []


def test_a_change_of_clocks_is_no_slowdown(t4: World) -> None:
    assert t4.says("0 moment 0x08").diagnose().complaints == []


def test_each_slowed_card_is_named(bare: World) -> None:
    said = working(bare, "a100", 3).says("0 reasons 0x20", "2 reasons 0x40").diagnose()
    assert said.complaints == ["gpu-throttled"]
    assert all(f"GPU {number}" in said.of("gpu-throttled")["evidence"] for number in (0, 2))


@pytest.mark.parametrize("link", ["1 16", "2 16", "4 16", "1 4", "2 8"])
def test_lanes_that_were_lost(t4: World, link: str) -> None:
    said = t4.says(f"0 link {link}").diagnose()
    assert said.complaints == ["gpu-pcie-link-narrow"]
    assert said.of("gpu-pcie-link-narrow")["severity"] == "warn"


def test_the_kernel_alone_knows_of_the_lanes(t4: World) -> None:
    assert lanes(t4, "1", "16").diagnose().complaints == ["gpu-pcie-link-narrow"]


def test_a_cable_with_few_lanes_is_worth_knowing(t4: World) -> None:
    said = lanes(t4.says("0 link 4 4"), "4", "16").diagnose()
    assert said.complaints == [] and said.of("gpu-pcie-link-narrow")["severity"] == "info"


@pytest.mark.parametrize("link", ["16 16", "8 16", "4 8", "4 4"])
def test_lanes_enough(t4: World, link: str) -> None:
    now, most = link.split()
    said = lanes(t4.says(f"0 link {link}"), now, most).diagnose()
    assert "gpu-pcie-link-narrow" not in {one["id"] for one in said.findings}


@pytest.mark.parametrize(("now", "most"), [("0", "255"), ("16", "255"), ("63", "63"), ("Unknown", "16")])
def test_lanes_of_a_virtual_machine_mean_nothing(t4: World, now: str, most: str) -> None:
    said = lanes(t4, now, most).diagnose()
    assert "gpu-pcie-link-narrow" not in {one["id"] for one in said.findings}


def test_a_card_without_a_driver_beside_one_that_works(t4: World) -> None:
    said = t4.card(BESIDE, 0x1EB8, bound=None).diagnose()
    assert said.complaints == ["gpu-without-driver"]
    finding = said.of("gpu-without-driver")
    assert finding["severity"] == "warn" and "0000:02:00.0" in finding["evidence"]
    assert "0000:02:00.0" in str(finding["remedy"]["commands"])


@pytest.mark.parametrize("bound", ["vfio-pci", "pci-stub"])
def test_a_card_that_a_virtual_machine_has_beside_one_that_works(t4: World, bound: str) -> None:
    said = t4.card(BESIDE, 0x1EB8, bound=bound).diagnose()
    assert said.complaints == [] and bound in said.of("gpu-given-to-virtual-machine")["evidence"]


def test_an_old_card_for_the_screen(t4: World) -> None:
    said = t4.card(BESIDE, GT_710, bound=None).diagnose()
    assert said.complaints == [] and said.of("gpu-without-driver")["severity"] == "info"


def test_cards_of_the_host_are_not_missed_in_a_container(t4: World) -> None:
    assert t4.in_container().card(BESIDE, 0x1EB8, bound=None).diagnose().complaints == []
