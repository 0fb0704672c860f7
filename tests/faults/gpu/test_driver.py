"""No driver in the kernel."""

from __future__ import annotations

import platform

import pytest

from tests.faults.gpu.world import DRIVER, World

KERNEL = platform.release()


@pytest.fixture
def without_driver(bare: World) -> World:
    return bare.card(0, 0x2684, bound=None).library().says("init 9")


def test_driver_not_installed(bare: World) -> None:
    said = bare.card(0, 0x2684, bound=None).diagnose()
    assert said.failed == ["driver-not-installed"]
    assert "0000:01:00.0 [10de:2684]" in said.of("driver-not-installed")["evidence"]


def test_libraries_alone_are_no_driver(without_driver: World) -> None:
    said = without_driver.packages(**{"libnvidia-compute-580": f"{DRIVER}-0ubuntu1"}).diagnose()
    assert said.failed == ["driver-not-installed"]


def test_module_for_another_kernel_only(without_driver: World) -> None:
    without_driver.put("/lib/modules/6.8.0-85-generic/updates/dkms/nvidia.ko", "x")
    said = without_driver.put(f"/lib/modules/{KERNEL}/kernel/drivers/video/other.ko", "x").diagnose()
    assert said.failed == ["driver-module-missing-for-running-kernel"]
    assert "6.8.0-85-generic" in said.of(said.failed[0])["evidence"]


def test_module_not_built_after_a_kernel_update(without_driver: World) -> None:
    said = without_driver.packages(**{"nvidia-dkms-580": f"{DRIVER}-0ubuntu1"}).diagnose()
    assert said.failed == ["driver-module-missing-for-running-kernel"]


@pytest.mark.parametrize(
    "file", ["updates/dkms/nvidia.ko", "kernel/nvidia-580srv/nvidia.ko.zst", "extra/nvidia.ko.xz"]
)
def test_module_not_loaded(without_driver: World, file: str) -> None:
    said = without_driver.put(f"/lib/modules/{KERNEL}/{file}", "x").diagnose()
    assert said.failed == ["driver-module-not-loaded"]


def test_nouveau_owns_the_card(without_driver: World) -> None:
    without_driver.card(0, 0x2684, "nouveau").put("module/nouveau/initstate", "live", "sys")
    said = without_driver.put(f"/lib/modules/{KERNEL}/updates/dkms/nvidia.ko", "x").diagnose()
    assert said.failed == ["nouveau-owns-gpu"]


def test_nouveau_for_the_screen_beside_nvidia(t4: World) -> None:
    t4.card(1, 0x0FFE, "nouveau").put("module/nouveau/initstate", "live", "sys")
    assert t4.diagnose().failed == []


def test_secure_boot(without_driver: World) -> None:
    without_driver.put(f"/lib/modules/{KERNEL}/updates/dkms/nvidia.ko", b"\x7fELF no signature")
    without_driver.put("firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2", b"\x06\0\0\0\x01", "sys")
    assert without_driver.diagnose().failed == ["secure-boot-rejects-module"]


def test_secure_boot_with_an_enrolled_key(without_driver: World) -> None:
    """Then the module is simply not loaded."""
    signed = b"\x7fELF" + b"~Module signature appended~\n"
    without_driver.put(f"/lib/modules/{KERNEL}/updates/dkms/nvidia.ko", signed)
    without_driver.put("/var/lib/shim-signed/mok/MOK.der", b"a key").put(
        "firmware/efi/efivars/MokListRT-605dab50", b"..a key..", "sys"
    )
    without_driver.put("firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2", b"\x06\0\0\0\x01", "sys")
    assert without_driver.diagnose().failed == ["driver-module-not-loaded"]
