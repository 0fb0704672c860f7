"""Machines with GPUs, made of files: what the PCI bus, the kernel, /dev and the driver's libraries show of them.

The doctor runs in it as on any machine, with the real nvidia-ml-py on the compiled NVML of tests/fake_nvml. Needs root.
"""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path

from tests.faults.patient import Diagnosis, bare_environ, diagnose

SCRIPT = Path(__file__).with_name("world.sh")
DRIVER = "580.95.05"
LIBRARIES = f"/usr/lib/{platform.machine()}-linux-gnu"
COMMON = (
    "null 666 0 1 3",
    "zero 666 0 1 5",
    "full 666 0 1 7",
    "random 666 0 1 8",
    "urandom 666 0 1 9",
    "tty 666 0 5 0",
)
# What the machine of the tests may have, and the machine that they make must not.
GONE = (".dockerenv", "run/.containerenv", "run/systemd/container", "usr/bin/docker", "usr/local/bin/docker")
OPENS = "1 3"  # major and minor of /dev/null: a node that opens
# A machine by its cards: NVML's lines, and the PCI device id.
CARDS = {
    "t4": ("name Tesla T4|cc 7.5|memory 15360", 0x1EB8),
    "v100": ("name Tesla V100-SXM2-16GB|cc 7.0|memory 16384", 0x1DB1),
    "p100": ("name Tesla P100-PCIE-16GB|cc 6.0|memory 16384", 0x15F8),
    "a10": ("name NVIDIA A10|cc 8.6|memory 23028", 0x2236),
    "a100": ("name NVIDIA A100-SXM4-80GB|cc 8.0|memory 81920", 0x20B2),
    "h100": ("name NVIDIA H100 80GB HBM3|cc 9.0|memory 81559|fabric 3", 0x2330),
    "rtx4090": ("name NVIDIA GeForce RTX 4090|cc 8.9|memory 24564", 0x2684),
    "rtx5090": ("name NVIDIA GeForce RTX 5090|cc 12.0|memory 32607", 0x2B85),
}


