"""Which compiled modules of an environment to look at, and who installed them. Folders are not walked: RECORD says what is there."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from doctor.facts.torch import CORE
from doctor.probes.once import record
from doctor.probes.packages.metadata import Dist
from doctor.reading.peek import is_folder

MODULE = re.compile(r"\.(cpython-(?P<tag>\d+)[^/]*|abi3)\.so$")  # what `import` takes
PLAIN = re.compile(r"(?!lib)[A-Za-z_]\w*\.so")  # likewise
LIBRARY = re.compile(r'"?([^,"\r\n]+\.so[.\d]*)"?,')
# Compiled parts that are not named like modules, and are loaded all the same.
ALSO = (
    "torchvision/*.so",
    "torchaudio/lib/*.so",
    "torchcodec/*.so",
    "xformers/*.so",
    "_soundfile_data/*.so",
    "torchtext/lib/*.so",
    "torch_*/*.so",
    "torchao/*.so",
    "pyg_lib/*.so",
    "fbgemm_gpu/*.so",
    "detectron2/*.so",
)
# torchaudio tries each of these and goes on without: back ends for reading files (system.py).
OPTIONAL = re.compile(r"torchaudio/lib/\w*(?:sox|ffmpeg|torio)\w*\.so")
MOST = 1000  # modules: what a very full environment has
SHIPPED = ("nvidia/*/lib/*.so*", "torch/lib/*.so*")
# Modules of the standard library that a library of the system may break.
STANDARD = ("_ssl", "_ctypes", "_sqlite3", "_lzma", "_bz2")
# Recorded further down than a package's own folder, these are needed at import; elsewhere such modules are often optional.
STACK = CORE | {"_yaml", "xformers", "flash_attn", "bitsandbytes", "msgpack"}


class Site:
    """The folder of an environment's packages."""

    def __init__(self, folder: Path, dists: Sequence[Dist], interpreter: Path) -> None:
        self.folder, self.dists, self.interpreter = folder, dists, interpreter

    @cached_property
    def modules(self) -> list[str]:
        """Paths of the compiled modules, torch's own first: what it lacks explains what others lack."""
        names = dict.fromkeys((*self._near(), *self._named(), *self._recorded()))
        paths = [
            f"{self.folder}/{name}" for name in sorted(names, key=lambda name: not name.startswith("torch/"))
        ]
        return [*(path for path in paths[:MOST] if os.path.lexists(path)), *self._standard()]

    @cached_property
    def shipped(self) -> dict[str, str]:
        """Libraries that torch and NVIDIA's wheels bring: name → path."""
        found = (path for pattern in SHIPPED for path in sorted(self.folder.glob(pattern)))
        return {path.name: str(path) for path in found}

    def package(self, path: str) -> str:
        """What one would import to load that file."""
        if not path.startswith(f"{self.folder}/"):
            return path.rpartition("/")[2].split(".")[0]
        return path[len(str(self.folder)) + 1 :].split("/")[0].split(".")[0]

    def brings(self, library: str) -> bool:
        """Whether some package has that library somewhere: then it loads it by itself before its modules."""
        return any(os.access(f"{self.folder}/{name}", os.F_OK) for name in self._libraries.get(library, ()))

    @cached_property
    def _libraries(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in self._native:
            found.setdefault(name.rpartition("/")[2], []).append(name)
        return found

    def owner(self, path: str) -> str | None:
        """The distribution whose RECORD lists the file, as "name==version"."""
        name = path[len(str(self.folder)) + 1 :]
        for dist, lines in self._records:
            if lines.startswith(f"{name},") or f"\n{name}," in lines:
                said, _, version = dist.folder.removesuffix(".dist-info").partition("-")
                return f"{said.replace('_', '-')}=={version}"
        return None

    @cached_property
    def _records(self) -> list[tuple[Dist, str]]:
        return [(dist, record(self.folder, dist.folder)) for dist in self.dists]

    @cached_property
    def _native(self) -> list[str]:
        """Paths of all recorded libraries and modules."""
        lines = (line for _, text in self._records for line in _lines_with(".so", text))
        return [match.group(1) for match in map(LIBRARY.match, lines) if match]

    @cached_property
    def _stack(self) -> dict[str, list[str]]:
        """The recorded modules of the stack, for whichever Python, by package."""
        found: dict[str, list[str]] = {}
        for name in self._native:
            package = name.split("/")[0].split(".")[0]
            if package in STACK and MODULE.search(name):
                found.setdefault(package, []).append(name)
        return found

    def _recorded(self) -> Iterator[str]:
        return (name for names in self._stack.values() for name in names if self._importable(name))

    def for_another_python(self) -> Iterator[str]:
        """One module of each package that has none for this Python: the folder was made by another one."""
        for names in self._stack.values():
            if not any(self._importable(name) for name in names):
                yield f"{self.folder}/{names[0]}"

    def _near(self) -> Iterator[str]:
        """Modules beside the packages and directly in them, recorded or not."""
        for entry in _entries(self.folder):
            if self._importable(entry.name) or PLAIN.fullmatch(entry.name):
                yield entry.name
            elif entry.name.isidentifier() and _is_folder(entry):
                yield from (f"{entry.name}/{name}" for name in _names(entry.path) if self._importable(name))

    @cached_property
    def _tag(self) -> str:
        """Of this Python's modules: 311."""
        return self.folder.parent.name.removeprefix("python").replace(".", "")

    def _importable(self, name: str) -> bool:
        """Named like a module, and for this Python: others are passed over by `import`."""
        match, own = MODULE.search(name), self._tag
        return match is not None and (match["tag"] in (None, own) or len(own) < 2)

    def _named(self) -> Iterator[str]:
        for pattern in ALSO:
            names = (str(path.relative_to(self.folder)) for path in sorted(self.folder.glob(pattern)))
            yield from (name for name in names if not OPTIONAL.fullmatch(name))

    def _standard(self) -> Iterator[str]:
        lib = Path(os.path.realpath(self.interpreter)).parent.parent / "lib"
        for name in STANDARD if is_folder(lib) else ():  # glob raises in a folder that is closed to us
            yield from map(str, sorted(lib.glob(f"{self.folder.parent.name}/lib-dynload/{name}.*.so")))


def _lines_with(word: str, text: str) -> Iterator[str]:
    """The lines that hold a word. Of a RECORD few do, and looking for the word is faster than at each line."""
    at = text.find(word)
    while at >= 0:
        end = text.find("\n", at)
        end = end if end >= 0 else len(text)
        yield text[text.rfind("\n", 0, at) + 1 : end]
        at = text.find(word, end)


def _names(folder: str) -> list[str]:
    """What might be a module there."""
    try:
        return sorted(name for name in os.listdir(folder) if name.endswith(".so"))  # noqa: PTH208 - names alone
    except OSError:
        return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # links in a circle
        return False


def _entries(folder: str | Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []
