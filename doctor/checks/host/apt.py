"""Debian's package manager: is it busy or interrupted, and can it fetch from where it is told to?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from doctor.catalogue import found
from doctor.facts import Host
from doctor.facts.host import AptSource
from doctor.finding import Finding

# Releases whose packages were moved away when they ended, and where to. LTS releases of Ubuntu stay where they are.
DEBIAN_ENDED = ("wheezy", "jessie", "stretch", "buster")
UBUNTU_ENDED = (
    "precise", "artful", "cosmic", "disco", "eoan", "groovy", "hirsute", "impish", "kinetic", "lunar", "mantic", "oracular",
    "plucky",
)  # fmt: skip
LIVING = (
    "bullseye",
    "bookworm",
    "trixie",
    "trusty",
    "xenial",
    "bionic",
    "focal",
    "jammy",
    "noble",
    "questing",
)
RELEASES = (*DEBIAN_ENDED, *UBUNTU_ENDED, *LIVING)
KEPT_AT = {"debian": "archive.debian.org", "ubuntu": "old-releases.ubuntu.com"}
OF_NVIDIA = ("developer.download.nvidia.com", "developer.download.nvidia.cn", "nvidia.github.io")
SHOWN = 4


def apt(host: Host) -> Iterator[Finding]:
    apt = host.apt
    if apt.holder:  # half configured is then a state on the way
        yield found("host", "dpkg-lock-held", pid=apt.holder.pid, program=apt.holder.name)
    elif apt.mounted:
        names = tuple(name for name in apt.unfinished if "nvidia" in name or name.startswith("libcuda"))
        yield found("host", "apt-driver-in-gpu-container", packages=names, mounted=apt.mounted[:SHOWN])
    elif apt.unfinished or apt.interrupted:
        yield found("host", "apt-half-configured", packages=apt.unfinished or ("/var/lib/dpkg/updates",))
    if apt.unpinned and host.container is None and host.wsl is None:
        release = apt.unpinned.rpartition("/repos/")[2].partition("/")[0]
        yield found("host", "apt-cuda-archive-not-pinned", archive=apt.unpinned, release=release)
    yield from _sources(apt.sources, host)


def _sources(sources: Sequence[AptSource], host: Host) -> Iterator[Finding]:
    unreadable = [one for one in sources if one.unreadable]
    if unreadable:
        one = unreadable[0]
        file = one.place.partition(":")[0]
        yield found(
            "host",
            "apt-source-unreadable",
            commands=(("mv", file, f"{file}.disabled"), ("apt-get", "update")),
            place=one.place,
            text=one.unreadable,
        )
    yield from _keys(sources)
    ended = [one for one in sources if _is_ended(one)]
    if ended:
        kind = "ubuntu" if _base(ended[0].suite) in UBUNTU_ENDED else "debian"
        yield found(
            "host",
            "apt-release-ended",
            commands=(*_moved(ended, KEPT_AT[kind]), ("apt-get", "update")),
            places=_places(ended),
            archive=KEPT_AT[kind],
        )
    strange = [one for one in sources if _is_main(one) and _base(one.suite) in RELEASES]
    codename = host.apt.codename
    if codename in RELEASES and strange and all(_base(one.suite) != codename for one in strange):
        yield found("host", "apt-sources-of-another-release", places=_places(strange), codename=codename)
    yield from _not_fetched(
        [one for one in sources if not one.fetched and one not in ended and not one.key_lost]
    )


def _keys(sources: Sequence[AptSource]) -> Iterator[Finding]:
    lost = [one for one in sources if one.key_lost]
    if lost:
        yield found("host", "apt-key-missing", places=_places(lost), key=lost[0].key)
    keys: dict[tuple[str, str], AptSource] = {}
    for one in sources:
        other = keys.setdefault((one.address, one.suite), one)
        if other.key != one.key and not one.unreadable:
            yield found(
                "host",
                "apt-sources-at-odds",
                commands=(("rm", one.place.partition(":")[0]), ("apt-get", "update")),
                address=one.address,
                first=f"{other.place} ({other.key or '-'})",
                second=f"{one.place} ({one.key or '-'})",
            )
            return


def _not_fetched(sources: Sequence[AptSource]) -> Iterator[Finding]:
    """apt has lists of other archives: it has tried this one and failed, or nobody has run it since the source came."""
    third = [one for one in sources if one.scheme in ("http", "https") and not _is_main(one)]
    if third:
        nvidia = any(one.address.startswith(OF_NVIDIA) for one in third)
        yield found(
            "host", "apt-source-not-fetched", severity="warn" if nvidia else "info", places=_places(third)
        )


def _moved(ended: Sequence[AptSource], archive: str) -> Iterator[tuple[str, ...]]:
    hosts = dict.fromkeys((one.place.partition(":")[0], one.address.partition("/")[0]) for one in ended)
    for file, host in hosts:
        yield ("sed", "-i.bak", f"s#https\\?://{host}/#http://{archive}/#", file)


def _base(suite: str) -> str:
    return suite.partition("-")[0].partition("/")[0]


def _is_main(one: AptSource) -> bool:
    """The distribution's own archive, or a mirror of it."""
    host, _, last = one.address.rpartition("/")
    return last in ("debian", "ubuntu", "ubuntu-ports", "debian-security") and "launchpad" not in host


def _is_ended(one: AptSource) -> bool:
    return (
        _is_main(one)
        and _base(one.suite) in (*DEBIAN_ENDED, *UBUNTU_ENDED)
        and not one.address.startswith(tuple(KEPT_AT.values()))
    )


def _places(sources: Sequence[AptSource]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"{one.place}: {one.address} {one.suite}" for one in sources))[:SHOWN]
