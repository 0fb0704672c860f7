"""What all kinds of clues are made with."""

from __future__ import annotations

import re

from packaging.utils import canonicalize_name

from doctor.catalogue import Value, entry_of
from doctor.names import requirement_of
from doctor.text import Text
from doctor.texts.match import Match
from doctor.texts.said import Raised, Said

NAMESPACES = ("google", "azure", "mpl_toolkits", "nvidia", "sphinxcontrib", "zope", "backports", "ruamel")
PROGRAM = Text("the program", "程序")
OF_PIP = ("python", "-m", "pip", "install")
# The version of a build of torch that the package index does not have.
LOCAL = re.compile(r"(?P<release>[^=+]+)\+(?P<build>cpu|cu\d+|rocm[\d.]+)$")
ON_TORCH_INDEX = Text(
    "builds with +cpu or +cuNNN lie in PyTorch's own index alone",
    "带 +cpu 或 +cuNNN 的构建只在 PyTorch 自己的源中",
)


def clue(
    area: str,
    name: str,
    /,
    line: str,
    at: int,
    *,
    more: tuple[tuple[str, ...], ...] | None = None,
    general: bool = True,
    **values: Value,
) -> Match:
    return Match(
        id=name,
        area=area,
        entry=entry_of(area, name),
        line=line[:300],
        at=at,
        values=values,
        more=more,
        general=general,
    )


def raised_clue(
    area: str,
    name: str,
    /,
    raised: Raised,
    *,
    more: tuple[tuple[str, ...], ...] | None = None,
    general: bool = True,
    **values: Value,
) -> Match:
    return clue(area, name, raised.line, raised.at, more=more, general=general, **values)


def of_torch_index(*install: str, name: str, local: re.Match[str]) -> tuple[str, ...]:
    """The command that gets such a build."""
    index = f"https://download.pytorch.org/whl/{local['build']}"
    return (*install, f"{name}=={local['release']}", "--index-url", index)


def line_of(text: str, at: int) -> str:
    """The line that a place of the text is in."""
    return text[text.rfind("\n", 0, at) + 1 :].partition("\n")[0].strip()


def first(pattern: re.Pattern[str], said: Said) -> re.Match[str] | None:
    return pattern.search(said.text)


def library_of(module: str) -> str:
    """The part of a module's name that stands for its distribution: "google.protobuf" of "google.protobuf.descriptor"."""
    parts = module.split(".")
    return ".".join(parts[:2] if parts[0] in NAMESPACES else parts[:1])


def distribution(module: str) -> str:
    """The name that pip knows for a module, without the limits of the table."""
    known = re.split(r"[<>=!~]", requirement_of(module))[0]
    return known or module.partition(".")[0].replace("_", "-")


def with_version(module: str, said: Said) -> str:
    """ "datasets 2.14.0", where it is known what is installed; else the name alone."""
    name = distribution(module)
    version = said.installed.get(canonicalize_name(name), "")
    return f"{name} {version}".strip()


def asker_of(raised: Raised, but: str = "") -> str:
    """The module of the distribution in whose code an error arose, `but` for one; "" where it was the person's own code."""
    for frame in reversed(raised.frames):
        if frame.own_library or frame.file.startswith("<") or frame.file.endswith((".pyx", ".pxd")):
            continue
        if frame.module == but:
            continue
        return frame.module
    return ""


def pip(*words: str) -> tuple[str, ...]:
    return (*OF_PIP, *words)
