"""torch's memory on the GPU, as the person's variable steers it."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.facts import Gpu
from doctor.finding import Finding


def check(gpu: Gpu) -> Iterator[Finding]:
    one = gpu.allocator
    if one:
        yield found(
            "gpu",
            "cuda-allocator-setting-malformed",
            variable=one.variable,
            value=one.value,
            fault=one.fault,
        )
