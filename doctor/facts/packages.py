"""Facts of the distributions in the environment, and of the person's code that uses them."""

from __future__ import annotations

import msgspec


class Damage(msgspec.Struct, frozen=True, kw_only=True):
    """A distribution whose files are not those that were installed."""

    name: str
    version: str
    files: tuple[str, ...]  # the first few that are gone, empty, cut off or no longer Python
    count: int


class ImportUse(msgspec.Struct, frozen=True, kw_only=True):
    """A distribution that imports a name which an installed library may no longer have."""

    name: str  # the distribution
    file: str  # in site-packages
    imports: str
    at_start: bool  # in the __init__ of a package: the distribution cannot be imported at all without it


class MissingName(msgspec.Struct, frozen=True, kw_only=True):
    """A distribution whose import stops at a name, or a module, that a library beside it does not have."""

    name: str  # the distribution
    file: str  # in site-packages
    line: int
    missing: str  # "AdamW", or as a module "torch._six"
    module: str  # that was to have it
    owner: str  # its distribution
    late: bool = False  # the import of the distribution works; this comes with a first use


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """A module whose import failed when it was tried (--deep)."""

    module: str
    chain: tuple[str, ...]  # errors, the innermost last
    trace: str = ""  # the end of the traceback


class Rivals(msgspec.Struct, frozen=True, kw_only=True):
    """Distributions that bring the same module into the same folder: builds of one thing."""

    module: str
    builds: tuple[str, ...]  # "onnxruntime 1.23.2", "onnxruntime-gpu 1.23.2"
    file: str  # the largest that all of them list
    used: str = ""  # the distribution whose file that is; "" where it cannot be told


class SourceUse(msgspec.Struct, frozen=True, kw_only=True):
    """One place in the person's own code. `what` is a task, the name of an argument, or of a library."""

    file: str
    line: int
    what: str
    variable: str = ""  # that is set there, where it is about one


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """What the person's notebooks and scripts ask of the libraries, as far as their text tells."""

    files: int = 0  # looked at
    tasks: tuple[SourceUse, ...] = ()  # pipeline("…")
    arguments: tuple[
        SourceUse, ...
    ] = ()  # of pipeline() and from_pretrained() that transformers dropped at some time
    chats: tuple[SourceUse, ...] = ()  # apply_chat_template(), a method of tokenizers and processors
    late_endpoint: tuple[
        SourceUse, ...
    ] = ()  # HF_ENDPOINT and its like, set after the first import of a library that reads them
    datasets: tuple[
        SourceUse, ...
    ] = ()  # load_dataset("…"); `variable`: trust_remote_code where that is allowed
    pushes: tuple[SourceUse, ...] = ()  # what writes to the Hub
    sounds: tuple[SourceUse, ...] = ()  # sound of a dataset that is decoded
    inference: tuple[SourceUse, ...] = ()  # clients of the inference providers
    hidden: tuple[
        SourceUse, ...
    ] = ()  # models by whose name a folder is opened that holds none; `variable`: the folder
    lost_exports: tuple[SourceUse, ...] = ()  # `!export NAME=value`, which sets nothing
    locales: tuple[SourceUse, ...] = ()  # lines that set the language to C, in which text is ASCII
    broken: tuple[SourceUse, ...] = ()  # notebooks that are none; `what` is what they are instead
    shadows: tuple[SourceUse, ...] = ()  # files named like a module that the code beside them needs


class Packages(msgspec.Struct, frozen=True, kw_only=True, tag="packages"):
    """Distributions in the environment, by normalised name; `wanted` is what the profile's lock pins."""

    site: str
    wanted: dict[str, str]
    lock: str  # SHA-256 of the lock file
    installed: dict[str, str]
    half_installed: tuple[str, ...]  # metadata without a RECORD: the installer was killed
    duplicates: tuple[str, ...]
    versions: dict[str, tuple[str, ...]] = {}  # of the duplicates
    elsewhere: dict[str, str] = {}  # distributions that the interpreter sees beside those of its own
    requires: dict[str, tuple[str, ...]] = {}  # what each says it needs here, extras left out
    by_system: tuple[str, ...] = ()  # installed by conda or the distribution's packager, not by pip or uv
    leftovers: tuple[str, ...] = ()  # ~ransformers: what a pip that was interrupted put aside
    unreadable: tuple[str, ...] = ()  # metadata folders that say neither name nor version
    damaged: tuple[Damage, ...] = ()
    edited: tuple[str, ...] = ()  # Python files that somebody changed, and that are still Python
    unchecked: tuple[str, ...] = ()  # distributions whose files were not looked at for want of time
    sources_gone: dict[str, str] = {}  # editable installs → the folder that is no longer there
    root_owned: tuple[str, ...] = ()  # files of root in an environment of somebody else
    closed: tuple[str, ...] = ()  # files that the environment's owner cannot read
    old_numpy: tuple[str, ...] = ()  # extensions built against numpy 1, as "name version"
    new_numpy: tuple[str, ...] = ()  # extensions of an age that knew only numpy 1, built against numpy 2
    imports: tuple[ImportUse, ...] = ()  # names of huggingface_hub that later releases removed
    missing_names: tuple[MissingName, ...] = ()  # one for a distribution
    pkg_resources: bool = True  # whether that module is there
    needs_pkg_resources: tuple[ImportUse, ...] = ()
    rivals: tuple[Rivals, ...] = ()  # several builds of one thing, one over the other
    old_torch: tuple[
        str, ...
    ] = ()  # what the setuptools that is installed no longer has, and this torch imports
    ffmpeg_owners: tuple[str, ...] = ()  # distributions that own the module `ffmpeg`
    use_tf: bool = True  # False: USE_TF=0 or the like is set
    killed: tuple[str, ...] = ()  # installers that the kernel ended for want of memory
    elsewhere_made: tuple[str, ...] = ()  # wheels for another system: "numpy==2.3.4 (musllinux_1_2_x86_64)"
    no_metadata: tuple[
        str, ...
    ] = ()  # distributions of the course whose code is there and whose metadata is not
    remains: tuple[str, ...] = ()  # folders that are named like a module of the course and hold no code of it
    mixed: tuple[
        str, ...
    ] = ()  # distributions with many files of another release: "transformers 4.57.6: 31 files"
    bytecode: tuple[str, ...] = ()  # compiled files that Python takes and cannot read (--deep)
    optional: tuple[str, ...] = ()  # "transformers: jinja2>=3.1.0": asked only where it is used, and not met
    torch_off: str | None = None  # the variable that makes transformers pass over torch: "USE_TF=1"
    failing: tuple[str, ...] = ()  # files that the disk cannot give back
    sources: Sources = Sources()
    tried: tuple[Tried, ...] = ()  # --deep
