"""A machine with a card, or with a sign of one: the reason why none is listed, or what is wrong with those that are."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.checks.gpu import unlisted
from doctor.checks.gpu.cards import devices, fabric
from doctor.checks.gpu.containers import container, wsl
from doctor.checks.gpu.driver import libraries
from doctor.checks.gpu.see import devices as devices_of
from doctor.checks.gpu.steering import allocator, visible
from doctor.facts import Docker, Gpu
from doctor.finding import Finding


def of_cards(gpu: Gpu) -> Iterator[Finding]:
    shadowed = wsl.linux_driver(gpu)
    if shadowed:
        yield shadowed
    elif isinstance(gpu.devices, tuple) and gpu.devices:
        yield from _listed(gpu)
    else:
        yield unlisted.reason(gpu)
    yield from container.docker(gpu)
    if gpu.docker != Docker() or not gpu.nodes:
        from doctor.checks.gpu.containers import docker  # most have no Docker, and nodes

        yield from docker.check(gpu)
    if gpu.wsl:
        yield from wsl.lacking(gpu)
        yield from wsl.apart(gpu)
    yield from devices.driver_age(gpu)


def _listed(gpu: Gpu) -> Iterator[Finding]:
    yield from devices.check(gpu)
    yield from fabric.check(gpu)
    yield from libraries.unusable(gpu)
    yield from visible.check(gpu)
    yield from allocator.check(gpu)
    if gpu.variables:
        from doctor.checks.gpu.steering import variables  # few set any

        yield from variables.check(gpu)
    if len(gpu.cards) > 1 or gpu.nccl_lines or gpu.locked_most is not None or gpu.variables:
        from doctor.checks.gpu.steering import several  # most have one card, and say nothing to NCCL

        yield from several.check(gpu)
    if len(devices_of(gpu)) > 1 and gpu.visible:
        from doctor.checks.gpu.steering import order  # most have one card, or like ones

        yield from order.check(gpu)
    if gpu.module.params:
        from doctor.checks.gpu.driver import options  # most leave them as they are

        yield from filter(None, (options.excluded(gpu),))
    if gpu.mps or gpu.cuda_code:
        yield from _not_starting(gpu)


def _not_starting(gpu: Gpu) -> Iterator[Finding]:
    from doctor.checks.gpu.steering import mps  # few share a card in this way

    without = mps.check(gpu)
    if without:
        yield without
    if gpu.cuda_code != mps.REFUSED:
        yield from libraries.not_starting(gpu)
