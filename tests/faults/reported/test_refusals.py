"""A card that is there and is refused to programs, as people have reported it; the one who refuses is named."""

from __future__ import annotations

import shlex
import time

import pytest

from tests.faults.gpu.test_places import NVIDIA, forbidden_devices
from tests.faults.gpu.world import LIBRARIES, World, working

AREAS = "gpu,host,disk"
NAMES = ("nvidia0", "nvidiactl", "nvidia-uvm")
CPU = "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu sse4_2 avx avx2{more} fma\n\n"


@pytest.mark.parametrize(
    ("label", "cause"),
    [
        ("system_u:system_r:container_t:s0:c1,c2", "gpu-nodes-refused-by-selinux"),
        ("docker-default (enforce)", "gpu-nodes-not-permitted"),
    ],
)
def test_a_container_under_selinux(bare: World, label: str, cause: str) -> None:
    """https://github.com/redhat-et/triton-dev-containers/issues/61: "Insufficient Permissions", as root, with mode 0666."""
    world = working(bare).put("/run/.containerenv", 'engine="podman-5.2.2"\n').says("init 4")
    world.put("/run/label", label)
    lines = [f"mount --bind /dev/{n} /dev/{n}; mount -o remount,bind,nosuid,nodev /dev/{n}" for n in NAMES]
    lines.append("mount --bind /run/label /proc/$$/attr/current")
    script = "\n".join(lines)
    world.inner = ["sh", "-ec", f'{script}\nexec "$@"', "sh"]
    said = world.diagnose(areas=AREAS, container="podman")
    assert said.complaints == [cause]
    assert "usermod" not in shlex.join(word for line in said.of(cause)["remedy"]["commands"] for word in line)


def processor(world: World, more: str) -> World:
    world.put("/run/cpuinfo", CPU.format(more=more))
    world.inner = ["sh", "-ec", 'mount --bind /run/cpuinfo /proc/cpuinfo; exec "$@"', "sh"]
    return world


@pytest.mark.parametrize("heard", [True, False])
@pytest.mark.parametrize(
    ("driver", "more", "cause"),
    [
        ("430.50", " hypervisor", "gpu-driver-refuses-hypervisor"),
        ("430.50", "", "gpu-lost"),
        ("535.183.01", " hypervisor", "gpu-lost"),
    ],
)
def test_a_geforce_that_is_passed_through(
    bare: World, driver: str, more: str, cause: str, heard: bool
) -> None:
    """https://github.com/NVIDIA/kubevirt-gpu-device-plugin/issues/2: "Unable to determine the device handle"."""
    world = processor(bare.card(0, 0x1C81).loaded(driver).library(driver).node(*NAMES), more)
    world.put("bus/pci/devices/0000:01:00.0/class", "0x030000\n", "sys")
    world.says(f"driver {driver}", "0 name GeForce GTX 1050", "0 cc 6.1", "0 memory 2048", "0 lost 999")
    if heard:
        world.kernel_says("NVRM: GPU 0000:01:00.0: RmInitAdapter failed! (0x26:0xffff:1227)")
    said = world.diagnose(areas=AREAS)
    assert said.complaints[:1] == [cause]


def test_a_guest_whose_card_works(bare: World) -> None:
    world = processor(working(bare, driver="430.50"), " hypervisor")
    world.put("bus/pci/devices/0000:01:00.0/class", "0x030000\n", "sys")
    assert "gpu-driver-refuses-hypervisor" not in world.diagnose(areas=AREAS).complaints


def test_a_pod_whose_rules_were_written_anew(bare: World) -> None:
    """https://github.com/mattshma/bigdata/issues/150: kubelet with --cpu-manager-policy=static."""
    world = bare.card(0, 0x1DB4).loaded().library().says("init 999").in_container()
    for minor, name in ((0, "nvidia0"), (255, "nvidiactl")):
        world.node(name, number=f"{NVIDIA} {minor}")
    with forbidden_devices(f"groundwork-test-{time.monotonic_ns()}") as group:
        world.inner = ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', str(group)]
        said = world.diagnose(areas=AREAS, KUBERNETES_SERVICE_HOST="10.96.0.1")
    assert said.complaints == ["pod-lost-gpu"]
    assert "kubelet" in said.of("pod-lost-gpu")["cause"]


