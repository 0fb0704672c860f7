"""What distributions import, where installed libraries may have removed it. Their text is read, nothing is run."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from doctor.facts import ImportUse
from doctor.probes.packages.metadata import Dist
from doctor.reading.peek import is_file, peek, peek_text
from doctor.release import since

SECONDS = 0.3  # for each of the two questions
LARGEST = 400_000
# Names of huggingface_hub that are gone, and releases of its users that no longer ask for the oldest of them.
REMOVED = ("cached_download", "HfFolder", "InferenceApi", "Repository")
MODERN = {
    "accelerate": "1.0", "datasets": "3.0", "diffusers": "0.31", "evaluate": "0.4.3", "gradio": "5.0", "peft": "0.13",
    "sentence-transformers": "3.0", "timm": "1.0", "tokenizers": "0.20", "transformers": "4.0",
}  # fmt: skip
FROM_HUB = re.compile(rb"^from huggingface_hub(?:\.\w+)* import (\([^)]*\)|[^\n#]*)", re.MULTILINE)
FROM_PKG = re.compile(rb"^(?:import|from) pkg_resources\b", re.MULTILINE)
# Large distributions whose present releases do without pkg_resources.
# Modules that only a program of the distribution's own imports: `evaluate-cli` is nobody's lecture.
OF_PROGRAM = re.compile(r"/commands?/|(?:^|/)(?:\w+_)?cli(?:_\w+)?(?:/|\.py$)|/__main__\.py$")
PLAIN = {
    "torch", "transformers", "pandas", "scipy", "sympy", "scikit-learn", "numpy", "matplotlib", "setuptools", "pip",
    "jupyterlab", "notebook", "datasets", "pyarrow", "torchvision", "torchaudio", "accelerate", "tokenizers", "timm",
    "huggingface-hub", "networkx", "ipython", "pygments", "jedi", "babel", "fonttools", "aiohttp", "pydantic",
    "diffusers", "peft", "evaluate", "nbconvert", "jupyter-server", "debugpy", "pytest", "psutil", "rich",
}  # fmt: skip


def removed_from_hub(
    dists: Sequence[Dist], installed: Mapping[str, str], site: Path
) -> tuple[ImportUse, ...]:
    """Users of huggingface_hub that import, outside of any `try`, a name that some release removed."""
    asking = [
        d
        for d in dists
        if any(r.lower().startswith(("huggingface-hub", "huggingface_hub")) for r in d.requires)
    ]
    if not since(installed.get("huggingface-hub"), "1.0"):
        asking = [d for d in asking if not since(d.version, MODERN.get(d.name, "9999"))]
    asking = [d for d in asking if d.name != "transformers"]  # its requirement says it better
    found: dict[tuple[str, str], ImportUse] = {}
    for dist, path, text in _texts(asking, site, depth=9):
        for names in FROM_HUB.findall(text):
            for name in REMOVED:
                if re.search(rb"\b%s\b" % name.encode(), names):
                    use = ImportUse(name=dist, file=path, imports=name, at_start=path.endswith("__init__.py"))
                    found.setdefault((dist, name), use)
    return tuple(found.values())


def pkg_resources(
    dists: Sequence[Dist], site: Path, beside: Sequence[Path], wanted: Mapping[str, str]
) -> dict[str, Any]:
    """Whether the module pkg_resources is there; where it is not, who imports it.

    What the profile's lock pins is proven together, with the setuptools of that lock: none of it is read again.
    """
    if any(is_file(place / "pkg_resources" / "__init__.py") for place in (site, *beside)):
        return {}
    setuptools = next((d.version for d in dists if d.name == "setuptools"), None)
    proven = wanted if setuptools == wanted.get("setuptools") else {}
    asking = [d for d in dists if d.name not in PLAIN and not d.by_system and proven.get(d.name) != d.version]
    found: dict[str, ImportUse] = {}
    for dist, path, text in _texts(asking, site, depth=2):
        if b"pkg_resources" in text and FROM_PKG.search(text):
            at_start = path.endswith("__init__.py") or "/" not in path
            found.setdefault(
                dist, ImportUse(name=dist, file=path, imports="pkg_resources", at_start=at_start)
            )
    return {"pkg_resources": False, "needs_pkg_resources": tuple(found.values())}


# What releases of setuptools no longer have, and files of torch that ask for it: releases of torch before, releases since.
GONE = (
    ("2.3", "70", "torch/utils/cpp_extension.py", "from pkg_resources import packaging"),
    ("1.11", "59.6", "torch/utils/tensorboard/__init__.py", "distutils.version.LooseVersion"),
)


def gone_from_setuptools(there: Mapping[str, str], site: Path) -> tuple[str, ...]:
    """Files of an old torch and what they ask of setuptools, as "FILE: WHAT"; their text is read where versions clash."""
    torch, setuptools = there.get("torch"), there.get("setuptools")
    clashing = [
        (file, what)
        for below, floor, file, what in GONE
        if torch and not since(torch, below) and since(setuptools, floor)
    ]
    return tuple(f"{file}: {what}" for file, what in clashing if what in peek_text(site / file))


def _texts(dists: Sequence[Dist], site: Path, depth: int) -> Iterator[tuple[str, str, bytes]]:
    """Distribution, path and text of the Python files, as long as time allows."""
    until = time.monotonic() + SECONDS
    for dist in dists:
        for path in _modules(site / dist.folder / "RECORD", depth):
            if time.monotonic() > until:
                return
            yield dist.name, path, peek(site / path, LARGEST) or b""


def _modules(record: Path, depth: int) -> list[str]:
    paths = (line.split(",")[0] for line in peek_text(record).splitlines())
    return [
        p
        for p in paths
        if p.endswith(".py")
        and p.count("/") < depth
        and not p.startswith("../")
        and "/test" not in p
        and not OF_PROGRAM.search(p)
    ]


def wants_tensorflow(environ: Mapping[str, str]) -> bool:
    """Whether transformers would use TensorFlow where it is installed."""
    switched_off = environ.get("USE_TF", "").upper() in ("0", "NO", "OFF", "FALSE")
    return not switched_off and environ.get("USE_TORCH", "").upper() not in ("1", "ON", "YES", "TRUE")


def torch_switched_off(environ: Mapping[str, str]) -> str | None:
    """The variable by which transformers is told to do without torch; by its own rules of what is yes and no."""
    torch, tensorflow = environ.get("USE_TORCH", "AUTO"), environ.get("USE_TF", "AUTO")
    if torch.upper() not in ("1", "ON", "YES", "TRUE", "AUTO"):
        return f"USE_TORCH={torch[:20]}"
    return f"USE_TF={tensorflow[:20]}" if tensorflow.upper() in ("1", "ON", "YES", "TRUE") else None
