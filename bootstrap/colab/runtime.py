"""The runtime as it came: its interpreter, and what is installed in it. Asked of the interpreter itself, changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
from packaging.markers import UndefinedEnvironmentName, default_environment
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from bootstrap.colab.table import is_one_of, table
from doctor.errors import Exit, Trouble
from doctor.facts import Unknown
from doctor.goal import System
from doctor.reading.ask import ask
from doctor.text import Text

# One question: the folders are few, and reading the metadata of a hosted runtime's 700 packages takes a second.
PLACES = """
import json, sys, sysconfig
print(json.dumps({
    "executable": sys.executable, "prefix": sys.prefix, "site": sysconfig.get_path("purelib"),
    "python": "%d.%d" % sys.version_info[:2], "folders": [f for f in sys.path if f.endswith("-packages")],
}))
"""
INSTALLED = """
import importlib.metadata as metadata, json
found = {}
for one in metadata.distributions():
    if one.metadata["Name"]:
        found.setdefault(one.metadata["Name"], {"version": one.version, "requires": one.requires or []})
print(json.dumps(found))
"""


class Runtime(msgspec.Struct, frozen=True):
    executable: str
    prefix: str
    site: str
    python: str  # "3.12"
    folders: tuple[str, ...]  # where its packages are

    @property
    def system(self) -> System:
        """As the goal names it. Not adopted: it is the runtime's own, and judged for what it is."""
        return System(self.executable, self.prefix, self.site, adopted=False)


class Installed(msgspec.Struct, frozen=True):
    version: str
    requires: tuple[str, ...] = ()


def runtime_of(python: str) -> Runtime:
    """What an interpreter says of itself. Raises Trouble when it does not run."""
    return msgspec.json.decode(_said(python, PLACES, seconds=20), type=Runtime)


def installed_in(runtime: Runtime) -> dict[str, Installed]:
    """Distributions by normalised name, as the interpreter finds them."""
    said = msgspec.json.decode(_said(runtime.executable, INSTALLED, seconds=120), type=dict[str, Installed])
    return {canonicalize_name(name): one for name, one in said.items()}


def _said(python: str, question: str, seconds: float) -> str:
    """-B: not even a bytecode file is written into the runtime."""
    said = ask([python, "-I", "-B", "-c", question], seconds=seconds)
    if not isinstance(said, Unknown) and said.returncode == 0:
        return said.stdout
    why = said.reason if isinstance(said, Unknown) else said.stderr.strip()[-300:]
    raise Trouble(
        Text(f"the notebook's Python does not answer: {why}", f"笔记本的 Python 没有响应：{why}"),
        Exit.PERSON,
        Text(
            "Runtime → Disconnect and delete runtime, then run the cell again",
            "代码执行程序 → 断开连接并删除运行时，然后重新运行该单元格",
        ),
    )


def fingerprint(runtime: Runtime) -> str:
    """Changes when a distribution comes, goes or gets another version. A listing of folders: no process, no reading."""
    names = sorted(path.name for folder in runtime.folders for path in Path(folder).glob("*.*-info"))
    return hashlib.sha256("\n".join([runtime.executable, runtime.python, *names]).encode()).hexdigest()


def kept(installed: Mapping[str, Installed], python: str) -> dict[str, str]:
    """Versions of what must stay as it is: the table's names, and all that its roots need."""
    closure = needed_by(tuple(canonicalize_name(root) for root in table().roots), installed, python)
    names = closure | {name for name in installed if is_one_of(name, table().kept)}
    return {name: installed[name].version for name in sorted(names)}


def needed_by(roots: tuple[str, ...], installed: Mapping[str, Installed], python: str) -> set[str]:
    """The roots that are installed and all that they require, directly or not, as far as it is installed."""
    found: set[str] = set()
    ahead = [root for root in roots if root in installed]
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += [r for r, _ in requirements(installed[name], python) if r in installed]
    return found


def requirements(one: Installed, python: str) -> Iterator[tuple[str, Requirement]]:
    """What a distribution asks for without extras, by normalised name; what cannot be read is passed by."""
    environment = {**default_environment(), "python_version": python, "python_full_version": f"{python}.0"}
    for line in one.requires:
        try:
            asked = Requirement(line)
            applies = asked.marker is None or asked.marker.evaluate(
                {**{k: str(v) for k, v in environment.items()}, "extra": ""}
            )
        except (InvalidRequirement, UndefinedEnvironmentName):
            continue
        if applies:
            yield canonicalize_name(asked.name), asked
