"""Several cards, and several machines: bridges, interfaces, memory to lock, NCCL's own file, MPS; as people have reported."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest

from tests.faults.gpu.world import World, working

AREAS = "gpu,host,disk"


# ---- what cards say to each other


def pair(world: World, name: str, device: int, domain: str | None) -> World:
    """Two cards, each below a bridge of its own whose access control services send requests up to the root."""
    devices = world.folder / "sys/bus/pci/devices"
    config = bytearray(4096)
    struct.pack_into("<IHH", config, 0x100, 0x1400_0000 | 0x0001, 0, 0)  # another capability, then ACS
    struct.pack_into("<IHH", config, 0x140, 0x0001_000D, 0x005F, 0x001D)
    for number in range(2):
        world.card(number, device).node(f"nvidia{number}")
        world.says(*(f"{number} {line}" for line in (f"name {name}", "cc 8.9", "memory 49140")))
        bridge, card = devices / f"0000:00:0{number + 1}.1", devices / f"0000:0{number + 1}:00.0"
        bridge.mkdir()
        for file, said in (("class", "0x060400"), ("vendor", "0x1022"), ("device", "0x1483")):
            (bridge / file).write_text(said + "\n")
        (bridge / "config").write_bytes(bytes(config))
        card.rename(bridge / card.name)
        card.symlink_to(f"{bridge.name}/{card.name}")
        if domain:
            world.put(f"bus/pci/devices/{bridge.name}/{card.name}/iommu_group/type", f"{domain}\n", "sys")
    return world.loaded().library().node("nvidiactl", "nvidia-uvm")


@pytest.mark.parametrize(
    ("name", "device", "domain", "said"),
    [
        ("NVIDIA RTX 5880 Ada Generation", 0x26B2, "DMA-FQ", ["peer-to-peer-redirected"]),
        ("NVIDIA RTX 5880 Ada Generation", 0x26B2, "identity", []),  # slow at most: for information
        ("NVIDIA RTX 5880 Ada Generation", 0x26B2, None, []),
        ("NVIDIA GeForce RTX 4090", 0x2684, "DMA-FQ", []),  # they do not talk to each other in this way
    ],
)
def test_bridges_that_send_talk_among_cards_through_the_iommu(
    bare: World, name: str, device: int, domain: str | None, said: list[str]
) -> None:
    """https://github.com/NVIDIA/nccl/issues/2079: a job on two cards hangs in its first all-reduce."""
    world = pair(bare, name, device, domain)
    found = world.diagnose(areas=AREAS)
    assert found.complaints == said
    told = [one for one in found.findings if one["id"] == "peer-to-peer-redirected"]
    assert bool(told) == (domain is not None and "GeForce" not in name)
    if told:
        assert "0000:00:01.1" in told[0]["evidence"]
        again = world.diagnose(areas=AREAS, NCCL_P2P_DISABLE="1")
        assert "peer-to-peer-redirected" not in [one["id"] for one in again.findings]


def test_cards_with_a_link_of_their_own(bare: World) -> None:
    world = pair(bare, "NVIDIA RTX A6000", 0x2230, "DMA").says("0 linked 1", "1 linked 1")
    assert "peer-to-peer-redirected" not in [one["id"] for one in world.diagnose(areas=AREAS).findings]


# ---- NCCL's file


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("NCCL_SOCKET_IFNAME=^docker0\nNCCL_DEBUG=INFO\n", ["nccl-takes-loopback"]),
        ("NCCL_SOCKET_IFNAME=^lo,docker\nNCCL_DEBUG=INFO\n# a note\n\n", []),
        ("NCCL_DEBUG = INFO\n", ["nccl-conf-line-without-effect"]),
        ("export NCCL_DEBUG=INFO\n", ["nccl-conf-line-without-effect"]),
        ('NCCL_DEBUG="INFO"\n', ["nccl-conf-line-without-effect"]),
        ("NCCL_SOCKET_IFNAMES=^lo\n", ["nccl-conf-line-without-effect"]),
        ("NCCL_TOPO_FILE=/opt/gone.xml\n", ["nccl-conf-line-without-effect"]),
        ("NCCL_P2P_LEVEL=NVLINK\n", ["nccl-conf-line-without-effect"]),
        ("NCCL_DEBUG=INFO\r\n", ["nccl-conf-line-without-effect"]),
        ("NCCL_P2P_LEVEL=NVL\nNCCL_SOME_LATER_OPTION=1\nMY_OWN=1\n", []),
    ],
)
def test_lines_of_nccls_own_file(bare: World, text: str, said: list[str]) -> None:
    """https://github.com/aws/deep-learning-containers/issues/4756: an image's file replaces what NCCL leaves out by itself."""
    world = working(bare, "a100", 2).put("/etc/nccl.conf", text).in_container()
    world.namespaces += ["--net"]
    world.inner = [
        "sh",
        "-ec",
        'ip link set lo up; ip link add eth0 type veth peer name eth1; ip addr add 10.9.8.7/24 dev eth0; exec "$@"',
        "sh",
    ]
    found = world.diagnose(areas=AREAS)
    assert found.complaints == said
    for name in said:
        assert "/etc/nccl.conf" in found.of(name)["evidence"]