@pytest.mark.parametrize(
    ("off", "answer", "causes"),
    [
        ("N", "3", ["cuda-does-not-start-with-hmm"]),
        ("Y", "3", ["cuda-does-not-start"]),
        ("N", "999", ["cuda-does-not-start"]),
        ("N", "0", []),
    ],
)
def test_a_module_that_manages_all_memory(bare: World, off: str, answer: str, causes: list[str]) -> None:
    """https://github.com/ollama/ollama/issues/11593: "cuda driver library init failure: 3", and nvidia-smi is fine."""
    world = working(bare, "rtx5090", driver="575.57.08", is_open=True)
    world.put("module/nvidia_uvm/parameters/uvm_disable_hmm", f"{off}\n", "sys")
    said = world.diagnose("--deep", areas=AREAS, FAKE_CUDA=answer)
    assert said.complaints == causes


@pytest.mark.parametrize(
    ("laid_in", "cause"), [(True, "apt-driver-in-gpu-container"), (False, "apt-half-configured")]
)
def test_a_driver_that_apt_wants_to_install_in_a_container(bare: World, laid_in: bool, cause: str) -> None:
    """https://github.com/NVIDIA/nvidia-docker/issues/1287: "unable to make backup link … Invalid cross-device link"."""
    version = "435.21"
    world = working(bare, driver=version).in_container()
    world.put(
        "/var/lib/dpkg/status",
        "Package: libnvidia-compute-435\nStatus: install reinstreq half-installed\nVersion: 435.21-0ubuntu7\n\n"
        "Package: nvidia-cuda-toolkit\nStatus: install ok unpacked\nVersion: 10.1.243-3\n",
    )
    file = f"{LIBRARIES}/libnvidia-ml.so.{version}"
    world.inner = ["sh", "-ec", f'{"mount --bind " + file + " " + file if laid_in else ":"}; exec "$@"', "sh"]
    said = world.diagnose(areas="host", NVIDIA_VISIBLE_DEVICES="all")
    assert said.complaints == [cause]
    if laid_in:
        assert said.of(cause)["remedy"]["commands"][0][-2:] == [
            "libnvidia-compute-435",
            "nvidia-cuda-toolkit",
        ]


UBUNTU = "deb http://archive.ubuntu.com/ubuntu bionic main restricted\n"
CUDA = "deb http://developer.download.nvidia.com/compute/cuda/repos/ubuntu1804/x86_64 /\n"


@pytest.mark.parametrize(
    ("source", "pinned", "bound", "told"),
    [
        (CUDA, False, None, True),
        (CUDA, True, None, False),
        ("", False, None, False),
        (CUDA, False, "nvidia", False),
    ],
)
def test_a_driver_in_two_archives(
    bare: World, source: str, pinned: bool, bound: str | None, told: bool
) -> None:
    """https://github.com/NVIDIA/ansible-role-nvidia-driver/pull/11: "not going to be installed", "held broken packages"."""
    world = working(bare) if bound else bare.card(0, 0x1EB8, bound=None)
    etc = world.folder / "apt"
    for name in ("sources.list.d", "preferences.d"):
        (etc / name).mkdir(parents=True)
    (etc / "sources.list").write_text(UBUNTU)
    (etc / "sources.list.d/cuda.list").write_text(source)
    if pinned:
        (etc / "preferences.d/cuda-repository-pin-600").write_text("Package: *\n")
    world.inner = ["sh", "-ec", f'mount --bind {etc} /etc/apt; exec "$@"', "sh"]
    said = world.diagnose(areas=AREAS)
    assert ("apt-cuda-archive-not-pinned" in said.complaints) == told
    if told:
        assert "driver-not-installed" in [one["id"] for one in said.findings]
        line = said.of("apt-cuda-archive-not-pinned")["remedy"]["commands"][0][-1]
        assert "/repos/ubuntu1804/x86_64/cuda-ubuntu1804.pin" in line
