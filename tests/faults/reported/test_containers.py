"""Containers with GPUs, on their hosts and inside, as people have reported them."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.faults.gpu.test_places import NVIDIA, PATH, forbidden_devices
from tests.faults.gpu.world import LIBRARIES, World, windows, working

AREAS = "gpu,host,disk"
DAEMON = '{"runtimes":{"nvidia":{"path":"nvidia-container-runtime","args":[]}}}'
DRIVERS = "/usr/lib/wsl/drivers/nvami.inf_amd64_0f1e2d3c"


def program(world: World, *paths: str) -> World:
    for path in paths:
        world.put(path, "#!/bin/sh\n")
        (world.folder / "root" / path.lstrip("/")).chmod(0o755)
    return world


def with_docker(world: World) -> World:
    return program(world, "/usr/local/bin/docker", "/usr/bin/nvidia-ctk").put(
        "/etc/docker/daemon.json", DAEMON
    )


# ---- nodes that nobody makes at boot


@pytest.mark.parametrize(("starter", "said"), [(True, ["gpu-nodes-made-late"]), (False, [])])
def test_nodes_that_this_very_look_makes(bare: World, starter: bool, said: list[str]) -> None:
    """https://github.com/NVIDIA/nvidia-container-toolkit/issues/32: the host, asked as root. Without containers nothing is wrong."""
    version = "515.65.01"
    world = bare.card(0, 0x1EB8).loaded(version).library(version)
    world.says(f"driver {version}", "makes /dev/nvidia0", "0 name Tesla T4", "0 cc 7.5", "0 memory 15360")
    if starter:
        program(world, "/usr/bin/containerd")
    found = world.diagnose(areas=AREAS, PATH=PATH)
    assert found.complaints == said


def test_libraries_without_nodes(bare: World) -> None:
    """https://github.com/NVIDIA/nvidia-container-toolkit/issues/32: inside, after a boot of the host."""
    version = "515.65.01"
    world = (
        bare.card(0, 0x1EB8)
        .loaded(version)
        .library(version)
        .says(f"driver {version}", "init 9")
        .in_container()
    )
    said = world.diagnose(areas=AREAS, NVIDIA_VISIBLE_DEVICES="all")
    assert said.complaints == ["container-given-no-nodes"]
    assert "nvidia-modprobe" in str(said.of("container-given-no-nodes")["remedy"])


def test_an_image_of_cuda_without_the_card(bare: World) -> None:
    """Such an image says NVIDIA_VISIBLE_DEVICES itself; without the host's libraries it was not given the card."""
    said = bare.card(0, 0x1EB8).loaded().in_container().diagnose(areas=AREAS, NVIDIA_VISIBLE_DEVICES="all")
    assert said.complaints == ["container-started-without-gpu"]


# ---- Windows


def in_windows_container(world: World, driver: str) -> World:
    world.put("version", "Linux version 5.15.167.4-microsoft-standard-WSL2\n", "proc").node("dxg")
    world.put(f"{DRIVERS}/libnvidia-ml.so.1", world.nvml.read_bytes())
    world.put(f"{DRIVERS}/libcuda.so.1.1", world.cuda.read_bytes()).put(f"{DRIVERS}/libdxcore.so")
    for name, of in (("libnvidia-ml.so.1", "libnvidia-ml.so.1"), ("libcuda.so.1", "libcuda.so.1.1")):
        link = world.folder / "root" / LIBRARIES.lstrip("/") / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(f"{DRIVERS}/{of}")
    world.says(f"driver {driver}", "0 name NVIDIA GeForce RTX 4080", "0 cc 8.9", "0 memory 16376")
    return world.in_container()


@pytest.mark.parametrize(
    ("driver", "handed_in", "said"),
    [("555.85", False, ["wsl-libraries-incomplete"]), ("555.85", True, []), ("552.44", False, [])],
)
def test_a_library_of_windows_that_was_not_handed_in(
    bare: World, driver: str, handed_in: bool, said: list[str]
) -> None:
    """https://github.com/NVIDIA/nvidia-container-toolkit/issues/520: Error 500, and nvidia-smi works."""
    world = in_windows_container(bare, driver)
    if handed_in:
        world.put(f"{DRIVERS}/libnvdxgdmal.so.1")
    found = world.diagnose(
        "--deep", areas=AREAS, NVIDIA_VISIBLE_DEVICES="all", FAKE_CUDA="500" if said else "0"
    )
    assert found.complaints == said


