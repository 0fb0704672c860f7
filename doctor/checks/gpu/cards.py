"""A machine with a card, or with a sign of one: the reason why none is listed, or what is wrong with those that are."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.checks.gpu import (
    allocator,
    containers,
    devices,
    fabric,
    libraries,
    unlisted,
    visible,
    wsl,
)
from doctor.facts import Gpu
from doctor.finding import Finding


def of_cards(gpu: Gpu) -> Iterator[Finding]:
    shadowed = wsl.linux_driver(gpu)
    if shadowed:
        yield shadowed
    elif isinstance(gpu.devices, tuple) and gpu.devices:
        yield from _listed(gpu)
    else:
        yield unlisted.reason(gpu)
    yield from containers.docker(gpu)
    yield from devices.driver_age(gpu)


def _listed(gpu: Gpu) -> Iterator[Finding]:
    yield from devices.check(gpu)
    yield from fabric.check(gpu)
    yield from libraries.unusable(gpu)
    yield from visible.check(gpu)
    yield from allocator.check(gpu)
    if gpu.variables:
        from doctor.checks.gpu import variables  # few set any

        yield from variables.check(gpu)
    yield from libraries.not_starting(gpu)
