"""NVIDIA's cards on the PCI bus: needs no driver."""

from __future__ import annotations

from pathlib import Path

from doctor.facts import PciCard
from doctor.reading.peek import is_there, peek, peek_text

DEVICES = Path("/sys/bus/pci/devices")
NVIDIA = "0x10de"
DISPLAY_CLASSES = ("0x0300", "0x0302")  # VGA controllers and 3D (compute) controllers
OTHER_CLASSES = (
    *DISPLAY_CLASSES,
    "0x0380",
    "0x1200",
)  # AMD's and Intel's compute cards show themselves as these
OTHERS = ("0x1002", "0x8086", "0x1ed5", "0x1d94")  # AMD, Intel, Moore Threads, Hygon
ACCELERATOR_CLASS = "0x1200"
ACCELERATORS = ("0x19e5",)  # Huawei: Ascend. The screens of its servers are of this vendor too
BRIDGE_CLASS = "0x0680"  # NVSwitch shows itself as a bridge
OFF_THE_BUS = b"\xff\xff"


def cards(root: Path = DEVICES) -> tuple[PciCard, ...]:
    """The display and compute controllers."""
    return tuple(map(_card, _of_nvidia(root, DISPLAY_CLASSES)))


def others(root: Path = DEVICES) -> tuple[str, ...]:
    """The vendors of GPUs that are not NVIDIA's, each once."""
    return tuple(
        sorted(
            {vendor for vendor in _vendors(root, OTHER_CLASSES) if vendor in OTHERS}
            | {vendor for vendor in _vendors(root, (ACCELERATOR_CLASS,)) if vendor in ACCELERATORS}
        )
    )


def _vendors(root: Path, classes: tuple[str, ...]) -> set[str]:
    return {peek_text(device / "vendor").strip() for device in _of_classes(root, classes)}


def nvswitches(root: Path = DEVICES) -> int:
    return len(_of_nvidia(root, (BRIDGE_CLASS,)))


def _of_nvidia(root: Path, classes: tuple[str, ...]) -> list[Path]:
    there = _of_classes(root, classes)
    return [device for device in there if peek_text(device / "vendor").strip() == NVIDIA]


def _of_classes(root: Path, classes: tuple[str, ...]) -> list[Path]:
    # A virtual function (physfn) is a share of a card that is listed itself.
    there = [device for device in sorted(root.glob("*")) if not is_there(device / "physfn")]
    return [device for device in there if peek_text(device / "class").strip().startswith(classes)]


def _card(device: Path) -> PciCard:
    window, window_at = _window(device / "resource")
    return PciCard(
        address=device.name,
        device=int(peek_text(device / "device").strip() or "0", 16),
        bound=bound_driver(device),
        # The kernel's own note of the vendor outlives the card; this is what it answers now.
        answers=peek(device / "config", 2) != OFF_THE_BUS,
        lanes=_number(device / "current_link_width"),
        lanes_most=_number(device / "max_link_width"),
        window=window,
        window_at=window_at,
    )


def _window(path: Path) -> tuple[int, int | None]:
    """Bytes and place of the second region (BAR 1), in which the card's memory is seen."""
    lines = [[int(word, 16) for word in line.split()] for line in peek_text(path).splitlines()[:2]]
    if len(lines) < 2 or len(lines[1]) != 3 or not lines[1][2]:
        return 0, None
    start, end, _ = lines[1]
    return (end - start + 1 if end else 0), start or None


def _number(path: Path) -> int | None:
    said = peek_text(path).strip()
    return int(said) if said.isdecimal() else None


def bound_driver(device: Path) -> str | None:
    try:
        return (device / "driver").readlink().name
    except OSError:
        return None
