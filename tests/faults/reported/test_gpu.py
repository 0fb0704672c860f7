"""Cards, drivers and containers, as people have reported them; each named at first sight."""

from __future__ import annotations

import shlex
import sys

import pytest

from tests.faults.gpu.world import World, working
from tests.faults.patient import Diagnosis

AREAS = "gpu,host,disk"


@pytest.mark.parametrize("bound", ["nvidia", None])
def test_the_closed_module_on_a_card_of_blackwell(bare: World, bound: str | None) -> None:
    """https://github.com/getsolus/packages/issues/5575: nvidia-smi says "No devices were found"."""
    version = "570.144"
    world = bare.card(0, 0x2B85, bound).loaded(version).library(version).says(f"driver {version}")
    world.put("bus/pci/devices/0000:01:00.0/class", "0x030000\n", "sys")
    world.packages(**dict.fromkeys(("nvidia-driver-570", "nvidia-dkms-570"), f"{version}-0ubuntu1"))
    world.kernel_says(
        "NVRM: The NVIDIA GPU 0000:01:00.0 (PCI ID: 10de:2b85)",
        "NVRM: installed in this system requires use of the NVIDIA open kernel modules.",
    )
    if bound:
        world.node("nvidia0", "nvidiactl")
    said = world.diagnose(areas=AREAS)
    assert said.complaints == ["gpu-needs-open-module"]
    assert any("open" in word for word in said.of("gpu-needs-open-module")["remedy"]["commands"][0])


@pytest.mark.parametrize("code", ["999", "15"])
@pytest.mark.parametrize("heard", [True, False])
def test_one_of_four_has_left_the_bus(bare: World, code: str, heard: bool) -> None:
    """https://github.com/NVIDIA/open-gpu-kernel-modules/issues/387: "Unable to determine the device handle"."""
    version, card = "520.61.05", "name NVIDIA GeForce RTX 2080 Ti|cc 7.5|memory 11264"
    world = bare.says(f"driver {version}").loaded(version).library(version).node("nvidiactl", "nvidia-uvm")
    for number in range(4):
        world.card(number, 0x1E07).node(f"nvidia{number}")
        world.says(*(f"{number} {line}" for line in card.split("|")))
    world.says(f"1 lost {code}")
    if heard:
        world.card(1, 0x1E07, answers=False)
        world.kernel_says("NVRM: Xid (PCI:0000:02:00): 79, pid=3321, GPU has fallen off the bus.")
    said = world.diagnose(areas=AREAS)
    assert said.complaints == ["gpu-lost"]
    assert "GPU 1" in said.of("gpu-lost")["evidence"]


def as_a_student(world: World) -> Diagnosis:
    """The doctor started by user 1000, who is in no group of the card's, from a copy that this user can read."""
    settings = "".join(f"{line}\n" for line in world.settings)
    world.put("/srv/nvml", settings).put("/srv/student/.profile").put("/srv/tools/x")
    start = f"""
set -eu
mount --bind {shlex.quote(sys.prefix)} /srv/tools
chown -R 1000:1000 /srv/student
chmod 1777 /dev/shm
shift  # the Python that the student cannot reach
export FAKE_NVML=/srv/nvml HOME=/srv/student
exec setpriv --reuid=1000 --regid=1000 --clear-groups /srv/tools/bin/python "$@"
"""
    world.inner = ["sh", "-c", start, "sh"]
    return world.diagnose(areas=AREAS)


@pytest.mark.parametrize(("mode", "complaints"), [("660", ["gpu-nodes-not-permitted"]), ("666", [])])
def test_nodes_that_are_made_for_the_group_video(bare: World, mode: str, complaints: list[str]) -> None:
    """https://github.com/NVIDIA/nvidia-container-toolkit/issues/210: "Insufficient Permissions", and root may."""
    version = "545.29.06"
    world = working(bare, "a10", driver=version)
    for name in ("nvidia0", "nvidiactl", "nvidia-uvm"):
        world.without_node(name).nodes.append(f"{name} {mode} root:video 1 3")
    options = (
        "NVreg_DeviceFileMode=432 NVreg_DeviceFileUID=0 NVreg_DeviceFileGID=27 NVreg_ModifyDeviceFiles=1"
    )
    world.put("/etc/modprobe.d/nvidia.conf", f"options nvidia {options}\n")
    said = as_a_student(world.says("init 4") if mode == "660" else world)
    assert said.complaints == complaints
    if complaints:
        assert "/dev/nvidiactl" in said.of("gpu-nodes-not-permitted")["evidence"]


@pytest.mark.parametrize(("now", "wanted"), [(1, 0), (0, 1)])
def test_slices_whose_mode_waits_for_a_reset(bare: World, now: int, wanted: int) -> None:
    """https://github.com/NVIDIA/gpu-operator/issues/118 and 1845: "MIG mode is in pending disable state"."""
    said = working(bare, "a100").says(f"0 mig {now}", f"0 wanted {wanted}").diagnose(areas=AREAS)
    assert "mig-mode-pending" in said.complaints
    assert set(said.complaints) <= {"mig-mode-pending", "mig-mode"}
    assert "--gpu-reset" in said.of("mig-mode-pending")["remedy"]["commands"][0]