# ---- interfaces


@pytest.mark.parametrize(
    ("count", "address", "said"), [(4, False, ["nccl-no-address"]), (4, True, []), (1, False, [])]
)
def test_no_interface_with_an_address(bare: World, count: int, address: bool, said: list[str]) -> None:
    """https://github.com/NVIDIA/nccl/issues/210: NCCL wants one on a single node too."""
    world = working(bare, "a100", count).in_container()
    world.namespaces += ["--net"]
    give = "ip addr add 10.9.8.7/24 dev eth0;" if address else ""
    world.inner = [
        "sh",
        "-ec",
        f'ip link set lo up; ip link add eth0 type veth peer name eth1; {give} exec "$@"',
        "sh",
    ]
    assert world.diagnose(areas=AREAS).complaints == said


# ---- memory to lock


@pytest.mark.parametrize(
    ("limit", "may", "said"), [("8388608", False, ["locked-memory-limit"]), ("65536", True, [])]
)
def test_little_memory_may_be_locked(bare: World, limit: str, may: bool, said: list[str]) -> None:
    """https://github.com/NVIDIA/nccl-tests/issues/206. Who has the capability for it is not held to the limit."""
    world = working(bare, "h100", 8).node("infiniband/uverbs0")
    drop = [] if may else ["setpriv", "--inh-caps", "-ipc_lock", "--bounding-set", "-ipc_lock", "--"]
    world.inner = ["prlimit", f"--memlock={limit}:{limit}", "--", *drop]
    assert world.diagnose(areas=AREAS).complaints == said


def test_no_adapter_needs_no_locked_memory(t4: World) -> None:
    drop = ["setpriv", "--inh-caps", "-ipc_lock", "--bounding-set", "-ipc_lock", "--"]
    t4.inner = ["prlimit", "--memlock=65536:65536", "--", *drop]
    assert t4.diagnose(areas=AREAS).complaints == []


# ---- MPS


# The daemon's socket, and the doctor after it. Without anybody behind it, as one that was killed leaves it.
DAEMON = """
import os, socket, subprocess, sys
folder, alive = sys.argv[1:3]
os.mkdir(folder)
daemon = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
daemon.bind(folder + "/control")
daemon.listen()
if alive != "alive":
    daemon.close()
sys.exit(subprocess.call(sys.argv[3:]))
"""


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("gone", ["mps-daemon-not-reachable"]),
        ("empty", ["mps-daemon-not-reachable"]),
        ("dead", ["mps-daemon-not-reachable"]),
        ("alive", []),
    ],
)
@pytest.mark.parametrize("deep", [False, True])
def test_mps_that_a_variable_leads_to(
    t4: World, tmp_path: Path, state: str, said: list[str], deep: bool
) -> None:
    """https://github.com/NVIDIA/nvidia-container-toolkit/issues/714: a container that shares nothing with the daemon."""
    folder = tmp_path / "mps"
    if state == "empty":
        folder.mkdir()
    world = t4.in_container().says("0 mode 3")
    if state in ("dead", "alive"):
        world.inner = [sys.executable, "-c", DAEMON, str(folder), state]
    more = {"CUDA_MPS_PIPE_DIRECTORY": str(folder), "FAKE_CUDA": "805" if said else "0"}
    found = world.diagnose(*(["--deep"] if deep else []), areas=AREAS, **more)
    assert found.complaints == said
    if said:
        assert str(folder) in found.of(said[0])["evidence"]
        assert found.of(said[0])["severity"] == ("fail" if deep or state == "dead" else "warn")


def test_cuda_asks_for_mps_and_there_is_no_pipe(t4: World) -> None:
    said = t4.diagnose("--deep", areas=AREAS, FAKE_CUDA="805")
    assert said.complaints == ["mps-daemon-not-reachable"]
