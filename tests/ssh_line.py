"""A real sshd, and a client in a network namespace of its own: a line that can be cut as a real one is."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.conftest import missing
from tests.lab_env import free_port
from tests.wait import until

NETWORK = "198.18.{octet}"  # for benchmarks alone (RFC 2544): nobody is there
ALIVE = 1  # seconds between two questions of sshd whether the client is still there; it gives up after two


@dataclass(frozen=True)
class Line:
    """How to reach the sshd, and the device that carries it."""

    folder: Path
    namespace: str
    device: str
    address: str
    port: int
    server: subprocess.Popen[bytes]

    def open(self, command: str) -> subprocess.Popen[str]:
        """A session at a terminal that runs this in the person's shell."""
        options = {
            "UserKnownHostsFile": "/dev/null",
            "StrictHostKeyChecking": "no",
            "LogLevel": "ERROR",
            "BatchMode": "yes",
        }
        given = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        way = ["ip", "netns", "exec", self.namespace, "ssh", "-F", "/dev/null", "-tt", *given]
        place = ["-i", str(self.folder / "key"), "-p", str(self.port), f"{getpass.getuser()}@{self.address}"]
        return subprocess.Popen(
            [*way, *place, command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )  # fmt: skip

    def sessions(self) -> list[psutil.Process]:
        """What runs for those who logged in."""
        return psutil.Process(self.server.pid).children(recursive=True)

    def cut(self) -> None:
        """From now on no packet arrives, and nobody is told."""
        subprocess.run(["ip", "link", "set", self.device, "down"], check=True)


@contextmanager
def line(folder: Path) -> Iterator[Line]:
    """An sshd that lets this user in by a key made for it, at the near end of a cable whose far end is a namespace."""
    sshd = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
    if not sshd or not shutil.which("ip"):
        missing("sshd", "no sshd or no ip; as root: apt-get install openssh-server iproute2")
    if os.geteuid() != 0:
        missing("root", "a network namespace needs root")
    octet = f"{os.getpid() % 250}"
    network, name = NETWORK.format(octet=octet), f"gw{os.getpid()}"
    for key in ("key", "host"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True)
    shutil.copy(folder / "key.pub", folder / "allowed")
    with _cable(name, network):
        port = free_port()
        (folder / "config").write_text(_config(folder, f"{network}.1", port))
        Path("/run/sshd").mkdir(exist_ok=True)  # where sshd locks up what talks to strangers
        log = folder / "log"
        server = subprocess.Popen([sshd, "-D", "-E", log, "-f", folder / "config"])
        try:
            assert until(lambda: log.is_file() and "Server listening" in log.read_text())
            yield Line(folder, name, name, f"{network}.1", port, server)
        finally:
            server.terminate()
            server.wait(10)


def _config(folder: Path, address: str, port: int) -> str:
    return f"""
ListenAddress {address}:{port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/allowed
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PidFile none
ClientAliveInterval {ALIVE}
ClientAliveCountMax 2
"""


@contextmanager
def _cable(name: str, network: str) -> Iterator[None]:
    """Two ends of a virtual cable, one of them in a namespace."""
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        far = ("ip", "-n", name)
        for argv in (
            ("ip", "link", "add", name, "type", "veth", "peer", "name", "far", "netns", name),
            ("ip", "addr", "add", f"{network}.1/24", "dev", name),
            ("ip", "link", "set", name, "up"),
            (*far, "addr", "add", f"{network}.2/24", "dev", "far"),
            (*far, "link", "set", "far", "up"),
        ):
            subprocess.run(argv, check=True)
        assert until(lambda: _is_up(name)), "the cable has no carrier"
        yield
    finally:
        subprocess.run(
            ["ip", "link", "del", name], check=False
        )  # with a namespace it goes only some time later
        subprocess.run(["ip", "netns", "del", name], check=True)


def _is_up(device: str) -> bool:
    return Path(f"/sys/class/net/{device}/operstate").read_text().strip() == "up"
