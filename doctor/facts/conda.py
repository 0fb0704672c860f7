"""Facts of the conda installations, of conda's settings, and of the conda environment that is used."""

from __future__ import annotations

from typing import Literal

import msgspec

from doctor.facts.unknown import Unknown

# half: being made by us when it was interrupted; damaged: a conda, not whole, and not ours to mend
CondaState = Literal["absent", "complete", "half", "damaged", "foreign"]


class CondaInstall(msgspec.Struct, frozen=True, kw_only=True):
    prefix: str
    state: CondaState
    version: str | None
    writable: bool
    python: str | None = None  # "3.12": what its own interpreter is
    library: str | None = None  # the Python that conda's own code is there for, when it is another
    command: bool = False  # bin/conda is there
    shebang: str | None = None  # the interpreter that bin/conda asks for, when that is not there
    libmamba: bool = True  # it has the fast solver
    lacks: tuple[str, ...] = ()  # shared libraries that the fast solver needs and this install does not have
    openssl_lost: tuple[str, ...] = ()  # libraries of OpenSSL that its Python asks for and that are nowhere
    openssl_kept: str = ""  # a folder of its unpacked packages that still has them


class CondaProxy(msgspec.Struct, frozen=True, kw_only=True):
    """A proxy in conda's settings. Only one on this very machine is called up."""

    scheme: str
    address: str  # host:port
    error: str | None = None  # why it did not answer


class CondaSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What all of conda's settings files together say. Addresses without passwords."""

    asked: bool = False  # False in facts of an older tool
    files: tuple[str, ...] = ()
    broken: tuple[tuple[str, str], ...] = ()  # file, why conda cannot read it
    invalid: tuple[tuple[str, str], ...] = ()  # file, setting whose value conda refuses
    channels: tuple[str, ...] | None = None  # None: no file says anything of channels
    priority: str | None = None
    offline: bool = False
    classic_solver: bool = False
    proxies: tuple[CondaProxy, ...] = ()
    pins: tuple[str, ...] = ()
    own_channels: tuple[str, ...] = ()  # names that the settings themselves say the address of
    subdir: str | None = None  # the platform that packages are to be for, where something says so


class CondaTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Anaconda's terms of service, as the plugin conda-anaconda-tos keeps them."""

    plugin: bool = False
    wanted: tuple[str, ...] = ()  # channels with terms among those configured
    accepted: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    automatic: bool = False  # the person's settings accept them on their own


class ShellBlock(msgspec.Struct, frozen=True, kw_only=True):
    """What `conda init` wrote into a file of the person's shell."""

    file: str
    prefix: str
    exists: bool  # a conda is still there


class CondaShell(msgspec.Struct, frozen=True, kw_only=True):
    """How the person's shell comes to conda."""

    name: str = ""  # bash, zsh, …
    blocks: tuple[ShellBlock, ...] = ()
    hooked: bool = False  # this very shell has the function `conda`, or a file of the shell loads it by hand
    on_path: tuple[str, ...] = ()  # prefixes of the condas on PATH, first one first
    others: tuple[str, ...] = ()  # mamba, micromamba: where they are
    active: str | None = None  # CONDA_PREFIX
    active_exists: bool = True
    active_python: bool = True  # it has a Python
    venv: str | None = None  # VIRTUAL_ENV, of an environment that is there
    first_python: str | None = None  # the first `python` on PATH
    first_pip: str | None = None  # the first `pip` on PATH
    after: tuple[
        tuple[str, str], ...
    ] = ()  # file:line behind conda's block, and the folder that it puts first on PATH
    gone: tuple[tuple[str, str], ...] = ()  # variables that name a path which is not there


class CondaEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """The goal's environment, where it is one of conda's."""

    prefix: str
    root: str | None = None  # the install that it belongs to
    is_base: bool = False
    history: bool = True
    frozen: bool = False
    writable: bool = True
    pins: tuple[str, ...] = ()  # conda-meta/pinned
    unreadable: tuple[str, ...] = ()  # records of packages that are no JSON
    broken_states: tuple[
        str, ...
    ] = ()  # files of its variables that conda reads at each activation, and cannot
    incomplete: tuple[tuple[str, str, int], ...] = ()  # package, one missing file, how many are missing
    pip_user: str | None = None  # what makes pip install into the person's home


class PackageCache(msgspec.Struct, frozen=True, kw_only=True):
    """A folder where conda keeps packages before it links them."""

    path: str
    exists: bool
    writable: bool
    free_bytes: int
    free_inodes: int | None
    corrupt: tuple[tuple[str, str], ...] = ()  # package, what is wrong with it


class CondaLock(msgspec.Struct, frozen=True, kw_only=True):
    """A process that holds a lock in a package cache."""

    pid: int
    command: str
    path: str
    minutes: int
    stopped: bool


class ClosedFile(msgspec.Struct, frozen=True, kw_only=True):
    """Something that conda writes to, and that is another user's."""

    path: str
    owner: str


class EnvironmentFile(msgspec.Struct, frozen=True, kw_only=True):
    """A description of an environment (environment.yml) that was made on another platform."""

    path: str
    platform: str  # macOS, Windows, linux-64, linux-aarch64
    packages: tuple[str, ...] = ()  # that there are for it alone
    builds: int = 0  # packages of which one build is asked for


class Installer(msgspec.Struct, frozen=True, kw_only=True):
    """An installer of conda's that lies in the person's folders."""

    path: str
    lacks: str  # the program that it unpacks itself with


class Conda(msgspec.Struct, frozen=True, tag="conda"):
    """`wanted` is the prefix that setup would install into; `installs` all that were found, that one first."""

    wanted: CondaInstall
    installs: tuple[CondaInstall, ...]
    settings: CondaSettings = CondaSettings()
    terms: CondaTerms = CondaTerms()
    shell: CondaShell = CondaShell()
    environment: CondaEnvironment | None = None
    caches: tuple[PackageCache, ...] = ()
    locks: tuple[CondaLock, ...] | Unknown = ()
    closed: tuple[ClosedFile, ...] = ()
    environment_files: tuple[EnvironmentFile, ...] = ()
    installers: tuple[Installer, ...] = ()
