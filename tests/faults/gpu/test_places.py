"""The card is there, but not for us: permissions, containers, Windows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.faults.gpu.world import LIBRARIES, World, windows

PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
NVIDIA = "195"  # major number of NVIDIA's nodes
DEVICES = Path("/sys/fs/cgroup/devices")


def test_nodes_of_another_user(bare: World) -> None:
    """Root without the right to pass over permissions is a user like others."""
    world = bare.card(0, 0x1EB8).loaded().library().says("init 9")
    world.node("nvidia0", "nvidiactl", "nvidia-uvm", mode="600", owner=4321)
    world.inner = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--"]
    assert world.diagnose().failed == ["gpu-nodes-not-permitted"]


@contextmanager
def forbidden_devices(name: str) -> Iterator[Path]:
    """A control group that may not open NVIDIA's nodes, as systemd leaves a container after daemon-reload."""
    if not (DEVICES / "cgroup.procs").exists():
        missing("cgroup-devices", "no devices controller of cgroup v1")
    group = DEVICES / name
    group.mkdir()
    try:
        (group / "devices.deny").write_text(f"c {NVIDIA}:* rwm")
        yield group
    finally:
        group.rmdir()


@pytest.mark.parametrize(
    ("inside", "cause"),
    [(True, "container-lost-gpu-after-daemon-reload"), (False, "gpu-not-allowed-by-cgroup")],
)
def test_the_device_rules_took_the_card_away(bare: World, inside: bool, cause: str) -> None:
    world = bare.card(0, 0x1EB8).loaded().library().says("init 999")
    for minor, name in ((0, "nvidia0"), (255, "nvidiactl")):
        world.node(name, number=f"{NVIDIA} {minor}")
    if inside:
        world.in_container()
    with forbidden_devices(f"groundwork-test-{time.monotonic_ns()}") as group:
        world.inner = ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', str(group)]
        assert world.diagnose().failed == [cause]


def test_container_without_the_gpu(bare: World) -> None:
    said = bare.in_container().card(0, 0x1EB8).loaded().diagnose(NVIDIA_VISIBLE_DEVICES="all")
    assert said.failed == ["container-started-without-gpu"]


def test_the_variables_of_a_container_are_those_of_its_first_process(bare: World) -> None:
    """A session over ssh has none of them."""
    world = bare.in_container().card(0, 0x1EB8).loaded()
    world.namespaces += ["--pid", "--fork", "--mount-proc"]
    world.inner = ["sh", "-c", 'env -u NVIDIA_VISIBLE_DEVICES "$@"; exit $?', "sh"]
    said = world.diagnose(NVIDIA_VISIBLE_DEVICES="none")
    assert said.failed == ["nvidia-visible-devices-void"]


def test_container_told_to_have_none(bare: World) -> None:
    said = bare.in_container().card(0, 0x1EB8).loaded().diagnose(NVIDIA_VISIBLE_DEVICES="void")
    assert said.failed == ["nvidia-visible-devices-void"]


def test_container_on_a_host_without_driver(bare: World) -> None:
    """The card on the bus was never meant for this container: for information."""
    said = bare.in_container().card(0, 0x1EB8, bound=None).diagnose(NVIDIA_VISIBLE_DEVICES="all")
    assert said.complaints == []


def test_container_without_compute(bare: World) -> None:
    world = bare.in_container().card(0, 0x1EB8).loaded().node("nvidia0", "nvidiactl", "nvidia-uvm")
    world.library(cuda=False).says("0 name Tesla T4", "0 cc 7.5", "0 memory 15360")
    said = world.diagnose(NVIDIA_DRIVER_CAPABILITIES="utility")
    assert said.failed == ["container-driver-capabilities-lack-compute"]


def test_docker_without_the_toolkit(t4: World) -> None:
    t4.put("/usr/local/bin/docker", "#!/bin/sh\n").put("/etc/docker/daemon.json", "{}")
    (t4.folder / "root/usr/local/bin/docker").chmod(0o755)
    assert t4.diagnose(PATH=PATH).complaints == ["container-toolkit-missing-on-host"]


def test_docker_with_cdi(t4: World) -> None:
    t4.put("/usr/local/bin/docker", "#!/bin/sh\n").put("/etc/cdi/nvidia.yaml", "cdiVersion: 0.6.0\n")
    (t4.folder / "root/usr/local/bin/docker").chmod(0o755)
    assert t4.diagnose(PATH=PATH).complaints == []


def test_windows_blocks_the_card(bare: World) -> None:
    assert windows(bare).says("init 17").diagnose().failed == ["wsl-gpu-access-blocked"]


def test_a_linux_driver_in_windows_subsystem(bare: World) -> None:
    world = windows(bare).library("535.261.03").says("init 9")
    world.environ["LD_LIBRARY_PATH"] = LIBRARIES
    assert world.diagnose().failed == ["wsl-linux-driver-installed"]