@pytest.mark.parametrize(
    ("toolkit", "said"), [("1.14.3-1", ["wsl-container-toolkit-too-old"]), ("1.17.8-1", []), ("1.14.4-1", [])]
)
def test_the_toolkit_beside_the_driver_of_windows(bare: World, toolkit: str, said: list[str]) -> None:
    world = with_docker(windows(bare)).packages(**{"nvidia-container-toolkit": toolkit})
    world.put("/usr/lib/wsl/lib/libnvdxgdmal.so.1")
    assert world.diagnose(areas=AREAS, PATH=PATH).complaints == said


def test_a_path_without_the_folder_of_windows(bare: World) -> None:
    """https://github.com/microsoft/WSL/issues/8794: logged in through ssh."""
    world = program(windows(bare), "/usr/lib/wsl/lib/nvidia-smi")
    said = world.diagnose(areas=AREAS, PATH=PATH, SSH_CONNECTION="10.0.0.1 50000 10.0.0.2 22")
    assert said.complaints == ["wsl-nvidia-smi-not-on-path"]
    assert world.diagnose(areas=AREAS, PATH=f"{PATH}:/usr/lib/wsl/lib").complaints == []


# ---- settings of the toolkit

CONFIG = "/etc/nvidia-container-runtime/config.toml"
HEALTHY = """
disable-require = false
[nvidia-container-cli]
environment = []
load-kmods = true
#no-cgroups = false
ldconfig = "@/sbin/ldconfig"
[nvidia-container-runtime]
mode = "auto"
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEALTHY, []),
        ("[nvidia-container-cli]\nno-cgroups = true\n", ["container-toolkit-no-cgroups"]),
        ('[nvidia-container-cli]\nroot = "/run/nvidia/driver"\n', ["container-toolkit-config-wrong"]),
        ('[nvidia-container-cli]\nldconfig = "@/sbin/ldconfig.real"\n', ["container-toolkit-config-wrong"]),
        ('[nvidia-container-runtime]\nmode = "cdi"\n', ["container-toolkit-config-wrong"]),
        ("[nvidia-container-cli\n", ["container-toolkit-config-wrong"]),
        ("accept-nvidia-visible-devices-envvar-when-unprivileged = false\n", []),
    ],
)
def test_settings_of_the_toolkit(t4: World, text: str, said: list[str]) -> None:
    """https://github.com/NVIDIA/nvidia-container-toolkit/issues/580 and its like: seen on the host."""
    assert with_docker(t4).put(CONFIG, text).diagnose(areas=AREAS, PATH=PATH).complaints == said


def test_no_cgroups_is_right_for_podman(t4: World) -> None:
    """Its stand-in for the word docker has no daemon of root behind it."""
    world = program(t4, "/usr/local/bin/docker", "/usr/bin/nvidia-ctk")
    world.put(CONFIG, "[nvidia-container-cli]\nno-cgroups = true\n")
    assert world.diagnose(areas=AREAS, PATH=PATH).complaints == []


@pytest.mark.parametrize(
    ("old", "cause"),
    [(False, "container-forbids-gpu-from-start"), (True, "container-lost-gpu-after-daemon-reload")],
)
def test_device_rules_that_were_never_there_or_went(bare: World, old: bool, cause: str) -> None:
    """https://github.com/NVIDIA/nvidia-container-toolkit/issues/580: inside, the time since the start makes the difference."""
    world = bare.card(0, 0x1E87).loaded("570.86.16").library("570.86.16").says("init 999").in_container()
    for minor, name in ((0, "nvidia0"), (255, "nvidiactl")):
        world.node(name, number=f"{NVIDIA} {minor}")
    world.namespaces += ["--pid", "--fork", "--mount-proc"]
    if old:
        started = float(Path("/proc/uptime").read_text().split()[0])
        world.put("uptime", f"{started + 9000:.2f} 0.00\n", "proc")
    with forbidden_devices(f"groundwork-test-{time.monotonic_ns()}") as group:
        world.inner = ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', str(group)]
        said = world.diagnose(areas=AREAS)
    assert said.failed == [cause]
    assert "no-cgroups" in json.dumps(said.of(cause)) or old


# ---- which Docker


def test_docker_of_snap(bare: World) -> None:
    """https://github.com/canonical/docker-snap/issues/148; a newer snap sets NVIDIA's runtime up itself."""
    world = program(working(bare, driver="535.183.01"), "/snap/bin/docker")
    world.put("/snap/docker/current/meta/snap.yaml", "name: docker\n")
    said = world.diagnose(areas=AREAS, PATH=f"/snap/bin:{PATH}")
    assert said.complaints == ["docker-of-snap"]
    world.put("/var/snap/docker/current/config/daemon.json", DAEMON)
    assert world.diagnose(areas=AREAS, PATH=f"/snap/bin:{PATH}").complaints == []


