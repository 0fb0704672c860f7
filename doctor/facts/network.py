"""Facts of the way to the network: routes, names, proxies, certificates, and what each source answered.

No address here holds a login, and no token is kept: only where one was found and what was said of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

# How far a question came: the phase that it failed in, or `answered` (whatever the status).
Stage = Literal["proxy", "name", "connect", "tls", "http", "late", "answered"]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """How one source answered: seconds to the first byte, or why it cannot be used."""

    kind: str  # conda_installer, conda_channel, hub, package_index, python_build, torch_index
    name: str
    url: str
    seconds: float | None
    error: str | None = None
    rate: int | None = None  # bytes a second of a real object, where that was measured
    host: str = ""  # that sent it, after redirects
    official: bool = False
    own: bool = False  # from the person's own table
    flat: bool = False  # a folder of wheels, not an index


def said_by(answers: Iterable[Answer]) -> str:
    """Who said what, those with the same words together: `A, B: timed out; C: HTTP 404`."""
    names: dict[str, list[str]] = {}
    for answer in answers:
        names.setdefault(answer.error or "answers", []).append(answer.name)
    return "; ".join(f"{', '.join(who)}: {error}" for error, who in names.items())


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one request."""

    kind: str  # hub, plain, model, whoami, index, extra_index, channel, xet, first-use
    url: str
    name: str = ""  # the model, or the setting that names the address
    source: str = ""  # the file or variable of that setting
    via: str = ""  # the proxy that it went through
    stage: Stage
    error: str = ""
    status: int = 0
    location: str = ""  # scheme and host of a redirect
    circle: str = ""  # the addresses by which redirects come back to where they were
    from_hub: bool = False  # X-Repo-Commit or X-Error-Code: headers that only a Hub sets
    html: bool = False
    error_code: str = ""  # X-Error-Code
    wait: str = ""  # Retry-After
    tls_code: int = 0  # OpenSSL's reason for refusing a certificate
    seconds: float = 0.0

    @property
    def said(self) -> str:
        """The answer in a few words."""
        if self.circle:
            return f"HTTP {self.status}, {self.circle}"
        return f"HTTP {self.status}" if self.stage == "answered" else self.error or self.stage


class Proxy(msgspec.Struct, frozen=True, kw_only=True):
    """A proxy of the environment variables."""

    variables: tuple[str, ...]
    place: str  # scheme://host:port as it was written, without the login
    scheme: str  # "" where it is written without one
    host: str
    port: int | None
    fault: str = ""  # why it is no address of a proxy
    error: str = ""  # why no connection to it could be made
    plain: bool = False  # named https://, and speaks plain HTTP


class Name(msgspec.Struct, frozen=True, kw_only=True):
    """A host's name, as this machine's resolver answers."""

    host: str
    addresses: tuple[str, ...] = ()
    error: str = ""
    silent: bool = False  # the name servers gave no answer; else they answered that there is no such name
    pinned: bool = False  # /etc/hosts names it


class Resolver(msgspec.Struct, frozen=True, kw_only=True):
    """A name server of resolv.conf."""

    address: str
    answers: bool


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """TCP to one address of the Hub's host. An empty error: it connects."""

    family: Literal["v4", "v6"]
    address: str
    error: str = ""
    seconds: float = 0.0


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """What a host presented, looked at only after it was refused (or beside the person's own CA)."""

    host: str
    issuer: str
    not_before: float  # seconds since 1970
    not_after: float
    seen_at: float  # by this machine's clock
    by_system: bool = False  # the machine's own CA bundle accepts it
    trusted: bool = False  # by the person's own certificates, and by no public ones


class CaFile(msgspec.Struct, frozen=True, kw_only=True):
    """A setting that names certificates to trust."""

    setting: str  # the variable, or the file of pip
    path: str
    fault: str = ""  # why it cannot be used


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """A host of programs that /etc/hosts fixes to an address."""

    host: str
    address: str
    error: str = ""  # of connecting there
    other: str = ""  # an address of the name server's that does answer


