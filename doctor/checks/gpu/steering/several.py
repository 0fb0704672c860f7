"""Several cards: what keeps them, and the programs on them, from talking to each other."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.gpu.see import NONE, devices
from doctor.checks.gpu.steering import nccl
from doctor.checks.gpu.steering.variables import away, files, named, seen, switched_on
from doctor.facts import Gpu
from doctor.finding import Finding
from doctor.text import human_bytes

# Cards that have no way to each other over PCI Express, or have NVLink for it.
NO_PEERS, WITH_LINKS = ("geforce", "titan"), ("SXM", "HBM3", "NVL", "GB200", "GB300", "GH200", "B200", "B300")
UNTRANSLATED = "identity"


def check(gpu: Gpu) -> Iterator[Finding]:
    yield from _redirected(gpu)
    yield from _loopback(gpu)
    if gpu.nccl_lines:
        paths = tuple(dict.fromkeys(line.partition(":")[0] for line in gpu.nccl_lines))
        edit = tuple(("$EDITOR", path) for path in paths)
        yield found("gpu", "nccl-conf-line-without-effect", lines="; ".join(gpu.nccl_lines), commands=edit)
    if gpu.unaddressed and len(devices(gpu)) > 1 and not named(gpu, nccl.PREFIXES):
        yield found("gpu", "nccl-no-address")
    if gpu.adapters_withheld and len(devices(gpu)) > 1:
        meant = [one for one in named(gpu, "NCCL_IB_DISABLE") if one.value.strip() == "0"]
        off = switched_on(gpu, "NCCL_IB_DISABLE")
        if not off:  # who has switched it off wants none
            yield found(
                "gpu",
                "infiniband-not-in-container",
                severity="warn" if meant else None,
                adapters=gpu.adapters_withheld,
            )
    if gpu.locked_most is not None:
        inside = (("docker", "run", "--gpus", "all", "--ulimit", "memlock=-1", "IMAGE"),)
        yield found(
            "gpu",
            "locked-memory-limit",
            limit=human_bytes(gpu.locked_most),
            commands=inside if gpu.container else None,
        )


def _redirected(gpu: Gpu) -> Iterator[Finding]:
    """NVIDIA's driver does not serve talk between cards through an IOMMU on bare metal. Without translation it is slow only."""
    those = [card for card in gpu.cards if card.redirected and card.translated]
    alike = [one for one in devices(gpu) if _is_peer(one.name) and not one.linked]
    if len(those) < 2 or len(alike) < 2 or gpu.nvswitches or switched_on(gpu, "NCCL_P2P_DISABLE"):
        return
    bridges = tuple(dict.fromkeys(bridge for card in those for bridge in card.redirected))
    kinds = {card.translated for card in those}
    yield found(
        "gpu",
        "peer-to-peer-redirected",
        severity="info" if kinds == {UNTRANSLATED} else "warn",
        bridges=bridges,
        kinds=tuple(sorted(kinds)),
        cards=tuple(card.address for card in those),
    )


def _is_peer(name: str) -> bool:
    return not any(word in name.lower() for word in NO_PEERS) and not any(word in name for word in WITH_LINKS)


def _loopback(gpu: Gpu) -> Iterator[Finding]:
    wrong = [one for one in gpu.variables if nccl.takes_loopback(one, gpu.interfaces)]
    if wrong:
        yield found(
            "gpu",
            "nccl-takes-loopback",
            seen=seen(wrong),
            files=files(wrong) or NONE,
            there=gpu.interfaces,
            commands=away(wrong),
        )