def context(world: World, name: str, host: str | None = None) -> World:
    folder = world.folder / "home/.docker"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"auths": {}, "currentContext": name}))
    if host:
        import hashlib

        meta = folder / "contexts/meta" / hashlib.sha256(name.encode()).hexdigest() / "meta.json"
        meta.parent.mkdir(parents=True)
        meta.write_text(json.dumps({"Name": name, "Endpoints": {"docker": {"Host": host}}}))
    return world


@pytest.mark.parametrize(
    ("name", "host", "said"),
    [
        ("desktop-linux", None, ["docker-runs-elsewhere"]),
        ("desktop-linux", "unix:///home/me/.docker/desktop/docker.sock", ["docker-runs-elsewhere"]),
        ("colima", "unix:///home/me/.colima/default/docker.sock", ["docker-runs-elsewhere"]),
        ("builder", "ssh://me@builder", []),  # meant, and told for information
        ("rootless", "unix:///run/user/1000/docker.sock", []),
        ("default", None, []),
    ],
)
def test_a_docker_that_talks_to_another_machine(
    t4: World, name: str, host: str | None, said: list[str]
) -> None:
    """https://github.com/NVIDIA/nvidia-docker/issues/1717: Docker Desktop's virtual machine has no GPU."""
    found = context(with_docker(t4), name, host).diagnose(areas=AREAS, PATH=PATH)
    assert found.complaints == said
    told = [one for one in found.findings if one["id"] == "docker-runs-elsewhere"]
    assert bool(told) == (name not in ("rootless", "default"))
    assert "me@" not in json.dumps(told)


def test_a_variable_wins_over_the_context(t4: World) -> None:
    world = context(with_docker(t4), "desktop-linux")
    assert world.diagnose(areas=AREAS, PATH=PATH, DOCKER_HOST="unix:///var/run/docker.sock").complaints == []
    found = context(with_docker(t4), "default").diagnose(
        areas=AREAS, PATH=PATH, DOCKER_HOST="unix:///root/.docker/desktop/docker.sock"
    )
    assert found.of("docker-runs-elsewhere")["remedy"]["commands"] == [["unset", "DOCKER_HOST"]]


@pytest.mark.parametrize(
    ("line", "toolkit", "names"),
    [
        ("#no-cgroups = false", "1.14.3-1", ["docker-rootless-writes-no-rules"]),
        ("no-cgroups = true", "1.14.3-1", []),
        ("#no-cgroups = false", "1.18.0-1", []),
    ],
)
def test_docker_without_root(t4: World, line: str, toolkit: str, names: list[str]) -> None:
    """https://github.com/NVIDIA/nvidia-container-toolkit/issues/139: "failed to add device rules … operation not permitted"."""
    world = program(t4, "/usr/local/bin/docker", "/usr/bin/nvidia-ctk")
    world.put(CONFIG, f'[nvidia-container-cli]\nload-kmods = true\n{line}\nldconfig = "@/sbin/ldconfig"\n')
    world.packages(**{"nvidia-container-toolkit": toolkit})
    own = "unix:///run/user/1000/docker.sock"
    assert world.diagnose(areas=AREAS, PATH=PATH, DOCKER_HOST=own).complaints == names
    assert "docker-rootless-writes-no-rules" not in world.diagnose(areas=AREAS, PATH=PATH).complaints


@pytest.mark.parametrize(
    ("given", "more", "severity"),
    [
        (False, {}, "info"),
        (False, {"NCCL_IB_DISABLE": "0"}, "warn"),
        (False, {"NCCL_IB_DISABLE": "1"}, ""),
        (True, {}, ""),
    ],
)
def test_infiniband_that_was_not_handed_in(
    bare: World, given: bool, more: dict[str, str], severity: str
) -> None:
    """https://github.com/vllm-project/vllm/pull/42075: "NET/IB : No device found"."""
    world = working(bare, "h100", 2).in_container()
    world.put("/run/adapters/mlx5_0/ports/1/state", "4: ACTIVE\n")
    if given:
        world.node("infiniband/uverbs0")
    lines = "mkdir -p /run/class; mount -t tmpfs none /run/class; cp -a /sys/class/. /run/class/ 2>/dev/null || true"
    lines += "; rm -rf /run/class/infiniband; cp -a /run/adapters /run/class/infiniband; mount --bind /run/class /sys/class"
    world.inner = ["sh", "-ec", f'{lines}; exec "$@"', "sh"]
    said = world.diagnose(areas=AREAS, **more)
    told = [one["severity"] for one in said.findings if one["id"] == "infiniband-not-in-container"]
    assert told == ([severity] if severity else [])
