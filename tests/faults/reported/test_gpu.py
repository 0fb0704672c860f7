"""Cards, drivers and containers, as people have reported them; each named at first sight."""

from __future__ import annotations

import platform
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
@pytest.mark.usefixtures("alone")
def test_slices_whose_mode_waits_for_a_reset(bare: World, now: int, wanted: int) -> None:
    """https://github.com/NVIDIA/gpu-operator/issues/118 and 1845: "MIG mode is in pending disable state"."""
    world = working(bare, "a100").says(f"0 mig {now}", f"0 wanted {wanted}")
    holder = 'cp /bin/sleep /usr/bin/nvidia-persistenced; nvidia-persistenced 60 <>/dev/nvidia0 & "$@"; code=$?; kill $!; exit $code'
    world.inner = ["sh", "-c", holder, "sh"]
    said = world.diagnose(areas=AREAS)
    assert said.complaints == ["mig-mode-pending"]
    one = said.of("mig-mode-pending")
    assert "nvidia-persiste" in one["evidence"]
    assert one["remedy"]["commands"] == [
        ["systemctl", "stop", "nvidia-persistenced"],
        ["nvidia-smi", "--gpu-reset"],
    ]


# ---- the firmware's addresses

FLAGS = "0x000000000014220c"


def regions(start: int, size: int) -> str:
    rows = (
        f"{0xF6000000:#018x} {0xF6FFFFFF:#018x} 0x0000000000040200",
        f"{start:#018x} {start + size - 1:#018x} {FLAGS}",
        f"{0:#018x} {0:#018x} {0:#018x}",
    )
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize(
    ("start", "size", "heard", "cause"),
    [
        (0xE0000000, 256 << 20, True, "gpu-memory-window-below-4g"),
        (0x7000000000, 256 << 20, True, "gpu-does-not-start"),  # Resizable BAR off alone is nothing
        (0x7000000000, 32 << 30, True, "gpu-does-not-start"),
        (0, 32 << 30, False, "gpu-memory-window-missing"),
    ],
)
def test_a_card_that_was_given_little_room(
    bare: World, start: int, size: int, heard: bool, cause: str
) -> None:
    """https://github.com/NVIDIA/open-gpu-kernel-modules/issues/862: Above 4G Decoding and Resizable BAR were off."""
    version = "575.64"
    world = bare.card(0, 0x2B85).loaded(version, is_open=True).library(version).says(f"driver {version}")
    world.put("bus/pci/devices/0000:01:00.0/resource", regions(start, size), "sys").node(
        "nvidia0", "nvidiactl"
    )
    if heard:
        world.kernel_says(
            "NVRM: GPU 0000:01:00.0: rm_init_adapter failed, device minor number 0",
            "NVRM: GPU 0000:01:00.0: RmInitAdapter failed! (0x22:0x56:884)",
        )
    said = world.diagnose(areas=AREAS)
    assert said.complaints == [cause]
    assert (
        "Above 4G" in f"{said.of(cause)['title']}{said.of(cause)['cause']}"
        or cause != "gpu-memory-window-below-4g"
    )


def test_a_card_below_four_gigabytes_that_works(bare: World) -> None:
    world = working(bare, "rtx4090").put(
        "bus/pci/devices/0000:01:00.0/resource", regions(0xE0000000, 256 << 20), "sys"
    )
    assert world.diagnose(areas=AREAS).complaints == []


# ---- a module that DKMS could not build

GCC = """DKMS make.log for nvidia-535.98 for kernel {kernel} (x86_64)
warning: the compiler differs from the one used to build the kernel
  The kernel was built by: x86_64-linux-gnu-gcc-12 (Ubuntu 12.3.0-1ubuntu1~22.04) 12.3.0
  You are using:           cc (Ubuntu 11.4.0-1ubuntu1~22.04) 11.4.0
cc: error: unrecognized command-line option '-ftrivial-auto-var-init=zero'
make[3]: *** [scripts/Makefile.build:251: /var/lib/dkms/nvidia/535.98/build/nvidia/nv.o] Error 1
"""
TOO_NEW = """DKMS (dkms-3.0.11) make.log for nvidia/535.98 for kernel {kernel} (x86_64)
/var/lib/dkms/nvidia/535.98/build/nvidia/nv.c:61: error: implicit declaration of function 'follow_pfn'
make[3]: *** [nv.o] Error 1
"""
FULL = """DKMS make.log for nvidia-535.98 for kernel {kernel} (x86_64)
/tmp/ccXyz.s: fatal error: error writing to -: No space left on device
make[3]: *** [nv.o] Error 1
"""
NO_TOOL = "DKMS make.log for nvidia-535.98 for kernel {kernel} (x86_64)\n/bin/sh: 1: gcc-13: not found\nmake: *** [nv.o] Error 127\n"
HEADERS = "DKMS make.log for nvidia-535.98 for kernel {kernel} (x86_64)\nmake[1]: *** /lib/modules/x/build: No such file or directory.  Stop.\n"