class World:
    """One machine. Every method changes one thing of it, and returns the machine."""

    def __init__(self, folder: Path, nvml: Path, cuda: Path) -> None:
        self.folder, self.nvml, self.cuda = folder, nvml, cuda
        self.environ: dict[str, str] = {}
        self.nodes: list[str] = []
        self.settings: list[str] = []
        self.namespaces = ["--mount", "--propagation", "private"]
        self.inner: list[str] = []  # what the doctor is started through, inside
        for part in ("root", "sys/bus/pci/devices", "sys/module", "proc/driver"):
            (folder / part).mkdir(parents=True)

    def put(self, path: str, content: str | bytes = "", under: str = "root") -> World:
        path = path.lstrip("/")
        # Over /lib, which is a link, nothing can be laid.
        place = self.folder / under / (f"usr/{path}" if path.startswith("lib/") else path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def card(self, number: int, device: int, bound: str | None = "nvidia", answers: bool = True) -> World:
        place = f"bus/pci/devices/0000:{number + 1:02x}:00.0"
        for name, said in (("vendor", "0x10de"), ("class", "0x030200"), ("device", f"{device:#06x}")):
            self.put(f"{place}/{name}", said + "\n", "sys")
        self.put(f"{place}/config", b"\xde\x10" if answers else b"\xff" * 64, "sys")
        if bound:
            link = self.folder / "sys" / place / "driver"
            link.unlink(missing_ok=True)
            link.symlink_to(f"../../../../bus/pci/drivers/{bound}")
        return self

    def loaded(self, version: str = DRIVER, is_open: bool = False) -> World:
        kind = "Open Kernel Module for x86_64" if is_open else "x86_64 Kernel Module"
        self.put(
            "driver/nvidia/version", f"NVRM version: NVIDIA UNIX {kind}  {version}  Release Build\n", "proc"
        )
        return self.put("module/nvidia/version", version, "sys").put("module/nvidia/initstate", "live", "sys")

    def node(self, *names: str, mode: str = "666", owner: int = 0, number: str = OPENS) -> World:
        self.nodes += [f"{name} {mode} {owner} {number}" for name in names]
        return self

    def library(
        self, version: str = DRIVER, folder: str = LIBRARIES, cuda: bool = True, nvml: bool = True
    ) -> World:
        for wanted, name, file in ((nvml, "libnvidia-ml", self.nvml), (cuda, "libcuda", self.cuda)):
            if wanted:
                self.put(f"{folder}/{name}.so.{version}", file.read_bytes())
                link = self.folder / "root" / folder.lstrip("/") / f"{name}.so.1"
                link.symlink_to(f"{name}.so.{version}")
        return self

    def kernel_says(self, *lines: str) -> World:
        """Records of the kernel's log."""
        records = (f"3,{number},1,-;{line}\n" for number, line in enumerate(lines))
        (self.folder / "kmsg").write_text("".join(records))
        return self

    def without_node(self, name: str) -> World:
        self.nodes = [node for node in self.nodes if node.split()[0] != name]
        return self

    def says(self, *lines: str) -> World:
        """Lines of the compiled NVML's settings."""
        self.settings += lines
        return self

    def packages(self, **versions: str) -> World:
        said = (
            f"Package: {name}\nStatus: install ok installed\nVersion: {v}\n" for name, v in versions.items()
        )
        return self.put("/var/lib/dpkg/status", "\n".join(said))

    def in_container(self) -> World:
        return self.put("/.dockerenv")

    def diagnose(self, *args: str, areas: str = "gpu,host", **more: str) -> Diagnosis:
        gone = [name for name in GONE if not (self.folder / "root" / name).exists()]
        (self.folder / "gone").write_text("".join(f"{name}\n" for name in gone))
        (self.folder / "nodes").write_text("".join(f"{node}\n" for node in (*COMMON, *self.nodes)))
        (self.folder / "nvml").write_text("".join(f"{line}\n" for line in self.settings))
        environ = bare_environ(
            self.folder / "home", FAKE_NVML=str(self.folder / "nvml"), **self.environ, **more
        )
        start = ["unshare", *self.namespaces, "sh", str(SCRIPT), str(self.folder), *self.inner]
        chosen = ["--area", areas] if areas else []
        return diagnose(environ, *chosen, *args, prefix=start, seconds=50)


def working(
    world: World, card: str = "t4", count: int = 1, driver: str = DRIVER, is_open: bool = False
) -> World:
    """A host with that many cards of a kind, and everything that belongs to them."""
    lines, device = CARDS[card]
    world.says(f"driver {driver}")
    for number in range(count):
        world.card(number, device).node(f"nvidia{number}")
        world.says(*(f"{number} {line}" for line in lines.split("|")))
    return world.loaded(driver, is_open).node("nvidiactl", "nvidia-uvm").library(driver)


def can_make_worlds() -> str | None:
    """Why no world can be made here; None where one can."""
    if os.geteuid() != 0:
        return "needs root, for mount namespaces"
    return None if shutil.which("unshare") and shutil.which("chroot") else "needs unshare and chroot"


def windows(world: World) -> World:
    world.put("version", "Linux version 5.15.167.4-microsoft-standard-WSL2\n", "proc")
    world.put("/etc/ld.so.conf.d/ld.wsl.conf", "/usr/lib/wsl/lib\n").node("dxg")
    world.put("/usr/lib/wsl/lib/libdxcore.so").put("/usr/lib/wsl/lib/libnvdxgdmal.so.1")
    world.put("/usr/lib/wsl/lib/libnvidia-ml.so.1", world.nvml.read_bytes())
    world.put("/usr/lib/wsl/lib/libcuda.so.1.1", world.cuda.read_bytes())
    return world.says(
        "driver 581.29", "0 name NVIDIA GeForce RTX 4080", "0 cc 8.9", "0 memory 16376", "0 used 9000"
    )
