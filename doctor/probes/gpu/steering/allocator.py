"""The variable that steers torch's memory on the GPU. torch reads it when it first uses CUDA, and stops at what it cannot read."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from doctor.facts import Allocator

NAMES = ("PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF")  # the first wins, where torch knows it
SIZE, YES, SHARE = r"\d+", "True|False", r"0?\.\d+"
SMALLEST = 20  # MB of max_split_size_mb
# The values that torch takes. An option that is not here may be of another release: it is not judged.
OPTIONS = {
    "max_split_size_mb": SIZE,
    "garbage_collection_threshold": SHARE,
    "expandable_segments": YES,
    "release_lock_on_cudamalloc": YES,
    "pinned_use_cuda_host_register": YES,
    "pinned_num_register_threads": SIZE,
    "pinned_use_background_threads": YES,
    "roundup_power2_divisions": r"\d+|\[.*",
    "backend": "native|cudaMallocAsync",
}


def unreadable(environ: Mapping[str, str] = os.environ) -> Allocator | None:
    """The first of the variables at whose value torch stops."""
    said = ((name, environ.get(name, "")) for name in NAMES)
    found = ((name, value, fault(value)) for name, value in said)
    return next((Allocator(variable=n, value=v[:200], fault=f) for n, v, f in found if f), None)


def options(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The options of a value that can be read. Whether a torch knows each of them is another question."""
    name = next((name for name in reversed(NAMES) if environ.get(name)), None)
    value = environ[name] if name else ""
    if not value or fault(value):
        return {}
    said = (option.partition(":")[0] for option in _split(value))
    return {option: f"{name}={value[:200]}" for option in said if option in OPTIONS}


def _split(value: str) -> list[str]:
    """A list in brackets is one value."""
    return re.split(r",(?![^\[]*\])", re.sub(r"\s", "", value))


def fault(value: str) -> str:
    """The option that torch cannot read; "" where it reads all."""
    return next((option for option in _split(value) if option and not _reads(option)), "")


def _reads(option: str) -> bool:
    name, colon, said = option.partition(":")
    if not colon or name[0] in "\"'":
        return False
    if name not in OPTIONS:
        from doctor.near import nearest  # only where one is misspelt

        return not nearest(name, OPTIONS, cutoff=0.85)
    large = name != "max_split_size_mb" or not said.isdecimal() or int(said) >= SMALLEST
    return large and re.fullmatch(OPTIONS[name], said) is not None
