"""The driver is loaded and lists nothing: the card, its nodes, or the pair of card and driver."""

from __future__ import annotations

import re
from collections.abc import Sequence

from doctor.catalogue import found
from doctor.checks.gpu import see
from doctor.checks.gpu.see import FIRST_BLACKWELL, NONE, branch, card_nodes, cards_named, loaded, with_error
from doctor.facts import Gpu, LostDevice, PciCard
from doctor.finding import Finding
from doctor.text import Text

FEW_CARDS = 2
XID = re.compile(r"NVRM: Xid \(PCI:([\w:.]+)[^)]*\): (\d+)")
OFF_THE_BUS = "79"
UNPOWERED, TO_BE_RESET, UNKNOWN_ERROR = 8, 16, 999  # NVML's codes
CONTROL = "/dev/nvidiactl"
# PCI device ids from which on a card belongs to a generation, and the first driver branch that knows it.
FIRST_BRANCH = ((FIRST_BLACKWELL, 570), (0x2600, 525), (0x2300, 515), (0x2000, 450), (0x1E00, 410))
# The last branch for cards below an id: Maxwell to Volta, and before them Kepler.
FIRST_WITH_GSP = 0x1E00  # Turing: NVIDIA's open modules need a processor that older cards do not have
LAST_BRANCH = ((0x1340, 470), (FIRST_WITH_GSP, 580))


def hangs(gpu: Gpu) -> Finding | None:
    """Many cards without the persistence daemon may only be slow; one that cannot be killed hangs for certain."""
    if gpu.nvml_hung is None:
        return None
    sure = gpu.nvml_stuck or len(gpu.cards) <= FEW_CARDS
    return found(
        "gpu",
        "nvml-hangs",
        severity="fail" if sure else "unknown",
        seconds=f"{gpu.nvml_hung:.0f}",
        holders=_names(gpu),
    )


def _names(gpu: Gpu) -> str | Text:
    return ", ".join(f"{one.name} ({one.pid})" for one in gpu.holders) or NONE


def lost(gpu: Gpu) -> Finding | None:
    """Each sign alone will do: NVML says so, the bus reads ones, or the kernel noted it and the card is not listed."""
    gone = [one for one in gpu.lost if one.code not in (UNPOWERED, TO_BE_RESET)]
    signs = [f"GPU {one.index}: NVML {one.code} {one.said}" for one in gone]
    signs += [f"{card.address}: config space ff" for card in gpu.cards if not card.answers]
    listed = {device.pci for device in gpu.devices} if isinstance(gpu.devices, tuple) else set()
    for address, number in _xids(gpu):
        if number == OFF_THE_BUS and not any(pci and address in pci for pci in listed):
            signs.append(f"{address}: Xid {number}")
    signs += [f"{address}: NVML lists {len(listed)} others" for address in _unlisted(gpu, listed)]
    return found("gpu", "gpu-lost", signs=tuple(dict.fromkeys(signs))) if signs else None


def unpowered(gpu: Gpu) -> Finding | None:
    dark = [one for one in gpu.lost if one.code == UNPOWERED]
    return found("gpu", "gpu-power-cable-missing", cards=_numbered(dark)) if dark else None


def to_be_reset(gpu: Gpu) -> Finding | None:
    waiting = [one for one in gpu.lost if one.code == TO_BE_RESET]
    return found("gpu", "gpu-reset-required", cards=_numbered(waiting)) if waiting else None


def _numbered(those: list[LostDevice]) -> tuple[str, ...]:
    return tuple(f"GPU {one.index}: NVML {one.code} {one.said}" for one in those)


def _unlisted(gpu: Gpu, listed: set[str]) -> list[str]:
    """Cards that the driver owns and NVML leaves out, on a host where every node opens."""
    left_out = "ExcludedGpus" in gpu.module.params or "GpuBlacklist" in gpu.module.params
    if not listed or "" in listed or gpu.lost or gpu.container or left_out or any(n.error for n in gpu.nodes):
        return []
    return [card.address for card in gpu.cards if card.bound == "nvidia" and card.address not in listed]


def _xids(gpu: Gpu) -> list[tuple[str, str]]:
    return [match.groups() for line in gpu.xids if (match := XID.search(line))]  # type: ignore[misc]


def xid_numbers(gpu: Gpu) -> set[str]:
    return {number for _, number in _xids(gpu)}


def not_permitted(gpu: Gpu) -> Finding | None:
    nodes = with_error(gpu, "EACCES")
    return refused(gpu, nodes) if nodes else None


