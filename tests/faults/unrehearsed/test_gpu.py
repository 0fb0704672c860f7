"""Cards and drivers: what the kernel says of them, files and nodes in the driver's place that are not it."""

from __future__ import annotations

import platform
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.faults.gpu.test_places import NVIDIA, forbidden_devices
from tests.faults.gpu.world import DRIVER, LIBRARIES, World, windows, working

KERNEL = platform.release()
VOLTA, AMPERE = 0x1DB1, 0x2236


def linked(world: World, name: str) -> Path:
    """The file that programs ask for by its soname."""
    return world.folder / "root" / LIBRARIES.lstrip("/") / f"{name}.so.1"


# --- other files in the library's place --------------------------------------------------------------


def test_a_copy_of_another_release_on_the_search_path(t4: World) -> None:
    """As conda's cuda-compat leaves it; a reboot would not help."""
    said = t4.library("550.54.15", "/opt/conda/lib", nvml=False).diagnose(LD_LIBRARY_PATH="/opt/conda/lib")
    assert said.complaints == ["driver-library-hidden-by-another"]
    assert said.of(said.failed[0])["remedy"]["commands"] == [["unset", "LD_LIBRARY_PATH"]]


def test_libraries_that_an_image_brought_along(bare: World) -> None:
    """ldconfig links the highest number; those of the host's driver lie beside it."""
    world = working(bare, driver="550.54.15").in_container().says("init 18")
    for name in ("libnvidia-ml", "libcuda"):
        link = linked(world, name)
        shutil.copy(link, link.with_name(f"{name}.so.{DRIVER}"))
        link.unlink()
        link.symlink_to(f"{name}.so.{DRIVER}")
    said = world.packages(**{"libnvidia-compute-580": f"{DRIVER}-0ubuntu1"}).diagnose()
    assert said.failed == ["driver-library-hidden-by-another"]
    assert said.of(said.failed[0])["remedy"]["commands"][0][0] == "rm"


def test_an_update_is_no_copy(bare: World) -> None:
    world = bare.card(0, 0x1EB8).loaded("550.54.15").node("nvidia0", "nvidiactl", "nvidia-uvm").library()
    world.put(f"{LIBRARIES}/libnvidia-ml.so.550.54.15", world.nvml.read_bytes()).says("init 18")
    said = world.packages(**{"libnvidia-compute-580": f"{DRIVER}-0ubuntu1"}).diagnose()
    assert said.failed == ["driver-library-version-mismatch"]


def test_a_stub_for_linking_before_the_driver(t4: World) -> None:
    stubs = "/usr/local/cuda/lib64/stubs"
    t4.put(f"{stubs}/libcuda.so.1", t4.cuda.read_bytes())
    assert t4.diagnose().complaints == []
    assert t4.diagnose(LD_LIBRARY_PATH=stubs).complaints == ["cuda-stub-library-used"]


def test_an_empty_file_that_a_saved_container_left(t4: World) -> None:
    link = linked(t4.in_container(), "libcuda")
    link.unlink()
    link.write_bytes(b"")
    assert t4.diagnose().complaints == ["image-kept-empty-driver-files"]


def test_a_library_that_breaks_off(t4: World) -> None:
    """Loading it ends the process with a signal."""
    file = linked(t4, "libnvidia-ml").resolve()
    file.write_bytes(file.read_bytes()[:6000])
    assert t4.diagnose().complaints == ["driver-library-damaged"]


def test_libraries_of_windows_outside_the_search_path(bare: World) -> None:
    world = windows(bare)
    (world.folder / "root/etc/ld.so.conf.d/ld.wsl.conf").unlink()
    assert world.diagnose().failed == ["driver-libraries-missing"]


def test_a_container_with_cuda_alone(bare: World) -> None:
    world = bare.in_container().card(0, 0x1EB8).loaded().node("nvidia0", "nvidiactl", "nvidia-uvm")
    said = world.library(nvml=False).diagnose(NVIDIA_DRIVER_CAPABILITIES="compute")
    assert said.complaints == ["container-driver-capabilities-lack-utility"]


# --- nodes -------------------------------------------------------------------------------------------


def test_the_node_for_memory_is_closed(t4: World) -> None:
    t4.without_node("nvidia-uvm").node("nvidia-uvm", mode="600", owner=4321)
    t4.inner = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--"]
    said = t4.diagnose()
    assert said.complaints == ["gpu-nodes-not-permitted"]
    assert "/dev/nvidia-uvm" in said.of(said.failed[0])["evidence"]


def test_the_node_for_memory_is_kept_from_the_container(t4: World) -> None:
    """Its number changed with the host's last start, and the container's rules have the former one."""
    t4.without_node("nvidia-uvm").node("nvidia-uvm", number=f"{NVIDIA} 250")
    with forbidden_devices(f"groundwork-test-{time.monotonic_ns()}") as group:
        t4.inner = ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', str(group)]
        assert t4.in_container().diagnose().complaints == ["nvidia-uvm-not-allowed"]


@pytest.mark.parametrize("code", ["9", "999"])
def test_the_node_that_controls_is_missing(t4: World, code: str) -> None:
    said = t4.without_node("nvidiactl").in_container().says(f"init {code}").diagnose()
    assert said.complaints == ["nvidia-control-node-missing"]


# --- what the kernel says ----------------------------------------------------------------------------


