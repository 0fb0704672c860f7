"""Packages that are compiled with or without CUDA under one name and version: which of the two lies there, read off their libraries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from doctor.elf.linker import Linker
from doctor.facts import Unknown
from doctor.probes.torch.modules import Site

# A distribution, and where its compiled parts are.
BUILT = {
    "llama-cpp-python": ("llama_cpp/*.so*", "llama_cpp/lib/*.so*"),
    "detectron2": ("detectron2/_C*.so",),
    "mmcv": ("mmcv/_ext*.so",),
    "mmcv-full": ("mmcv/_ext*.so",),
    "torch-scatter": ("torch_scatter/*.so",),
    "torch-sparse": ("torch_sparse/*.so",),
    "torch-cluster": ("torch_cluster/*.so",),
    "torch-spline-conv": ("torch_spline_conv/*.so",),
    "pytorch3d": ("pytorch3d/_C*.so",),
}
# What a build for a card asks the linker for, or is named after.
CARDS = ("cuda", "cublas", "hip", "rocm", "vulkan", "sycl", "musa", "cann", "opencl")


def without_cuda(site: Site, linker: Linker, installed: Mapping[str, str]) -> tuple[str, ...]:
    """Those that know no card at all, as "name version"."""
    return tuple(_without(site, linker, installed))


def _without(site: Site, linker: Linker, installed: Mapping[str, str]) -> Iterator[str]:
    for name in BUILT.keys() & installed.keys():
        paths = [path for pattern in BUILT[name] for path in sorted(site.folder.glob(pattern))]
        if paths and not any(_for_card(path, linker) for path in paths):
            yield f"{name} {installed[name]}"


def _for_card(path: Path, linker: Linker) -> bool:
    """What cannot be read may be anything."""
    elf = linker.read(str(path))
    names = (path.name.lower(), *(() if isinstance(elf, Unknown) else elf.needed))
    return isinstance(elf, Unknown) or any(card in name for name in names for card in CARDS)