def refused(gpu: Gpu, nodes: Sequence[str]) -> Finding:
    """By owner and mode; or, where those allow it, by SELinux. Another group helps in the first case only."""
    if gpu.barred:
        again = (("docker", "run", "--gpus", "all", "--security-opt", "label=disable", "IMAGE"),)
        by_docker = again if gpu.container == "docker" else None
        return found("gpu", "gpu-nodes-refused-by-selinux", nodes=nodes, label=gpu.barred, commands=by_docker)
    theirs = tuple(dict.fromkeys(one.group for one in gpu.nodes if one.path in nodes and one.group))
    look = (("ls", "-lZ", "/dev/nvidia0"),) if gpu.barred is not None or "root" in gpu.groups else None
    return found(
        "gpu",
        "gpu-nodes-not-permitted",
        nodes=nodes,
        groups=gpu.groups or NONE,
        theirs=theirs or Text("none but root's", "仅 root"),
        commands=look or (None if gpu.container and not theirs else _let_in(theirs)),
    )


def _let_in(groups: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Into the group of the nodes; where none may open them, the driver has to make them anew, for all."""
    if groups:
        return (("sh", "-c", f"sudo usermod -aG {','.join(groups)} $(id -un)"), ("ls", "-l", "/dev/nvidia0"))
    line = "echo options nvidia NVreg_DeviceFileMode=0666 | sudo tee /etc/modprobe.d/nvidia-nodes.conf"
    return (("sh", "-c", f"{line}; sudo update-initramfs -u"), ("reboot",))


def refuses_hypervisor(gpu: Gpu) -> Finding | None:
    """All cards answer on the bus, none dropped off it, and the driver starts none of them."""
    away = any(number == OFF_THE_BUS for _, number in _xids(gpu)) or not all(
        card.answers for card in gpu.cards
    )
    codes = {one.code for one in gpu.lost}
    if not gpu.hypervisor or away or not (codes == {UNKNOWN_ERROR} or (not codes and see.not_started(gpu))):
        return None
    return found(
        "gpu",
        "gpu-driver-refuses-hypervisor",
        cards=cards_named(gpu.cards),
        driver=loaded(gpu) or "?",
        above=gpu.hypervisor,
    )


def card_and_driver(gpu: Gpu) -> Finding | None:
    """A card that this driver does not know yet, knows no more, or serves only with its open modules."""
    driver = loaded(gpu)
    return None if driver is None else of_pair(gpu, driver, is_open=gpu.module.is_open)


def of_pair(gpu: Gpu, driver: str, *, is_open: bool | None) -> Finding | None:
    """Of a driver that is loaded or installed; None: which of its modules is not known."""
    if gpu.container or not gpu.cards:
        return None
    newest = max(gpu.cards, key=lambda card: card.device)
    cards = cards_named(gpu.cards)
    needed = next((first for start, first in FIRST_BRANCH if newest.device >= start), 0)
    if branch(driver) < needed:
        return found("gpu", "driver-too-old-for-gpu", needed=needed, cards=cards, driver=driver)
    last = last_branch(newest.device)
    if last and branch(driver) > last:
        return found("gpu", "driver-too-new-for-gpu", last=last, cards=cards, driver=driver)
    if newest.device < FIRST_WITH_GSP and is_open:
        return found("gpu", "gpu-needs-closed-module", cards=cards, driver=driver)
    if newest.device >= FIRST_BLACKWELL and is_open is False:
        return found("gpu", "gpu-needs-open-module", cards=cards, driver=driver)
    return None


def last_branch(device: int) -> int | None:
    """The last that serves a card of this id; None: the newest still does."""
    return next((last for end, last in LAST_BRANCH if device < end), None)


def outlived(driver: str, card: PciCard, is_open: bool) -> bool:
    """Whether a card is too old for a driver, or for its open modules."""
    last = last_branch(card.device)
    return (last is not None and branch(driver) > last) or (is_open and card.device < FIRST_WITH_GSP)


def not_started(gpu: Gpu) -> Finding | None:
    said = see.not_started(gpu)
    return found("gpu", "gpu-does-not-start", said=said) if said else None


def control_node_missing(gpu: Gpu) -> Finding | None:
    """The cards' own nodes are here, and the one through which all are asked for is not."""
    if gpu.wsl or not card_nodes(gpu) or any(node.path == CONTROL for node in gpu.nodes):
        return None
    nodes = tuple(node.path for node in gpu.nodes)
    again = (("docker", "run", "--gpus", "all", "IMAGE"),) if gpu.container else None
    return found("gpu", "nvidia-control-node-missing", nodes=nodes, commands=again)


def nodes_missing(gpu: Gpu) -> Finding | None:
    if card_nodes(gpu) or gpu.container or gpu.wsl:
        return None
    return found("gpu", "gpu-nodes-missing", driver=loaded(gpu) or "?")
