"""GPUs of other makers on a PCI bus that is made here."""

from __future__ import annotations

from pathlib import Path

import pytest

from doctor.probes.gpu.cards import pci
from doctor.wheels.tables import other_of


def bus(root: Path, *devices: tuple[str, str]) -> Path:
    for number, (vendor, kind) in enumerate(devices):
        folder = root / f"0000:{number:02x}:00.0"
        folder.mkdir(parents=True)
        (folder / "vendor").write_text(f"{vendor}\n")
        (folder / "class").write_text(f"{kind}\n")
    return root


@pytest.mark.parametrize("vendor", ["0x1002", "0x8086", "0x1ed5", "0x1d94"])
def test_a_graphics_card_of_another_maker_is_known(tmp_path: Path, vendor: str) -> None:
    assert pci.others(bus(tmp_path, (vendor, "0x030000"), ("0x10de", "0x030200"))) == (vendor,)
    assert other_of(vendor), "there is something to say of it"


def test_of_huawei_only_the_accelerator_is_one_and_not_the_servers_screen(tmp_path: Path) -> None:
    assert pci.others(bus(tmp_path / "server", ("0x19e5", "0x030000"))) == ()
    assert pci.others(bus(tmp_path / "ascend", ("0x19e5", "0x120000"))) == ("0x19e5",)
    assert pci.others(bus(tmp_path / "aspeed", ("0x1a03", "0x030000"))) == ()
