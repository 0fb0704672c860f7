"""Do the channels that conda is told to use answer?"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from doctor.facts.network import Channel, Reply
from doctor.goal import Goal
from doctor.probes.conda import condarc, owner, roots
from doctor.probes.conda.channels import channels, expand
from doctor.probes.conda.condarc import Condarc
from doctor.probes.network.asking.client import Names, ask, silent_reply
from doctor.probes.network.asking.question import Question, Said, without_login
from doctor.probes.network.asking.redirects import follow

Way = tuple[Channel, Callable[[], tuple[Channel, Said]]]  # what is known if it stays silent, and how to ask
ASKED = 12  # channels at most
NAMES = ("repodata.json", "repodata.json.zst")  # a channel without the second is still one, and the reverse


# Processors for which many channels have little: for all others nothing more is asked.
RARE = {
    "aarch64": "linux-aarch64",
    "ppc64le": "linux-ppc64le",
    "s390x": "linux-s390x",
    "riscv64": "linux-riscv64",
}
EMPTY = 1000  # bytes that an empty list fits into


class Repodata(msgspec.Struct, frozen=True):
    """What a channel has for one platform."""

    packages: dict[str, msgspec.Raw] = {}
    conda: dict[str, msgspec.Raw] = msgspec.field(default_factory=dict, name="packages.conda")


class Wanted(msgspec.Struct, frozen=True):
    """A channel that a file asks for, and the address that conda makes of it. It may hold a login."""

    name: str
    url: str
    source: str


def questions(goal: Goal, bundle: str, names: Names) -> list[Way]:
    """One for each configured channel, with conda's own proxy and certificates."""
    said = settings_of(goal)
    ways = [way_of(said, wanted, bundle) for wanted in list(wanted_channels(said))[:ASKED]]
    return [(channel_of(*way, silent_reply(way[1])), partial(ask_channel, *way, names)) for way in ways]


def settings_of(goal: Goal) -> Condarc:
    """Of the install that the environment belongs to, else of the first there is; and of the environment itself."""
    root = owner(goal) or next(iter(roots(os.environ)), Path(goal.conda_root))
    return condarc.read(str(root), {**os.environ, "CONDA_PREFIX": goal.prefix})


def wanted_channels(said: Condarc) -> Iterator[Wanted]:
    """Each address once. `defaults` also where it is only meant, as long as a file says what it stands for."""
    meant = ("defaults",) if said.settings.get("default_channels") else ()
    seen: set[str] = set()
    for name in channels(said) or meant:
        for url in expand(name, said):
            if url.startswith(("http://", "https://")) and url not in seen:
                seen.add(url)
                yield Wanted(name if name != "defaults" else url, url, said.source_of(name))


def way_of(said: Condarc, wanted: Wanted, bundle: str) -> tuple[Wanted, Question]:
    """The question, through what the files say of proxies and certificates."""
    verify = str(said.settings.get("ssl_verify", True))
    trusted = {"false": "", "true": bundle, "truststore": bundle}.get(verify.lower(), verify)
    proxy = said.mapping("proxy_servers").get(urlsplit(wanted.url).scheme)
    return wanted, Question(
        kind="channel",
        url=wanted.url,
        name=wanted.name,
        source=wanted.source,
        bundle=trusted,
        proxy=str(proxy) if proxy else None,
    )


def ask_channel(wanted: Wanted, question: Question, names: Names) -> tuple[Channel, Said]:
    for file in NAMES:
        asked = msgspec.structs.replace(question, url=f"{wanted.url.rstrip('/')}/noarch/{file}")
        said = follow(asked, ask(asked, names), names)
        if said.reply.status != 404:
            break
    channel = channel_of(wanted, question, said.reply)
    platform = RARE.get(os.uname().machine, "")
    if platform and said.reply.status == 200 and has_nothing(asked, wanted.url, platform, names):
        channel = msgspec.structs.replace(channel, nothing_for=platform)
    return channel, said


def has_nothing(asked: Question, url: str, platform: str, names: Names) -> bool:
    """Whether its list for that processor is empty or not there. A list of any package is longer than what is read."""
    place = f"{url.rstrip('/')}/{platform}"
    listed = msgspec.structs.replace(asked, url=f"{place}/{NAMES[0]}", method="GET", body=EMPTY)
    said = follow(listed, ask(listed, names), names)
    if said.reply.status == 404:
        packed = msgspec.structs.replace(asked, url=f"{place}/{NAMES[1]}")
        return follow(packed, ask(packed, names), names).reply.status == 404
    try:
        repodata = msgspec.json.decode(said.body, type=Repodata)
    except ValueError:  # longer, or no list
        return False
    return said.reply.status == 200 and not repodata.packages and not repodata.conda


def channel_of(wanted: Wanted, question: Question, reply: Reply) -> Channel:
    shown = msgspec.structs.replace(reply, url=without_login(question.url))
    return Channel(name=without_login(wanted.name), source=wanted.source, reply=shown)