@pytest.mark.parametrize(
    ("log", "words", "command"),
    [
        (GCC, "gcc-12", ["apt-get", "install", "-y", "gcc-12"]),
        (TOO_NEW, "newer", ["apt-get", "update"]),
        (FULL, "disk", ["df", "-h", "/var", "/tmp", "/lib/modules"]),
        (NO_TOOL, "gcc-13", ["apt-get", "install", "-y", "gcc-13"]),
        (HEADERS, "headers", ["sh", "-c", "apt-get install -y linux-headers-$(uname -r)"]),
    ],
)
def test_a_module_that_was_not_built(bare: World, log: str, words: str, command: list[str]) -> None:
    """https://github.com/pop-os/pop/issues/3117: a kernel built by gcc-12, and gcc-11 here."""
    said = not_built(bare, log.format(kernel=platform.release())).diagnose(areas=AREAS)
    assert said.complaints == ["driver-module-build-failed"]
    one = said.of("driver-module-build-failed")
    assert words in one["title"] and one["remedy"]["commands"][0] == command
    assert "make.log" in one["evidence"]


def test_an_installer_that_gave_up(bare: World) -> None:
    """NVIDIA's .run file leaves its own log; one that ended well tells nothing."""
    kernel = platform.release()
    log = f"""nvidia-installer log file '/var/log/nvidia-installer.log'
-> Kernel source path: '/lib/modules/{kernel}/build'
   cc: error: unrecognized command-line option '-ftrivial-auto-var-init=zero'
"""
    world = bare.card(0, 0x2684, bound=None).says("init 9").put("/var/log/nvidia-installer.log", log)
    world.put(f"/lib/modules/{kernel}/kernel/drivers/video/other.ko", "x")
    assert world.diagnose(areas=AREAS).complaints == ["driver-not-installed"]
    world.put(
        "/var/log/nvidia-installer.log", log + "ERROR: Installation has failed.  Please see the file.\n"
    )
    assert world.diagnose(areas=AREAS).complaints == ["driver-module-build-failed"]


def test_a_log_of_another_kernel_tells_nothing(bare: World) -> None:
    said = not_built(bare, GCC.format(kernel="5.4.0-1-generic")).diagnose(areas=AREAS)
    assert said.complaints == ["driver-module-missing-for-running-kernel"]


def not_built(bare: World, log: str) -> World:
    kernel = platform.release()
    world = bare.card(0, 0x2684, bound=None).library("535.98").says("init 9")
    names = ("nvidia-dkms-535", "nvidia-driver-535", f"linux-headers-{kernel}")
    world.packages(**dict.fromkeys(names, "535.98-0ubuntu1")).put("/usr/src/nvidia-535.98/dkms.conf")
    world.put("/var/lib/dkms/nvidia/535.98/build/make.log", log)
    world.put(f"/lib/modules/{kernel}/kernel/drivers/video/other.ko", "x")
    return world.put("/lib/modules/6.2.6-76060206-generic/updates/dkms/nvidia.ko", "x")


# ---- options of the module

PARAMS = """ResmanDebugLevel: 4294967295
ModifyDeviceFiles: {nodes}
DeviceFileMode: 438
EnableGpuFirmware: {firmware}
ExcludedGpus: "{excluded}"
"""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"firmware": "0"}, ["driver-module-option"]),
        ({"excluded": "0000:01:00.0"}, ["driver-module-option"]),
        ({"nodes": "0"}, ["driver-module-option"]),
        ({}, ["gpu-nodes-missing"]),
    ],
)
def test_an_option_that_keeps_the_card_away(bare: World, options: dict[str, str], said: list[str]) -> None:
    world = bare.card(0, 0x2684).loaded(is_open=True).library().says("init 9")
    usual = {"nodes": "1", "firmware": "18", "excluded": ""}
    world.put("driver/nvidia/params", PARAMS.format(**usual | options), "proc")
    world.put(
        "/etc/modprobe.d/nvidia.conf",
        "options nvidia NVreg_EnableGpuFirmware=0 NVreg_ExcludedGpus=0000:01:00.0\n",
    )
    found = world.diagnose(areas=AREAS)
    assert found.complaints == said
    if "firmware" in options:
        assert "/etc/modprobe.d/nvidia.conf:1" in found.of(said[0])["evidence"]


def test_a_card_that_is_left_out_on_purpose_is_not_lost(bare: World) -> None:
    world = working(bare, "a10").card(1, 0x2236)
    usual = {"nodes": "1", "firmware": "18", "excluded": "0000:02:00.0"}
    world.put("driver/nvidia/params", PARAMS.format(**usual), "proc")
    said = world.diagnose(areas=AREAS)
    assert said.complaints == []
    assert "driver-module-option" in [one["id"] for one in said.findings]


# ---- licences


@pytest.mark.parametrize(
    ("state", "said"), [(0, ["vgpu-unlicensed"]), (3, ["vgpu-unlicensed"]), (1, []), (5, [])]
)
def test_a_share_of_a_card_without_licence(bare: World, state: int, said: list[str]) -> None:
    """https://github.com/DDMAL/Rodan/issues/1332: "all CUDA-capable devices are busy or unavailable"."""
    world = working(bare, "v100").says(
        "0 name GRID V100D-8C", "0 vgpu 1", f"0 licence {state}", "0 noprocesses 1"
    )
    world.put("/etc/nvidia/gridd.conf", "#ServerAddress=\nFeatureType=4\n").put(
        "uptime", "9000.00 0.00\n", "proc"
    )
    found = world.diagnose(areas=AREAS)
    assert found.complaints == said
    if said:
        assert "no token in /etc/nvidia/ClientConfigToken" in found.of("vgpu-unlicensed")["evidence"]
