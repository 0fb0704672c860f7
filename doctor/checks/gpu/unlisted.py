"""Why no GPU is listed: one reason, the first that fits. Files and what opening them says come before NVML, whose error is
the same for many causes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from doctor.catalogue import found
from doctor.checks.gpu.cards import broken, kernel_said, unbound
from doctor.checks.gpu.containers import container, wsl
from doctor.checks.gpu.driver import copies, libraries, module, options
from doctor.checks.gpu.see import loaded, nvml_said
from doctor.facts import Gpu
from doctor.finding import Finding

Look = Callable[[Gpu], Finding | None]


def reason(gpu: Gpu) -> Finding:
    looks: tuple[Look, ...] = (wsl.blocked, _none, container.without_gpu)
    looks += _LOADED if loaded(gpu) or gpu.nvml_hung else (module.not_loaded,)
    return next(filter(None, (look(gpu) for look in looks)), None) or _last(gpu)


def _none(gpu: Gpu) -> Finding | None:
    if gpu.jetson:
        return found("gpu", "gpu-of-a-jetson")
    if gpu.wsl or not (gpu.pci or loaded(gpu) or gpu.nvml_hung):
        return found("gpu", "gpu-none")
    if gpu.cards and all(card.bound in unbound.FOR_GUESTS for card in gpu.cards):
        return unbound.given_away(gpu.cards)
    return None


def _last(gpu: Gpu) -> Finding:
    return found("gpu", "driver-not-answering", driver=loaded(gpu) or "?", said=nvml_said(gpu))


_LOADED: tuple[Look, ...] = (
    broken.hangs,
    options.against_the_card,
    broken.refuses_hypervisor,
    broken.lost,
    broken.unpowered,
    broken.to_be_reset,
    container.forbidden,
    broken.not_permitted,
    kernel_said.dropped,
    broken.card_and_driver,
    kernel_said.not_served,
    kernel_said.no_memory_window,
    kernel_said.no_firmware,
    options.without_firmware,
    kernel_said.window_too_small,
    broken.not_started,
    partial(copies.damaged, name=libraries.NVML),
    libraries.other_version,
    libraries.not_found,
    broken.control_node_missing,
    broken.nodes_missing,
)
