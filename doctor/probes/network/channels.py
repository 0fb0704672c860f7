"""Do the channels that conda is told to use answer?"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

import msgspec

from doctor.facts.network import Channel, Reply
from doctor.goal import Goal
from doctor.probes.conda import roots
from doctor.probes.condarc import Condarc, Wanted, channels, read_all
from doctor.probes.network.client import Names, ask, silent_reply
from doctor.probes.network.question import Question, Said, without_login

Way = tuple[Channel, Callable[[], tuple[Channel, Said]]]  # what is known if it stays silent, and how to ask
ASKED = 12  # channels at most
NAMES = ("repodata.json", "repodata.json.zst")  # a channel without the second is still one, and the reverse


def questions(goal: Goal, bundle: str, names: Names) -> list[Way]:
    """One for each configured channel, with conda's own proxy and certificates."""
    places = (goal.conda_root, *(str(root) for root in roots(os.environ)), goal.prefix)
    condarcs = read_all(tuple(dict.fromkeys(places)))
    ways = [way_of(condarcs, wanted, bundle) for wanted in channels(condarcs)[:ASKED]]
    return [(channel_of(*way, silent_reply(way[1])), partial(ask_channel, *way, names)) for way in ways]


def way_of(condarcs: tuple[Condarc, ...], wanted: Wanted, bundle: str) -> tuple[Wanted, Question]:
    """The question, through what the files say of proxies and certificates."""
    servers = {key: url for one in condarcs for key, url in one.mapping("proxy_servers").items()}
    verify = next((word for one in reversed(condarcs) for word in one.words("ssl_verify")), "true")
    trusted = {"false": "", "true": bundle, "truststore": bundle}.get(verify.lower(), verify)
    proxy = servers.get(urlsplit(wanted.url).scheme)
    return wanted, Question(
        kind="channel", url=wanted.url, name=wanted.name, source=wanted.source, bundle=trusted, proxy=proxy
    )


def ask_channel(wanted: Wanted, question: Question, names: Names) -> tuple[Channel, Said]:
    for file in NAMES:
        asked = msgspec.structs.replace(question, url=f"{wanted.url.rstrip('/')}/noarch/{file}")
        said = ask(asked, names)
        if said.reply.status != 404:
            break
    return channel_of(wanted, question, said.reply), said


def channel_of(wanted: Wanted, question: Question, reply: Reply) -> Channel:
    shown = msgspec.structs.replace(reply, url=without_login(question.url))
    return Channel(name=without_login(wanted.name), source=wanted.source, reply=shown)
