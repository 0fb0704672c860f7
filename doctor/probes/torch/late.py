"""Libraries of CUDA that no module asks the linker for: packages open them by name while they run. And those that two packages own."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from doctor.elf.linker import Linker
from doctor.facts.torch import LateLibrary, Overlap
from doctor.probes.once import record
from doctor.probes.torch.modules import Site

# Who opens what: distribution, its releases, the library, and whether one that torch has loaded serves as well.
OPENED = (
    ("ctranslate2", "<4.5", "libcudnn_ops_infer.so.8", False),
    ("ctranslate2", ">=4.5", "libcudnn_ops.so.9", False),
    ("ctranslate2", "<4", "libcublas.so.11", False),
    ("ctranslate2", ">=4", "libcublas.so.12", False),
    ("onnxruntime-gpu", "<1.19", "libcudnn.so.8", True),
    ("onnxruntime-gpu", ">=1.19", "libcudnn.so.9", True),
    ("onnxruntime-gpu", ">=1.19", "libcublasLt.so.12", True),
)
# What they carry themselves, beside their modules.
OWN = "{folder}/{module}.libs"
OF_NVIDIA = re.compile(r"nvidia-(.+)-cu(\d\d)")
OWNED = re.compile(r'^"?(nvidia/[^,"\n]+\.so[.\d]*)"?,[^,\n]*,(\d+)', re.MULTILINE)


def libraries(site: Site, linker: Linker, family: Mapping[str, str]) -> tuple[LateLibrary, ...]:
    """Those that would not be found."""
    return tuple(_libraries(site, linker, family))


def _libraries(site: Site, linker: Linker, family: Mapping[str, str]) -> Iterator[LateLibrary]:
    for name, releases, library, through_torch in OPENED:
        version = family.get(name)
        if version is None or not _within(version, releases) or linker.find(library, linker.program, ()):
            continue
        own = OWN.format(folder=site.folder, module=name.replace("-", "_"))
        if os.access(f"{own}/{library}", os.F_OK):
            continue
        here = site.shipped.get(library)
        if here and through_torch and "torch" in family:
            continue
        yield LateLibrary(
            by=f"{name} {version}", name=library, here=here, others=_others(library, site, linker)
        )


def _others(library: str, site: Site, linker: Linker) -> tuple[str, ...]:
    """The same library of another major version. Of cuDNN 9 the parts have other names than of 8."""
    start = "libcudnn" if library.startswith("libcudnn") else library.partition(".so.")[0] + ".so."
    major = library.rpartition(".")[2]
    known = {**linker.cache, **site.shipped}
    found = (path for name, path in sorted(known.items()) if name.startswith(start))
    return tuple(path for path in found if not re.search(rf"\.so\.{major}(\.|$)", path))[:2]


def _within(version: str, releases: str) -> bool:
    try:
        return SpecifierSet(releases).contains(Version(version), prereleases=True)
    except InvalidVersion:
        return False


def overlaps(site: Site, cuda: str | None) -> tuple[Overlap, ...]:
    """Libraries that packages of two CUDAs brought to one path: the one that came last stays, and either may remove it."""
    kinds: dict[str, list[tuple[str, str, str]]] = {}
    for dist in site.dists:
        if match := OF_NVIDIA.fullmatch(dist.name):
            kinds.setdefault(match[1], []).append((match[2], f"{dist.name}=={dist.version}", dist.folder))
    several = (owners for owners in kinds.values() if len(owners) > 1)
    wanted = (cuda or "").partition(".")[0]
    return tuple(found for owners in several if (found := _overlap(site.folder, owners, wanted)))


def _overlap(folder: Path, owners: list[tuple[str, str, str]], wanted: str) -> Overlap | None:
    said = {named: dict(OWNED.findall(record(folder, info))) for _, named, info in owners}
    shared = [path for path in next(iter(said.values())) if all(path in files for files in said.values())]
    for path in shared[:1]:
        try:
            size = str(os.stat(folder / path).st_size)  # noqa: PTH116 - a missing file is another finding
        except OSError:
            return None
        fitting = [named for named, files in said.items() if files[path] == size]
        return Overlap(
            path=f"{folder}/{path}",
            owners=tuple(said),
            taken=fitting[0] if len(fitting) == 1 else None,
            wanted=next((named for major, named, _ in owners if major == wanted), None),
        )
    return None
