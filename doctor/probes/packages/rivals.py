"""Distributions that are two builds of one thing: they write to the same folder, and the one that came last is what is used."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from doctor.facts.packages import Rivals
from doctor.probes.packages.metadata import Dist
from doctor.reading.peek import peek_text

# A module, and the distributions that each bring it whole.
BUILDS = {
    "onnxruntime": (
        *("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino"),
        *("onnxruntime-rocm", "onnxruntime-training", "ort-nightly", "ort-nightly-gpu"),
    ),
    "cv2": (
        *("opencv-python", "opencv-python-headless"),
        *("opencv-contrib-python", "opencv-contrib-python-headless"),
    ),
    "faiss": ("faiss-cpu", "faiss-gpu", "faiss-gpu-cu11", "faiss-gpu-cu12"),
    "tensorflow": ("tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tensorflow-rocm", "tf-nightly"),
    "paddle": ("paddlepaddle", "paddlepaddle-gpu"),
    "psycopg2": ("psycopg2", "psycopg2-binary"),
    "PIL": ("pillow", "pillow-simd"),
    "xgboost": ("xgboost", "xgboost-cpu"),
}
NATIVE = (".so", ".pyd")


def rivals(dists: Sequence[Dist], site: Path) -> tuple[Rivals, ...]:
    """What a packager of the system lists under several names is one build; only what pip or uv wrote is looked at."""
    there = {dist.name: dist for dist in dists if dist.whole and not dist.by_system and not dist.editable}
    return tuple(_told(there, site))


def _told(there: dict[str, Dist], site: Path) -> Iterator[Rivals]:
    for module, names in BUILDS.items():
        here = [there[name] for name in names if name in there]
        if len(here) > 1:
            files = [_native(site, dist) for dist in here]
            shared = set(files[0]).intersection(*files[1:])
            if shared:  # a distribution of that name may be an empty one that only asks for another
                path = max(shared, key=lambda one: max(each[one] for each in files))
                yield Rivals(
                    module=module,
                    builds=tuple(f"{dist.name} {dist.version}" for dist in here),
                    file=path,
                    used=_used(
                        site / path, [(dist.name, each[path]) for dist, each in zip(here, files, strict=True)]
                    ),
                )


def _native(site: Path, dist: Dist) -> dict[str, int]:
    """The compiled files that a distribution lists, and their sizes."""
    found = {}
    for line in peek_text(site / dist.folder / "RECORD").splitlines():
        path, _, stated = line.partition(",")
        size = stated.rpartition(",")[2]
        if path.endswith(NATIVE) and size.isdecimal():
            found[path] = int(size)
    return found


def _used(path: Path, sizes: Sequence[tuple[str, int]]) -> str:
    """Whose file it is that lies there; "" where that cannot be told."""
    try:
        size = os.stat(path).st_size  # noqa: PTH116
    except OSError:
        return ""
    owners = [name for name, stated in sizes if stated == size]
    return owners[0] if len(owners) == 1 else ""
