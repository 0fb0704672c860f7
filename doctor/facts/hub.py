"""Facts of the Hugging Face client and its cache."""

from __future__ import annotations

from typing import Literal

import msgspec

from doctor.facts.unknown import Unknown

EndpointShape = Literal[
    "unset", "fine", "empty", "quoted", "no-scheme", "password", "page", "plain-http", "host"
]
TokenShape = Literal[
    "fine", "quoted", "not-ascii", "inner-space", "placeholder", "several", "unusual", "unreadable"
]
BadKind = Literal["pointer", "html", "empty", "cut", "header", "special", "link", "not-json", "failing"]


class CachedModel(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    revision: str
    state: Literal["complete", "partial", "absent"]
    missing_bytes: int
    cached_bytes: int


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """A variable of the person's shell that steers the client. Never one that holds a secret."""

    name: str
    value: str
    files: tuple[str, ...] = ()  # start-up files of the shell that set it: FILE:LINE


class IdleLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a start-up file of the shell that means to set a variable and does not. Its value is not kept."""

    name: str
    place: str  # FILE:LINE
    kind: Literal["spaces", "not-exported", "set"]


class Slip(msgspec.Struct, frozen=True, kw_only=True):
    """A variable that is nobody's, and the one that was meant. Its value is not kept."""

    name: str
    meant: str
    of_others: bool = False  # some other program may read it
    files: tuple[str, ...] = ()  # start-up files of the shell that set it: FILE:LINE


class CachePlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where one variable says that models are, and how many are there."""

    variable: str
    path: str
    models: int


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token's place and shape. Never the token."""

    place: str  # HF_TOKEN, or the path of the file
    shape: TokenShape
    mode: int | None = None  # permission bits of the file
    reachable: bool = False  # other users can get to the file and read it
    differs: bool = False  # from the one in the environment, which wins


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a netrc file that is sent to the Hub. Neither the name nor the password."""

    path: str
    host: str  # "default": for every host that has no entry of its own
    holds_token: bool = False  # its password is a token of the Hub, as git takes it


class BadFile(msgspec.Struct, frozen=True, kw_only=True):
    """A weights file that holds no weights."""

    path: str
    kind: BadKind
    bytes: int
    repo: str | None  # None: in a folder of the person's
    blob: str | None = None  # what the path links to


class HeldLock(msgspec.Struct, frozen=True, kw_only=True):
    """A lock of the cache that a living process holds."""

    path: str
    pid: int
    name: str
    stopped: bool  # suspended with Ctrl-Z, or dead and not reaped
    idle_seconds: float  # since the download last wrote something


class Damage(msgspec.Struct, frozen=True, kw_only=True):
    """What was found wrong in the folder of one repository."""

    repo: str
    folder: str = ""
    dangling: tuple[str, ...] = ()  # FILE of a snapshot whose blob is not there
    no_blobs: bool = False  # the whole blobs folder is missing
    lost_refs: tuple[str, ...] = ()  # names of commits that have no snapshot
    lost_shards: tuple[str, ...] = ()  # parts that an index names and that are not there, though others are
    under_way: bool = False  # files of an unfinished download lie beside
    odd_refs: tuple[
        str, ...
    ] = ()  # names of commits with a line end or a blank that the client takes for part of it
    nameless: bool = False  # snapshots, and no name that leads to one
    corrupt: tuple[str, ...] = ()  # blobs whose bytes do not have the hash that names them
    failing: tuple[str, ...] = ()  # paths of blobs that the disk cannot give back


class NewAdapter(msgspec.Struct, frozen=True, kw_only=True):
    """An adapter with settings that the installed peft does not know, and at which it stops."""

    name: str
    path: str  # of its adapter_config.json
    unknown: tuple[str, ...]


class RemoteCode(msgspec.Struct, frozen=True, kw_only=True):
    """Code that came with a model and asks for what the installed transformers no longer has."""

    repo: str
    path: str
    line: int
    name: str  # of what it asks for
    built_in: bool = False  # transformers knows this kind of model by itself
    made_with: str = ""  # the release that wrote the model's configuration


class Cache(msgspec.Struct, frozen=True, kw_only=True, tag="cache"):
    """The cache as a whole. Looked at up to a limit; `complete` says whether that was all of it."""

    path: str
    exists: bool = False
    repos: int = 0
    complete: bool = True
    damage: tuple[Damage, ...] = ()
    bad_files: tuple[BadFile, ...] = ()
    partial_files: int = 0
    partial_bytes: int = 0
    whole_partials: tuple[str, ...] = ()  # unfinished by their name, and whole by what is in them
    locks: tuple[HeldLock, ...] = ()
    foreign_folders: tuple[str, ...] = ()  # that this user cannot write to
    owners: tuple[str, ...] = ()  # of those folders
    largest_weights: int = 0
    bad_texts: tuple[BadFile, ...] = ()  # settings, tokenizers and indexes that are no JSON
    too_new: tuple[
        str, ...
    ] = ()  # "org/model: qwen3, transformers 4.51.0": of a kind that the installed one does not know
    new_adapters: tuple[NewAdapter, ...] = ()
    remote_code: tuple[RemoteCode, ...] = ()
    bad_datasets: tuple[BadFile, ...] = ()  # tables of datasets, and what is known of them, that hold nothing
    strays: tuple[
        str, ...
    ] = ()  # folders of models that lie in the cache as the client does not look for them
    unreadable: tuple[str, ...] = ()  # that this user may not read
    beside: str | None = None  # one level above or below, where models are that are not looked for
    not_a_folder: str | None = None  # HF_HOME or a part of it that is a file, or a link that leads nowhere


class Hub(msgspec.Struct, frozen=True, kw_only=True, tag="hub"):
    endpoint: str | None  # HF_ENDPOINT as the person set it
    cache: str  # HF_HOME
    models: tuple[CachedModel, ...]
    endpoint_shape: EndpointShape = "unset"
    variables: tuple[Variable, ...] = ()
    misspelt: tuple[Variable, ...] = ()  # meant as HF_ENDPOINT, while that is not set
    slips: tuple[Slip, ...] = ()  # of other variables, while those that were meant are not set
    idle_lines: tuple[IdleLine, ...] = ()
    places: tuple[CachePlace, ...] = ()  # the first is the one that huggingface_hub uses
    transformers_place: str | None = None  # where transformers 4 looks, when that is elsewhere
    other_people: bool = False  # somebody else has an account here
    tokens: tuple[Token, ...] = ()  # the first is the one that is used
    token_left: str | None = (
        None  # a token's file in the usual place, where another place is asked and none is there
    )
    login: Login | None = None  # in ~/.netrc
    lfs_wanted_by: str | None = None  # the file that has git hand large files to git-lfs, which is not here
    hiding: tuple[str, ...] = ()  # folders beside the notebooks that bear a wanted model's name and hold none
    seen: Cache | Unknown | None = None
