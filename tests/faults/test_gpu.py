"""GPUs and drivers that are broken, each next to the machine on which all is well."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.fake_nvml import build, build_cuda
from tests.faults.gpu_world import CARDS, DRIVER, LIBRARIES, World, can_make_worlds, working

Make = Callable[[], World]
KERNEL = platform.release()
PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
NVIDIA = "195"  # major number of NVIDIA's nodes
DEVICES = Path("/sys/fs/cgroup/devices")


@pytest.fixture(scope="session")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    why = can_make_worlds()
    if why:
        missing("root", why)
    folder = tmp_path_factory.mktemp("libraries")
    return build(folder), build_cuda(folder)


@pytest.fixture
def bare(tmp_path: Path, libraries: tuple[Path, Path]) -> World:
    """A host without any card."""
    return World(tmp_path / "world", *libraries)


@pytest.fixture
def t4(bare: World) -> World:
    return working(bare)


# ---- machines on which all is well


@pytest.mark.parametrize("card", sorted(CARDS))
def test_a_working_card_is_judged_well(bare: World, card: str) -> None:
    assert working(bare, card, is_open=card == "rtx5090").diagnose().complaints == []


def test_a_working_card_in_a_container(t4: World) -> None:
    assert t4.in_container().diagnose(NVIDIA_VISIBLE_DEVICES="all").complaints == []


def test_no_card_at_all(bare: World) -> None:
    said = bare.diagnose()
    assert said.of("gpu-none")["severity"] == "info"
    assert (said.code, said.complaints) == (0, [])


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


def windows(world: World) -> World:
    world.put("version", "Linux version 5.15.167.4-microsoft-standard-WSL2\n", "proc")
    world.put("/etc/ld.so.conf.d/ld.wsl.conf", "/usr/lib/wsl/lib\n").node("dxg")
    world.put("/usr/lib/wsl/lib/libnvidia-ml.so.1", world.nvml.read_bytes())
    world.put("/usr/lib/wsl/lib/libcuda.so.1.1", world.cuda.read_bytes())
    return world.says(
        "driver 581.29", "0 name NVIDIA GeForce RTX 4080", "0 cc 8.9", "0 memory 16376", "0 used 9000"
    )


# ---- no driver in the kernel


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


# ---- the driver is loaded, NVML lists nothing


def test_library_of_another_version(bare: World) -> None:
    world = bare.card(0, 0x1EB8).loaded("550.144.03").node("nvidia0", "nvidiactl", "nvidia-uvm")
    said = world.library("535.261.03").says("init 18").diagnose()
    assert said.failed == ["driver-library-version-mismatch"]
    title = said.of(said.failed[0])["title"]
    assert "535.261.03" in title and "550.144.03" in title


def test_several_libraries_the_right_one_first(t4: World) -> None:
    assert t4.library("535.261.03", "/usr/local/lib/old").diagnose().complaints == []


def test_no_library(bare: World) -> None:
    world = bare.card(0, 0x1EB8).loaded().node("nvidia0", "nvidiactl", "nvidia-uvm")
    assert world.diagnose().failed == ["driver-libraries-missing"]


def test_libraries_outside_the_search_path(bare: World) -> None:
    world = bare.card(0, 0x1EB8).loaded().node("nvidia0", "nvidiactl", "nvidia-uvm")
    said = world.library(folder="/usr/local/nvidia/lib64").diagnose()
    assert said.failed == ["driver-libraries-missing"]
    assert "/usr/local/nvidia/lib64/libnvidia-ml.so.1" in said.of(said.failed[0])["evidence"]


def test_lost(t4: World) -> None:
    assert t4.says("0 lost 15").diagnose().failed == ["gpu-lost"]


def test_one_of_eight_lost(bare: World) -> None:
    world = working(bare, "h100", 8).says("3 lost 15")
    (world.folder / "kmsg").write_text(
        "3,1,1,-;NVRM: Xid (PCI:0000:04:00): 79, pid=1, GPU has fallen off the bus.\n"
    )
    said = world.diagnose()
    assert said.failed == ["gpu-lost"]
    assert said.complaints == ["gpu-lost"]


def test_off_the_bus(t4: World) -> None:
    t4.card(0, 0x1EB8, answers=False).says("init 9")
    assert t4.diagnose().failed == ["gpu-lost"]


def test_nvml_hangs(t4: World) -> None:
    """It costs its deadline; the child that hangs is ended."""
    before = time.monotonic()
    said = t4.says("hang 300").diagnose()
    assert said.failed == ["nvml-hangs"]
    assert time.monotonic() - before < 20


def test_nvml_is_only_slow(t4: World) -> None:
    assert t4.says("hang 3").diagnose().complaints == []


def test_nvml_ends_its_process(t4: World) -> None:
    said = t4.says("crash 1").diagnose()
    assert said.failed == ["driver-not-answering"]
    assert "signal 11" in said.of("driver-not-answering")["evidence"]


def test_a_card_newer_than_its_driver(bare: World) -> None:
    world = bare.card(0, 0x2B85).loaded("550.144.03", is_open=True).node("nvidia0", "nvidiactl")
    assert world.library("550.144.03").diagnose().failed == ["driver-too-old-for-gpu"]


def test_a_card_that_the_driver_has_dropped(bare: World) -> None:
    world = bare.card(0, 0x1DB1).loaded("590.48.01").node("nvidia0", "nvidiactl").library("590.48.01")
    assert world.diagnose().failed == ["driver-too-new-for-gpu"]


def test_blackwell_with_the_closed_module(bare: World) -> None:
    world = bare.card(0, 0x2B85).loaded().node("nvidia0", "nvidiactl").library()
    assert world.diagnose().failed == ["gpu-needs-open-module"]


# ---- permissions


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


# ---- containers


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


# ---- Windows Subsystem for Linux


def test_windows_blocks_the_card(bare: World) -> None:
    assert windows(bare).says("init 17").diagnose().failed == ["wsl-gpu-access-blocked"]


def test_a_linux_driver_in_windows_subsystem(bare: World) -> None:
    world = windows(bare).library("535.261.03").says("init 9")
    world.environ["LD_LIBRARY_PATH"] = LIBRARIES
    assert world.diagnose().failed == ["wsl-linux-driver-installed"]


# ---- cards are listed, CUDA is in the way


def test_compatibility_library_on_a_desktop_card(bare: World) -> None:
    world = working(bare, "rtx4090").library("590.48.01", "/usr/local/cuda/compat", nvml=False)
    assert world.diagnose(LD_LIBRARY_PATH="/usr/local/cuda/compat").failed == [
        "cuda-compat-libs-shadow-driver"
    ]


def test_compatibility_library_on_a_data_centre_card(bare: World) -> None:
    world = working(bare, "h100").library("590.48.01", "/usr/local/cuda/compat", nvml=False)
    assert world.diagnose(LD_LIBRARY_PATH="/usr/local/cuda/compat").failed == []


def test_no_node_for_cuda_memory(t4: World) -> None:
    t4.nodes = [node for node in t4.nodes if "uvm" not in node]
    assert t4.diagnose().failed == ["nvidia-uvm-node-missing"]


def test_a_node_whose_module_is_gone(t4: World) -> None:
    t4.nodes = [node for node in t4.nodes if "uvm" not in node]
    assert t4.node("nvidia-uvm", number="509 0").diagnose().failed == ["nvidia-uvm-node-missing"]


@pytest.mark.parametrize("value", ["", "-1", "7", "GPU-99999999"])
def test_hidden_from_the_shell(t4: World, value: str) -> None:
    (t4.folder / "home").mkdir()
    (t4.folder / "home/.bashrc").write_text(f"# mine\nexport CUDA_VISIBLE_DEVICES={value}\n")
    said = t4.diagnose(CUDA_VISIBLE_DEVICES=value)
    assert said.failed == ["cuda-visible-devices-wrong"]
    assert "~/.bashrc:2" in said.of(said.failed[0])["evidence"]


def test_hidden_from_notebooks_only(t4: World) -> None:
    spec = {"argv": ["python"], "env": {"CUDA_VISIBLE_DEVICES": ""}}
    kernels = t4.folder / "home/.local/share/jupyter/kernels/course"
    kernels.mkdir(parents=True)
    (kernels / "kernel.json").write_text(json.dumps(spec))
    said = t4.diagnose()
    assert said.failed == ["cuda-visible-devices-wrong"]
    assert "kernelspec course" in said.of(said.failed[0])["evidence"]


def test_hidden_from_a_running_notebook(t4: World) -> None:
    code = "import time; time.sleep(60)"
    kernel = subprocess.Popen(
        [sys.executable, "-c", code, "ipykernel_launcher"], env={"CUDA_VISIBLE_DEVICES": "5"}
    )
    try:
        said = t4.diagnose()
    finally:
        kernel.kill()
        kernel.wait()
    assert said.failed == ["cuda-visible-devices-wrong"]
    assert f"notebook kernel {kernel.pid}" in said.of(said.failed[0])["evidence"]


def test_cuda_itself_is_asked_with_deep(t4: World) -> None:
    """For what no file shows; where something does, that is the cause."""
    assert t4.diagnose("--deep").complaints == []
    assert t4.diagnose("--deep", FAKE_CUDA="999").failed == ["cuda-does-not-start"]
    t4.nodes = [node for node in t4.nodes if "uvm" not in node]
    said = t4.diagnose("--deep", FAKE_CUDA="999")
    assert said.failed == ["nvidia-uvm-node-missing"]
    assert said.of("cuda-does-not-start")["blocked_by"] == ["nvidia-uvm-node-missing"]


def test_slices_wanted_but_none_made(bare: World) -> None:
    assert working(bare, "a100").says("0 mig 1").diagnose().failed == ["mig-mode"]


def test_no_fabric_manager(bare: World) -> None:
    world = working(bare, "h100", 8).says(*(f"{number} fabric 1" for number in range(8)))
    assert world.diagnose().failed == ["fabric-manager-not-running"]


def test_fabric_manager_of_another_release(bare: World) -> None:
    world = (
        working(bare, "h100", 8).says("0 fabric 1").packages(**{"nvidia-fabricmanager-580": "580.126.09-1"})
    )
    said = world.diagnose()
    assert said.failed == ["fabric-manager-version-mismatch"]
    assert ["systemctl", "restart", "nvidia-fabricmanager"] in said.of(said.failed[0])["remedy"]["commands"]


# ---- health, memory


@pytest.mark.parametrize("sign", ["0 ecc 3", "0 failed 1"])
def test_memory_with_errors(bare: World, sign: str) -> None:
    assert working(bare, "a100").says(sign).diagnose().failed == ["gpu-ecc-or-row-remap"]


@pytest.mark.parametrize("process", ["0 pid 3999999 78000", "0 mode 0"])
def test_memory_held_by_nobody_here(bare: World, process: str) -> None:
    assert working(bare, "a100").says("0 used 79000", process).diagnose().failed == ["gpu-memory-held"]


def test_memory_used_by_a_program_here(bare: World) -> None:
    program = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        said = working(bare, "a100").says("0 used 79000", f"0 pid {program.pid} 78000").diagnose()
    finally:
        program.kill()
        program.wait()
    assert said.complaints == []
    assert str(program.pid) in said.of("gpu-busy")["evidence"]


def test_for_one_process_at_a_time(t4: World) -> None:
    assert t4.says("0 mode 3", "0 pid 1 300").diagnose().failed == ["compute-mode-exclusive"]
    assert t4.says("0 mode 0").diagnose().failed == []


def test_slowed_down(t4: World) -> None:
    assert t4.says("0 reasons 0x48").diagnose().complaints == ["gpu-throttled"]


# ---- across areas, and what a reader sees


def test_the_driver_alone_is_named_across_areas(bare: World, course_env: Path) -> None:
    world = bare.card(0, 0x2684, bound=None)
    said = world.diagnose(areas="gpu,host,disk,python,torch", TARGET=str(course_env))
    assert said.failed == ["driver-not-installed"]


def test_nodes_are_listed_before_nvml_is_asked(t4: World) -> None:
    """As root, the real NVML makes nodes itself; what counts is what was there before."""
    t4.nodes = [node for node in t4.nodes if "uvm" not in node]
    assert t4.says("makes /dev/nvidia-uvm").diagnose().failed == ["nvidia-uvm-node-missing"]
