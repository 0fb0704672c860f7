"""What the interpreter says of itself, or why it says nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from configparser import Error, RawConfigParser
from pathlib import Path

import msgspec

from doctor.facts import Unknown
from doctor.reading.ask import APART, ask
from doctor.reading.peek import is_folder, is_there, peek, peek_text

# -I keeps the person's variables out, -B keeps bytecode from being written.
# Parts of Python's own library without which torch, datasets or JupyterLab cannot be imported.
LIBRARY = (
    "_ctypes", "_lzma", "_bz2", "_sqlite3", "_ssl", "zlib", "ctypes", "lzma", "bz2", "sqlite3", "ssl", "json", "http",
    "email", "urllib", "multiprocessing", "asyncio", "logging", "unittest", "decimal", "dataclasses", "typing", "xml",
    "html", "concurrent", "tempfile", "zipfile", "tarfile", "csv", "uuid", "importlib",
)  # fmt: skip
QUESTION = f"""
import os, sys, sysconfig
def there(name):
    try:
        return name in sys.builtin_module_names or finder.find_spec(name) is not None
    except Exception:
        return True
try:
    from importlib.machinery import PathFinder as finder
    new = ('dataclasses',) if sys.version_info < (3, 7) else ()
    print(' '.join(name for name in {LIBRARY} if name not in new and not there(name)))
except Exception:
    print('')
print(sys.prefix)
stdlib = sysconfig.get_path('stdlib')
include = sysconfig.get_path('include')
managed = os.path.join(stdlib, 'EXTERNALLY-MANAGED')
print('.'.join(map(str, sys.version_info[:3])))
print(sys.base_prefix)
print('' if os.path.exists(os.path.join(include, 'Python.h')) else include)
print(managed if sys.prefix == sys.base_prefix and os.path.exists(managed) else '')
print(there('pip'))
print(os.path.exists(os.path.join(stdlib, 'ensurepip', '__init__.py')))
try:
    if sys.version_info < (3, 10):  # later ones cannot be made with an OpenSSL that is too old for anything
        import ssl
        print(ssl.OPENSSL_VERSION)
    else:
        print('')
except Exception:
    print('')
print('\\0'.join(str(entry).replace('\\n', ' ') for entry in sys.path))
"""
LINES = 10  # of the answer
HEAD = 4  # bytes that tell a program's format
FORMATS = {b"\x7fELF": "", b"\xcf\xfa\xed\xfe": "macOS", b"MZ\x90\x00": "Windows"}


class Said(msgspec.Struct, frozen=True):
    """The interpreter's own answer."""

    library_lacks: tuple[str, ...]
    prefix: str
    version: str
    base: str
    missing_headers: str | None
    externally_managed: str | None
    finds_pip: bool  # in its own folder, Debian's, or that which pipx shares among its environments
    path: tuple[str, ...] = ()  # sys.path
    ensurepip: bool = True  # what `python -m venv` puts pip into an environment with
    openssl: str = ""  # "OpenSSL 1.0.2k-fips  26 Jan 2017"; of Pythons before 3.10
    complaints: str = ""  # what it printed on standard error while it started


def ask_it(interpreter: str) -> Said | Unknown | None:
    """What the interpreter says of itself; None when it ends without an answer, Unknown when it does not even end."""
    said = ask([interpreter, *APART, "-B", "-c", QUESTION], seconds=8)
    if isinstance(said, Unknown):
        return said
    if said.returncode != 0:
        return None
    lines = said.stdout.splitlines()[-LINES:]  # a .pth file may have printed something before
    if len(lines) != LINES:
        return None
    lacks, prefix, version, base, headers, managed, pip, ensurepip, openssl, path = lines
    return Said(
        library_lacks=tuple(lacks.split()),
        prefix=prefix,
        version=version,
        base=base,
        missing_headers=headers or None,
        externally_managed=managed or None,
        finds_pip=pip == "True",
        ensurepip=ensurepip == "True",
        openssl=openssl,
        path=tuple(path.split("\0")),
        complaints=said.stderr,
    )


def refusal(interpreter: Path, silence: Unknown | None) -> str:
    """Why this interpreter does not run, as far as its file tells; else what it printed last.

    `silence`: it was asked already, and did not end.
    """
    if not os.path.lexists(interpreter):
        return f"{interpreter} is not there"
    if not is_there(interpreter):
        return f"{interpreter} leads to {_lost(_end_of(interpreter))}"
    if not os.access(interpreter, os.X_OK):
        return f"{interpreter} may not be executed"
    return _other_machine(interpreter) or (silence.reason if silence else _last_words(interpreter))


def _end_of(link: Path) -> Path:
    """The first of a chain of links that cannot be had; of links in a circle any."""
    for _ in range(40):
        if not os.path.islink(link):  # noqa: PTH114
            break
        link = link.parent / link.readlink()
    return link


def _lost(path: Path) -> str:
    """Such as the Python of root's, which others cannot enter the folder of."""
    try:
        path.stat()
    except PermissionError:
        return f"{path}, which this user may not reach"
    except OSError:
        return f"{path}, which is not there"
    return str(path)


def _other_machine(interpreter: Path) -> str | None:
    """Whether the program was made for another system or processor."""
    head = peek(interpreter, 20) or b""
    system = FORMATS.get(head[:HEAD])
    if system:
        return f"{interpreter} is a program for {system}"
    machine = {62: "x86_64", 183: "aarch64"}.get(int.from_bytes(head[18:20], "little"))
    here = os.uname().machine
    if system == "" and machine and machine != here:
        return f"{interpreter} is a program for {machine}, this machine is {here}"
    return f"{interpreter} is empty" if not head else None


def _last_words(interpreter: Path) -> str:
    said = ask([str(interpreter), *APART, "-B", "-c", ""], seconds=5)
    if isinstance(said, Unknown):
        return said.reason
    return f"exit code {said.returncode}: {last_error(said.stderr or said.stdout)}"


def last_error(text: str) -> str:
    """The last line that names an error, else the last line; Python's own end with where it stood."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    named = [line for line in lines if re.match(r"(\w+\.)*\w*(Error|Exception|Exit|Interrupt): ", line)]
    fatal = [line for line in lines if line.startswith("Fatal Python error")]
    return ([*fatal, *named] or lines or ["-"])[-1][:200]


def config(prefix: Path) -> dict[str, str]:
    """pyvenv.cfg as names and values; empty when there is none."""
    parser = RawConfigParser(strict=False)
    try:
        parser.read_string(f"[venv]\n{peek_text(prefix / 'pyvenv.cfg')}")
    except Error:
        return {}
    return dict(parser["venv"])


def sees_system(prefix: Path) -> bool:
    """Whether a virtual environment also sees the packages of the Python that it was made from."""
    return config(prefix).get("include-system-site-packages", "").lower() == "true"


def has_pip(prefix: Path, version: str | None, said: Said | None) -> bool:
    """Whether `python -m pip` would find pip. Nothing is held against an interpreter that does not run."""
    if version is None or said is None:
        return True
    minor = ".".join(version.split(".")[:2])
    places = (
        prefix / "lib" / f"python{minor}" / "site-packages",
        prefix / "local" / "lib" / f"python{minor}" / "dist-packages",
    )
    return said.finds_pip or any(is_folder(place / "pip") for place in places)


def pip_may(environ: Mapping[str, str]) -> bool:
    """Whether the person told pip to write into a system's Python all the same."""
    return environ.get("PIP_BREAK_SYSTEM_PACKAGES", "").lower() in ("1", "true", "yes", "on")