def test_a_share_of_a_card_with_the_driver_for_whole_ones(bare: World) -> None:
    world = bare.card(0, AMPERE, bound=None).loaded().node("nvidiactl").library().says("init 9")
    world.kernel_says(
        "NVRM: The NVIDIA GPU 0000:00:07.0 (PCI ID: 10de:2236)",
        "NVRM: installed in this system is not supported by the",
        f"NVRM: NVIDIA {DRIVER} driver release.",
    )
    assert world.diagnose().complaints == ["gpu-not-served-by-driver"]


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("NVRM: This PCI I/O region assigned to your NVIDIA device is invalid:", "gpu-memory-window-missing"),
        (
            "nvidia 0000:01:00.0: Direct firmware load for nvidia/580.95.05/gsp_tu10x.bin failed with error -2",
            "gpu-firmware-missing",
        ),
        ("NVRM: GPU 0000:01:00.0: RmInitAdapter failed! (0x22:0x56:884)", "gpu-does-not-start"),
    ],
)
def test_a_card_that_the_kernel_cannot_take(t4: World, line: str, cause: str) -> None:
    world = t4.says("init 9").kernel_says(line, "NVRM: GPU 0000:01:00.0: RmInitAdapter failed! (0x61:0x56:1)")
    said = world.diagnose()
    assert said.complaints == [cause]
    assert "3,0,1,-" not in str(said.findings)


def test_a_card_too_old_for_the_open_module(bare: World) -> None:
    world = bare.card(0, VOLTA).loaded(is_open=True).node("nvidia0", "nvidiactl").library().says("init 9")
    assert world.diagnose().complaints == ["gpu-needs-closed-module"]


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("nvidia: version magic '5.15.0-91' should be '5.15.0-97'", "driver-module-does-not-fit-kernel"),
        ("nvidia: disagrees about version of symbol module_layout", "driver-module-does-not-fit-kernel"),
        ("", "driver-module-not-loaded"),
    ],
)
def test_a_module_of_another_kernel(bare: World, line: str, cause: str) -> None:
    world = bare.card(0, 0x2684, bound=None).library().says("init 9").kernel_says(*filter(None, [line]))
    assert world.put(f"/lib/modules/{KERNEL}/extra/nvidia.ko", "x").diagnose().complaints == [cause]


def test_a_module_that_was_never_finished(bare: World) -> None:
    world = bare.card(0, 0x2684, bound=None).library().says("init 9")
    said = world.put(f"/lib/modules/{KERNEL}/updates/dkms/nvidia.ko").diagnose()
    assert said.complaints == ["driver-module-does-not-fit-kernel"]


def test_a_module_that_a_file_forbids(bare: World) -> None:
    world = bare.card(0, 0x2684, bound=None).library().says("init 9")
    world.put(f"/lib/modules/{KERNEL}/updates/dkms/nvidia.ko", "x")
    said = world.put(
        "/etc/modprobe.d/blacklist-nvidia.conf", "# by prime-select\nblacklist nvidia\n"
    ).diagnose()
    assert said.complaints == ["driver-module-blacklisted"]
    assert "/etc/modprobe.d/blacklist-nvidia.conf:2" in said.of(said.failed[0])["evidence"]


# --- the card's own state ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "cause"), [("8", "gpu-power-cable-missing"), ("16", "gpu-reset-required"), ("15", "gpu-lost")]
)
def test_a_card_that_is_counted_and_does_not_work(t4: World, code: str, cause: str) -> None:
    assert t4.says(f"0 lost {code}").diagnose().complaints == [cause]


@pytest.mark.parametrize(
    ("said", "cause"), [("0 pages 1", "gpu-ecc-or-row-remap"), ("0 wanted 1", "mig-mode-pending")]
)
def test_what_waits_for_the_next_reset(bare: World, said: str, cause: str) -> None:
    assert working(bare, "a100").says(said).diagnose().complaints == [cause]


@pytest.mark.parametrize(
    ("state", "causes"),
    [
        ("3", ["vgpu-unlicensed"]),
        ("4", ["vgpu-unlicensed"]),
        ("0", ["vgpu-unlicensed"]),
        ("5", []),
        ("2", []),
        ("1", []),
    ],
)
def test_a_share_of_a_card_without_its_licence(bare: World, state: str, causes: list[str]) -> None:
    """Zero or not, says nvml.h; some drivers say which state it is. In the first minutes (2) it works without."""
    world = working(bare, "a10").says("0 vgpu 1", f"0 licence {state}", "0 noprocesses 1")
    assert world.diagnose().complaints == causes


@pytest.mark.parametrize("number", ["46", "62", "154"])
def test_errors_of_the_hardware(t4: World, number: str) -> None:
    world = t4.kernel_says(f"NVRM: Xid (PCI:0000:01:00): {number}, pid=1")
    assert world.diagnose().complaints == ["gpu-xid"]


@pytest.mark.usefixtures("alone")
def test_one_server_for_all_programs_is_what_exclusive_is_for(t4: World, tmp_path: Path) -> None:
    """MPS: the only process on the card is NVIDIA's own."""
    program = tmp_path / "nvidia-cuda-mps-server"
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    server = subprocess.Popen([str(program), "60"])
    try:
        said = t4.says("0 mode 3", f"0 pid {server.pid} 30").diagnose()
    finally:
        server.kill()
        server.wait()
    assert said.complaints == []


def test_a_jetson_has_its_gpu_on_no_bus(bare: World) -> None:
    said = bare.put("/etc/nv_tegra_release", "# R36 (release), REVISION: 4.3\n").diagnose()
    assert said.complaints == [] and said.of("gpu-of-a-jetson")["severity"] == "info"
