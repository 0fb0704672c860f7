"""Who it is that refuses: SELinux, a driver under a hypervisor, the module's own management of memory."""

from __future__ import annotations

import re
from pathlib import Path

from doctor.facts import Node, PciCard
from doctor.probes.gpu.cards.pci import DEVICES
from doctor.reading.peek import peek_text

FOR_ALL = 0o006
LABEL = re.compile(r"\w+:\w+:(\w+):\S+\Z")  # user:role:type:level
DMI = Path("/sys/class/dmi/id")
SCREENS = "0x0300"  # the class of cards with outputs: GeForce among them, no Tesla
ALLOWED_SINCE = 465  # from this branch on the driver of GeForce cards runs under any hypervisor
HMM_OFF = Path("/sys/module/nvidia_uvm/parameters/uvm_disable_hmm")


def barred(nodes: tuple[Node, ...]) -> str | None:
    """None where owner and mode explain it. AppArmor has labels of another form, and lets containers open devices."""
    refused = [node.path for node in nodes if node.error == "EACCES"]
    if not all(_mode(path) & FOR_ALL == FOR_ALL for path in refused):
        return None
    label = peek_text("/proc/self/attr/current").strip("\0\n ")
    return label if LABEL.match(label) and "unconfined" not in label else ""


def _mode(path: str) -> int:
    try:
        return Path(path).stat().st_mode
    except OSError:
        return 0


def hypervisor(cards: tuple[PciCard, ...], driver: str | None) -> str:
    """What stands above, where an old driver has a card that may be a GeForce."""
    branch = re.match(r"\d+", driver or "")
    if branch is None or int(branch[0]) >= ALLOWED_SINCE:
        return ""
    classes = (peek_text(DEVICES / card.address / "class") for card in cards)
    if not any(said.startswith(SCREENS) for said in classes):
        return ""
    if not re.search(r"^flags\b.*\bhypervisor\b", peek_text("/proc/cpuinfo"), re.MULTILINE):
        return ""
    said = (peek_text(DMI / name).strip() for name in ("sys_vendor", "product_name"))
    return " ".join(word for word in said if word and word != "None")[:80] or "/proc/cpuinfo: hypervisor"


def hmm() -> bool:
    """Nobody switched it off; modules that have no such switch have none of it."""
    return peek_text(HMM_OFF).strip() in ("N", "0")
