"""Against which numpy an extension was built, read off the names in it.

What numpy 1's headers compile in imports `numpy.core…` alone; numpy 2's try `numpy._core…` first. Only releases
older than the first that is ready for numpy 2 are looked at.
"""

from __future__ import annotations

import mmap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from doctor.probes.packages.metadata import Dist
from doctor.reading.peek import peek_text
from doctor.release import before

READY = {
    "bottleneck": "1.4", "contourpy": "1.2.1", "faiss-cpu": "1.8.0.post1", "gensim": "4.3.3", "h5py": "3.11",
    "matplotlib": "3.8.4", "numba": "0.60", "numexpr": "2.10", "onnxruntime": "1.19", "onnxruntime-gpu": "1.19",
    "opencv-contrib-python": "4.10", "opencv-contrib-python-headless": "4.10", "opencv-python": "4.10",
    "opencv-python-headless": "4.10", "pandas": "2.2.2", "pyarrow": "16.1", "pycocotools": "2.0.8",
    "pywavelets": "1.6", "scikit-image": "0.23", "scikit-learn": "1.4.2", "scipy": "1.13", "shapely": "2.0.4",
    "soxr": "0.4", "statsmodels": "0.14.2", "tensorflow": "2.18", "torch": "2.3", "xgboost": "2.1",
}  # fmt: skip
MOST = 60  # extensions of one distribution that are read
LARGEST = 80_000_000
OLD, NEW = b"numpy.core", b"numpy._core"


def numpy_builds(dists: Sequence[Dist], installed: Mapping[str, str], site: Path) -> dict[str, Any]:
    """Distributions too old for numpy 2 by the numpy that their extensions were built against."""
    if "numpy" not in installed:
        return {}
    early = [d for d in dists if d.name in READY and before(d.version, READY[d.name])]
    built = {f"{d.name} {d.version}": _built_against(site, d) for d in early}
    return {
        "old_numpy": tuple(name for name, major in built.items() if major == 1),
        "new_numpy": tuple(name for name, major in built.items() if major == 2),
    }


def _built_against(site: Path, dist: Dist) -> int | None:
    """1 or 2; None where no extension uses numpy's C interface."""
    seen = [_names(site / path) for path in _extensions(site / dist.folder / "RECORD")]
    if any(OLD in names and NEW not in names for names in seen):
        return 1
    return 2 if any(NEW in names for names in seen) else None


def _extensions(record: Path) -> list[str]:
    paths = (line.split(",")[0] for line in peek_text(record).splitlines())
    return [path for path in paths if path.endswith(".so") or ".so." in path][:MOST]


def _names(path: Path) -> set[bytes]:
    try:
        with path.open("rb") as file:
            if not 0 < path.stat().st_size < LARGEST:
                return set()
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return {name for name in (OLD, NEW) if data.find(name) >= 0}
    except (OSError, ValueError):
        return set()
