"""Facts of the environment's interpreter, and of what comes between it and its packages."""

from __future__ import annotations

from typing import Literal

import msgspec

EnvironmentState = Literal["absent", "complete", "half", "foreign"]


class Shadow(msgspec.Struct, frozen=True, kw_only=True):
    """A folder outside the environment that Python searches first, and what of the course's packages it holds."""

    path: str
    holds: dict[str, str] = {}  # module → version, "" where no metadata tells it


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """A command in the environment's bin folder whose first line names a program outside of it, or a wrong one."""

    name: str
    interpreter: str
    there: bool  # whether that program exists


class PthLine(msgspec.Struct, frozen=True, kw_only=True):
    """A path that a .pth file adds to the search path, where it is gone or belongs to another environment or Python."""

    file: str
    path: str
    state: Literal["gone", "other-environment", "other-python"]
    python: str = ""  # that its packages were installed for, where it is another one


class Stopped(msgspec.Struct, frozen=True, kw_only=True):
    """Why Python stops before it runs anything, and what makes it stop."""

    said: str
    file: str | None = None  # a file that Python runs or reads at each start
    variable: str | None = None  # "PYTHONHASHSEED=abc": without it Python starts


class GoneActive(msgspec.Struct, frozen=True, kw_only=True):
    """The environment that the person's shell has activated, where its folder is not there."""

    path: str
    moved_to: str | None = None  # a folder beside it whose `activate` still names the old place


class Python(msgspec.Struct, frozen=True, kw_only=True, tag="python"):
    """The environment that the course runs in (not the one that runs this tool)."""

    prefix: str
    state: EnvironmentState
    interpreter: str | None
    version: str | None  # "3.11.7"
    kind: Literal["conda", "venv", "system"] | None
    unfinished: bool = False  # its making was begun and not ended
    refusal: str | None = None  # why the interpreter, which is there by name, does not run
    base: str | None = None  # the installation below it (sys.base_prefix)
    maker: Literal["uv", "venv"] | None = None  # who made the venv; uv puts no pip into it
    made_with: str | None = None  # the Python version that the venv was made with, by its pyvenv.cfg
    sees_system: bool = False  # include-system-site-packages
    other_sites: tuple[
        str, ...
    ] = ()  # "3.10": this environment holds packages for a Python that it does not run
    site_empty: bool = False  # for the Python that it does run there are none
    pip: bool = True
    ensurepip: bool = True  # the module without which `python -m venv` fails
    openssl: str = ""  # that the interpreter was made with; of Pythons before 3.10
    off_path: tuple[
        str, ...
    ] = ()  # commands in the person's own folder of commands, which PATH does not name
    user_bin: str = ""  # that folder
    headers: str | None = None  # where Python.h is missing
    externally_managed: str | None = None  # the file that forbids pip here
    pythonhome: str | None = None  # set, and not this environment's
    pythonpath: tuple[Shadow, ...] = ()  # entries that hold something of the course
    user_site: Shadow | None = None  # ~/.local, where it is searched and holds something of the course
    scripts: tuple[Script, ...] = ()
    script_count: int = 0  # commands in bin that were looked at
    long_shebangs: tuple[
        str, ...
    ] = ()  # commands whose first line the kernel cannot use: a space, or too long
    # What `python` or `pip` means in the shell in which this environment is activated, where it is another's.
    typed: str | None = None
    gone_active: GoneActive | None = None
    not_executable: tuple[str, ...] = ()  # commands whose file may not be run
    windows_lines: tuple[str, ...] = ()  # commands whose first line ends as Windows ends its lines
    pth: tuple[PthLine, ...] = ()
    library_lacks: tuple[str, ...] = ()  # modules of Python's own library that are not there
    entered: bool = True  # False: its Python does not know that it is in an environment (pyvenv.cfg is gone)
    stopped: Stopped | None = None  # the interpreter is sound, but in the person's shell it does not start
    start_errors: tuple[str, ...] = ()  # "coloredlogs.pth: …": what fails at each start, and is passed over
    inserted: tuple[
        Shadow, ...
    ] = ()  # searched before the packages, and neither PYTHONPATH nor Python's own library
    optimize: str | None = None  # PYTHONOPTIMIZE, where it strips the docstrings