class Flaw(msgspec.Struct, frozen=True, kw_only=True):
    """A setting of pip or uv with which it cannot work, or works elsewhere than one thinks."""

    kind: Literal[
        "unreadable",
        "uv-unreadable",
        "uv-ignored",
        "no-effect",
        "uv-stops",
        "uv-cache",
        "uv-offline",
        "uv-old",
        "uv-cpu",
        "uv-first-index",
        "uv-certs",
        "uv-no-effect",
        "uv-of-others",
        "index",
        "plain-http",
        "no-index",
        "constraint",
        "elsewhere",
        "stops",
        "pip-log",
        "pip-cache",
        "pip-links",
        "pip-wheels",
        "pip-links-only",
        "pip-sudo",
        "uv-other-disk",
    ]
    source: str  # the file or variable
    key: str = ""
    said: str = ""


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """A package index that pip or uv is told to use."""

    url: str
    setting: str  # index-url, extra-index-url, …
    source: str  # the file or variable
    extra: bool
    reply: Reply | None = None
    listed: bool | None = None  # does it offer the witness in the version that our lock has?
    witness: str = ""  # name==version
    login: Literal["?", "none", "address", "elsewhere"] = "?"  # where a login for it is kept
    not_an_index: bool = False  # a page came, and it lists no file of the witness
    whole: str = ""  # the address that does answer as an index, where this one lacks its end
    files: str = ""  # why the file that it lists does not come
    mismatch: str = ""  # how the bytes of the witness differ from the lock's hash


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """A channel that conda is told to use."""

    name: str  # as it is written
    source: str  # the condarc
    reply: Reply
    nothing_for: str = ""  # "linux-aarch64" where it has no package for this machine's processor


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A network interface that routes lead to."""

    name: str
    mtu: int | None = None  # bytes of the largest packet
    networks: tuple[str, ...] = ()  # private ones that it leads to: 172.17.0.0/16
    default: bool = False  # what is nowhere else leads through it
    docker: bool = False  # a bridge of Docker's


class DockerNetwork(msgspec.Struct, frozen=True, kw_only=True):
    """What Docker is told to give its containers of the network."""

    dns: tuple[str, ...] = ()
    mtu: int | None = None
    own_network: bool = False  # the person chose its addresses
    passes_proxy: bool = False  # ~/.docker/config.json has proxies: containers and builds get them
    forwards: bool = True  # the kernel passes packets on from one network to another
    no_rules: str = (
        ""  # where the daemon is told to make no rules for its networks: a file, or its command line
    )
    masked: bool | None = None  # rules that others made let its networks out; None: not known
    daemon_proxy: bool = False  # the daemon has one, for pulling images


class Network(msgspec.Struct, frozen=True, tag="network"):
    answers: tuple[Answer, ...]  # other sources than those in use
    endpoint: str = ""  # the Hub that programs would ask
    official: str = ""  # where programs go that were told nothing
    endpoint_source: str = ""  # HF_ENDPOINT, the last setup, or "" for the official one
    replies: tuple[Reply, ...] = ()
    first_use: tuple[Reply, ...] = ()  # of hosts that libraries fetch from by themselves
    names: tuple[Name, ...] = ()
    control_names: tuple[str, ...] = ()  # those of them that any resolver knows
    ways: tuple[Way, ...] = ()  # to the Hub's host, where no proxy leads there
    proxies: tuple[Proxy, ...] = ()
    unproxied: tuple[str, ...] = ()  # what no_proxy lists of this machine
    certificates: tuple[Certificate, ...] = ()
    ca_files: tuple[CaFile, ...] = ()
    indexes: tuple[Index, ...] = ()
    channels: tuple[Channel, ...] = ()
    routes: tuple[str, ...] | None = None  # families (v4, v6) with a route that leads off this machine
    name_order: tuple[
        str, ...
    ] = ()  # where names are looked for, as nsswitch.conf has it; () where it does not say
    tool_proxies: tuple[Proxy, ...] = ()  # of git, curl, wget and apt, as their own files name them
    resolvers: tuple[Resolver, ...] = ()  # in their order; () where names are found in time
    name_servers: int | None = None  # listed in resolv.conf; None: not read
    outside: bool | None = None  # does any well-known address connect? None: not asked
    clock_skew: float | None = None  # seconds that this clock is ahead of the Date of a server
    xet_host: str = ""
    xet_reachable: bool | None = None  # TCP to the hosts of Xet; None: not asked
    xet_said: str = ""
    xet_offered: bool | None = None  # False: the endpoint sends large files itself; None: it did not say
    pins: tuple[Pin, ...] = ()
    token_role: str = ""  # "read", "write", "fineGrained": what the Hub says of the token
    token_rights: tuple[str, ...] | None = None  # of a fine-grained token; None where it is of another kind
    token_source: str = ""  # the variable or file of the token that was tried
    offline_flag: str = ""  # HF_HUB_OFFLINE and the like, when set
    links: tuple[Link, ...] = ()
    docker: DockerNetwork | None = None
    private_servers: tuple[str, ...] = ()  # name servers of the own network
    shell_proxies: tuple[str, ...] = ()  # "~/.bashrc: https_proxy", where this program has none
    sudo: bool = False  # started by it
    system_certificates: Literal["", "none", "old"] = ""  # what is wrong with the machine's own list
    asked: bool = True  # False: no request was made, only settings were read
    via: str = ""  # the proxy that leads to the endpoint, without its login
    flaws: tuple[Flaw, ...] = ()
    turbo: bool = False  # /etc/network_turbo: the provider's own way around (AutoDL)

    def reply(self, kind: str) -> Reply | None:
        return next((reply for reply in self.replies if reply.kind == kind), None)
