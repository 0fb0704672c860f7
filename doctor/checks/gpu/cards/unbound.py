"""A card that the driver does not have, beside others that work."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.gpu.cards.broken import outlived
from doctor.checks.gpu.see import cards_named, loaded
from doctor.facts import Gpu, PciCard
from doctor.finding import Finding

FOR_GUESTS = ("vfio-pci", "pci-stub", "pciback", "xen-pciback")  # a virtual machine has it, or is meant to

TAKE = "echo >/sys/bus/pci/devices/{at}/driver_override; echo {at} >/sys/bus/pci/drivers_probe"


def check(gpu: Gpu) -> Iterator[Finding]:
    """In a container the host's cards show on the bus, and whose they are is the host's matter."""
    if gpu.container or gpu.wsl:
        return
    away = tuple(card for card in gpu.cards if card.bound in FOR_GUESTS)
    if away:
        yield given_away(away)
    free = tuple(card for card in gpu.cards if card.bound is None and card.answers)
    if free:
        driver = loaded(gpu) or ""
        # One that is too old for this driver is often there for the screen alone.
        useful = any(not outlived(driver, card, gpu.module.is_open) for card in free)
        yield found(
            "gpu",
            "gpu-without-driver",
            severity="warn" if useful else "info",
            cards=cards_named(free),
            driver=driver or "?",
            commands=tuple(("sh", "-c", TAKE.format(at=card.address)) for card in free),
        )


def given_away(cards: tuple[PciCard, ...]) -> Finding:
    bound = tuple(dict.fromkeys(str(card.bound) for card in cards))
    return found("gpu", "gpu-given-to-virtual-machine", cards=cards_named(cards), bound=bound)
