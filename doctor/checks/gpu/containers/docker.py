"""Docker on a host with GPUs: another daemon than one thinks, Snap's, settings of NVIDIA's toolkit, nodes that come too late."""

from __future__ import annotations

import re
from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.gpu.see import card_nodes, devices, loaded
from doctor.facts import Gpu, Setting
from doctor.finding import Finding
from doctor.text import Text

SNAP = "/snap"
VIRTUAL = ("/desktop/docker.sock", "/.docker/desktop/", "/.colima/", "/.lima/", "/.rd/", "/.orbstack/")
NO_CGROUPS = "nvidia-container-cli.no-cgroups"
WITHOUT_RULES = [1, 18]
ENV_ALONE = "accept-nvidia-visible-devices-envvar-when-unprivileged"
NOT_ENOUGH = Text(
    "NVIDIA_VISIBLE_DEVICES alone hands in no GPU", "仅设置 NVIDIA_VISIBLE_DEVICES 不会挂载 GPU"
)
FILE = "/etc/nvidia-container-runtime/config.toml"


def check(gpu: Gpu) -> Iterator[Finding]:
    have = gpu.docker
    if gpu.container or not devices(gpu):
        return
    if have.context and not gpu.wsl:  # Windows' Docker hands its GPU on
        yield _elsewhere(gpu)
    elif have.command and have.command.startswith(SNAP) and not (gpu.wsl or have.runtime):
        yield found("gpu", "docker-of-snap", docker=have.command)
    for one in have.settings:
        yield from _setting(gpu, one)
    yield from _rootless(gpu)
    if have.outdated and not (have.context or have.rootless or have.cdi):
        yield found("gpu", "docker-older-than-toolkit", installed=have.outdated, toolkit=have.toolkit or "?")
    yield from nodes_late(gpu)


def _rootless(gpu: Gpu) -> Iterator[Finding]:
    """A daemon without root may write no rules for devices. Since 1.18 the toolkit makes a CDI specification itself, which needs none."""
    have = gpu.docker
    settled = any(one.name in (NO_CGROUPS, "config.toml") for one in have.settings)
    version = [int(part) for part in re.findall(r"\d+", have.toolkit_version.rpartition(":")[2])[:2]]
    newer = not version or version >= WITHOUT_RULES  # one that dpkg does not know is likely a recent one
    if have.rootless and have.toolkit and not (settled or have.cdi or newer or gpu.wsl):
        by_cdi = (
            ("sudo", "nvidia-ctk", "cdi", "generate", "--output=/etc/cdi/nvidia.yaml"),
            ("docker", "run", "--rm", "--device", "nvidia.com/gpu=all", "ubuntu", "nvidia-smi"),
        )
        yield found(
            "gpu",
            "docker-rootless-writes-no-rules",
            endpoint=have.rootless,
            file=FILE,
            commands=by_cdi if have.rootful else None,
        )


def _elsewhere(gpu: Gpu) -> Finding:
    """In a virtual machine there is no card; another host may well have some, and is meant."""
    have = gpu.docker
    in_vm = any(part in have.endpoint for part in VIRTUAL)
    by_variable = have.context == "DOCKER_HOST"
    back = (("unset", "DOCKER_HOST"),) if by_variable else (("docker", "context", "use", "default"),)
    return found(
        "gpu",
        "docker-runs-elsewhere",
        severity="warn" if in_vm else "info",
        context=have.context,
        endpoint=have.endpoint,
        commands=back,
    )


def _setting(gpu: Gpu, one: Setting) -> Iterator[Finding]:
    if one.name == NO_CGROUPS:  # right for containers without root; those of the daemon need the rules
        if gpu.docker.runtime or gpu.docker.rootful:
            yield found("gpu", "container-toolkit-no-cgroups", file=FILE)
        return
    yield found(
        "gpu",
        "container-toolkit-config-wrong",
        severity="info" if one.name == ENV_ALONE else None,
        file=FILE,
        setting=f"{one.name} = {one.value}" if one.value else one.name,
        fault=one.fault or NOT_ENOUGH,
        commands=_commands(one),
    )


def _commands(one: Setting) -> tuple[tuple[str, ...], ...]:
    if one.name.endswith(".ldconfig"):
        return (("nvidia-ctk", "config", "--in-place", "--set", f"{one.name}=@/sbin/ldconfig"),)
    if one.name.endswith(".mode"):
        return (("nvidia-ctk", "config", "--in-place", "--set", f"{one.name}=auto"),)
    if one.name == ENV_ALONE:
        return (("docker", "run", "--gpus", "all", "IMAGE"),)
    if "." in one.name and one.name != "config.toml":
        return (("$EDITOR", FILE),)
    return (("mv", FILE, f"{FILE}.broken"), ("nvidia-ctk", "config", "default", f"--output={FILE}"))


def nodes_late(gpu: Gpu) -> Iterator[Finding]:
    """Whoever asks NVIDIA's library as root makes the nodes: before, no container could be given any."""
    if card_nodes(gpu) or gpu.wsl or gpu.nvml_hung or not loaded(gpu):
        return
    starters = tuple(filter(None, (gpu.docker.command, *gpu.docker.others)))
    if starters and not gpu.docker.cdi:
        yield found("gpu", "gpu-nodes-made-late", driver=loaded(gpu) or "?", starters=starters)
