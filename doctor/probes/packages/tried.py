"""The real thing (--deep): the environment's own Python imports what people use of it, each in a process that can be ended.

What no look at files foresees ends an import too. The names are those of configs/names.toml: modules that are meant to be imported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from packaging.utils import canonicalize_name

from doctor.facts import Unknown
from doctor.facts.packages import Tried
from doctor.goal import Goal
from doctor.names import names
from doctor.probes.once import record
from doctor.probes.packages.imports import FIRST
from doctor.probes.packages.metadata import Dist
from doctor.reading.ask import APART, ask

PROGRAM = Path(__file__).resolve().parents[3] / "scripts" / "import_probe.py"
SECONDS, MORE = 70, 50  # to begin new ones; and for the last of them to end
# What does more at its import than to define names: it fetches, writes, or looks for a GPU.
MORE_THAN_NAMES = {
    "matplotlib", "nltk", "wandb", "mlflow", "jieba", "modelscope", "chainlit", "paddleocr", "paddlepaddle", "vllm",
    "tensorrt", "tensorrt-llm", "pycuda", "cupy-cuda12x", "comet-ml", "swanlab", "unstructured", "pip", "setuptools", "moviepy",
    "telegram", "pyautogui",
}  # fmt: skip


def tried(dists: Sequence[Dist], site: Path, goal: Goal) -> tuple[Tried, ...]:
    """The modules whose import fails, in the order in which they matter."""
    modules = list(_modules(dists, site))
    if not modules:
        return ()
    argv = [goal.interpreter, *APART, "-B", str(PROGRAM), str(SECONDS), *modules]
    said = ask(argv, seconds=SECONDS + MORE)
    if isinstance(said, Unknown):
        return ()  # told by the probe of Python itself, which asks the same interpreter
    failed = {one.module: one for line in said.stdout.splitlines() if (one := _read(line))}
    return tuple(failed[module] for module in modules if module in failed)


def _modules(dists: Sequence[Dist], site: Path) -> Iterator[str]:
    """Of each distribution that is whole the module that people import, those first that the course begins with."""
    known = {
        str(canonicalize_name(_name(brings))): module
        for module, brings in names().modules.items()
        if brings and "." not in module
    }
    place = {name: number for number, name in enumerate(FIRST)}
    there = [dist for dist in dists if dist.whole and dist.name in known and dist.name not in MORE_THAN_NAMES]
    for dist in sorted(there, key=lambda dist: (place.get(dist.name, len(FIRST)), dist.name)):
        module = known[dist.name]
        if re.search(rf"^{module}(?:/__init__\.py|\.py|(?:\.[\w-]+)?\.so),", record(site, dist.folder), re.M):
            yield module


def _name(requirement: str) -> str:
    return re.split(r"[<>=!~]", requirement.removeprefix("git+"))[0]


def _read(line: str) -> Tried | None:
    try:
        return msgspec.json.decode(line, type=Tried)
    except msgspec.MsgspecError:  # the last line counts, and has no module
        return None
