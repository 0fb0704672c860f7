"""All questions at the same time, and what came of them as one fact."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from functools import partial
from urllib.parse import urlsplit

import msgspec

from doctor.facts.network import (
    Answer,
    Certificate,
    Channel,
    Index,
    Name,
    Network,
    Pin,
    Proxy,
    Reply,
    Resolver,
    Way,
)
from doctor.goal import Goal
from doctor.goal.target import site_packages
from doctor.hub_env import token
from doctor.mirrors.samples import sample_url
from doctor.mirrors.table import Kind, Source, sources, stage0_sources
from doctor.probes.network.asking import channels, hub, indexes
from doctor.probes.network.asking.client import Names, ask, silent_reply
from doctor.probes.network.asking.first_use import first_use
from doctor.probes.network.asking.pool import Asked
from doctor.probes.network.asking.question import SECONDS, Question, Said
from doctor.probes.network.line import names, pinned, resolvers
from doctor.probes.network.told import proxies, tools
from doctor.probes.network.trust.certificates import intercepted

PATIENCE = 0.5  # seconds
BEARABLE = 2.0  # seconds that are waited for hosts which are not needed now: who is slower is called silent
CONDA: tuple[Kind, ...] = ("conda_installer", "conda_channel")


class Desk(msgspec.Struct, frozen=True):
    """What every question needs. `until` is on the monotonic clock."""

    goal: Goal
    endpoint: str
    hub_bundle: str
    pip_bundle: str
    public_bundle: str
    names: Names
    until: float


class Round(msgspec.Struct, frozen=True):
    """What is under way."""

    requests: list[tuple[Question, Asked[Said]]]
    sources: list[tuple[Source, Asked[Said]]]
    indexes: list[tuple[Index, Asked[tuple[Index, Said]]]]
    channels: list[tuple[Channel, Asked[tuple[Channel, Said]]]]
    xet: Asked[Reply | None]
    intercepted: Asked[Certificate | None]
    ways: Asked[tuple[Way, ...]]
    proxies: list[tuple[Proxy, Asked[Proxy]]]
    tools: list[tuple[Proxy, Asked[Proxy]]]
    resolvers: list[Asked[Resolver]]
    outside: list[Asked[bool]]
    first_use: list[tuple[Question, Asked[Said]]]
    pins: list[Asked[Pin]]
    others: list[Asked[Name]]  # names that any resolver knows


def ask_all(desk: Desk, known: Network) -> Network:
    """`known` with all that asking tells."""
    return told(desk, begin(desk), known)


def begin(desk: Desk) -> Round:
    goal, book = desk.goal, desk.names
    theirs = Names(desk.until)  # whether these are found says nothing of the names that are needed
    return Round(
        requests=[(question, Asked(how)) for question, how in requests(desk)],
        sources=[
            (source, Asked(partial(ask, question_of(desk, source), book))) for source in other_sources(desk)
        ],
        indexes=[(silent, Asked(how)) for silent, how in indexes.questions(goal, desk.pip_bundle, book)],
        channels=[(silent, Asked(how)) for silent, how in channels.questions(goal, desk.pip_bundle, book)],
        xet=Asked(lambda: hub.ask_xet(goal, desk.endpoint, desk.hub_bundle, book)),
        intercepted=Asked(partial(intercepted, desk.endpoint, desk.hub_bundle, desk.public_bundle)),
        ways=Asked(lambda: ways(desk)),
        proxies=[
            (proxy, Asked(partial(proxies.look, proxy, SECONDS / 2)))
            for proxy in (*proxies.proxies(), *proxies.pip_proxy(goal))
        ],
        tools=[(proxy, Asked(partial(proxies.look, proxy, SECONDS / 2))) for proxy in tools.tool_proxies()],
        first_use=[
            (question, Asked(partial(ask, question, theirs)))
            for question in first_use(site_packages(goal), desk.public_bundle)
        ],
        pins=[Asked(partial(pinned.look, host, address)) for host, address in pinned.pinned()],
        others=[Asked(partial(book.get, source.name)) for source in stage0_sources()[:2]],
        resolvers=[Asked(partial(resolvers.look, server, SECONDS / 2)) for server in resolvers.servers()],
        outside=[Asked(partial(names.connects, address, SECONDS)) for address in names.CONTROLS],
    )


def question_of(desk: Desk, source: Source) -> Question:
    if source.kind == "hub":
        return hub.model_question(desk.goal, source.url, desk.hub_bundle)
    return Question(kind=source.kind, url=sample_url(source, desk.goal), bundle=desk.pip_bundle)


def other_sources(desk: Desk) -> list[Source]:
    """Where else models could come from, and what setup would need for conda."""
    conda = [] if desk.goal.foreign else [one for kind in CONDA for one in sources(kind, desk.goal)]
    return [*hub.others(desk.goal, desk.endpoint), *conda]


def requests(desk: Desk) -> Iterator[tuple[Question, Callable[[], Said]]]:
    """Of the Hub: the endpoint, the same host without TLS, the token, each model that is still to fetch."""
    goal, book, bundle = desk.goal, desk.names, desk.hub_bundle
    first = hub.model_question(goal, desk.endpoint, bundle)
    yield first, partial(hub.ask_endpoint, first, book)
    if desk.endpoint.startswith("https://"):
        plain = Question(kind="plain", url=f"http://{urlsplit(desk.endpoint).hostname}/")
        yield plain, partial(ask, plain, book)
    secret, source = token(goal)
    whoami = hub.token_question(goal, secret, source, bundle)
    for question in [*([whoami] if whoami else []), *hub.gate_questions(goal, desk.endpoint, secret, bundle)]:
        yield question, partial(ask, question, book)


def ways(desk: Desk) -> tuple[Way, ...]:
    """TCP to the Hub's host by each family of address, both at once. None where a proxy leads there."""
    parts = urlsplit(desk.endpoint)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    if proxies.proxy_for(desk.endpoint):
        return ()
    name = Name(host=host) if names.is_address(host) else desk.names.get(host)
    seconds = max(0.3, min(SECONDS, desk.until - time.monotonic() - 0.2))
    asked = [Asked(partial(names.walk, address, at, seconds)) for address, at in names.ways(host, port, name)]
    return tuple(way for one in asked if (way := one.wait(desk.until)))


# --- what came of it ---------------------------------------------------------------------------------


def told(desk: Desk, round_: Round, known: Network) -> Network:
    replies = [(question, one.wait(desk.until) or late(question)) for question, one in round_.requests]
    # What only explains the Hub's silence is not waited for where the Hub answers.
    fine = replies[0][1].reply.from_hub
    soon = min(desk.until, time.monotonic() + PATIENCE) if fine else desk.until
    named = [(source, one.wait(soon)) for source, one in round_.sources]
    listed = [asked.wait(desk.until) or (silent, None) for silent, asked in round_.indexes]
    offered = [other.wait(desk.until) or (silent, None) for silent, other in round_.channels]
    bearable = min(desk.until, time.monotonic() + BEARABLE) if fine else desk.until
    fetched = [one.wait(bearable) or late(question) for question, one in round_.first_use]
    xet = round_.xet.wait(desk.until)
    controls = () if fine else tuple(one.wait(desk.until) for one in round_.others)
    said = [
        *(s for _, s in replies),
        *(s for _, s in (*named, *listed, *offered) if s),
    ]
    return msgspec.structs.replace(
        known,
        answers=tuple(answer(desk, source, one) for source, one in named),
        replies=tuple(one.reply for _, one in replies),
        first_use=tuple(one.reply for one in fetched),
        ways=round_.ways.wait(desk.until) or (),
        proxies=tuple(one.wait(desk.until) or silent_proxy(proxy) for proxy, one in round_.proxies),
        certificates=certificates(said, round_.intercepted.wait(desk.until)),
        indexes=tuple(index for index, _ in listed),
        channels=tuple(channel for channel, _ in offered),
        outside=None if fine else any(one.wait(desk.until) for one in round_.outside),
        clock_skew=skew(said),
        pins=tuple(pin for one in round_.pins if (pin := one.wait(desk.until))),
        token_role=next((hub.role_of(one) for q, one in replies if q.kind == "whoami"), ""),
        token_rights=next((hub.token_of(one)[1] for q, one in replies if q.kind == "whoami"), None),
        token_source=next((q.source for q, _ in replies if q.kind == "whoami"), ""),
        names=desk.names.all(),
        resolvers=() if fine else tuple(one for asked in round_.resolvers if (one := asked.wait(desk.until))),
        name_order=() if fine else names.name_order(),
        tool_proxies=tuple(one.wait(desk.until) or silent_proxy(proxy) for proxy, one in round_.tools),
        control_names=tuple(one.host for one in controls if one),
        **xet_fields(xet),
    )


def late(question: Question) -> Said:
    return Said(reply=silent_reply(question))


def certificates(said: list[Said], seen: Certificate | None) -> tuple[Certificate, ...]:
    """Each host's once."""
    known = {one.certificate.host: one.certificate for one in said if one.certificate}
    return (*known.values(), *([seen] if seen else []))


def silent_proxy(proxy: Proxy) -> Proxy:
    return msgspec.structs.replace(proxy, error="no answer in time")


def answer(desk: Desk, source: Source, said: Said | None) -> Answer:
    reply = said.reply if said else late(question_of(desk, source)).reply
    if source.kind == "hub":
        return hub.answer_of(source, reply)
    good = reply.stage == "answered" and reply.status < 400
    return Answer(
        kind=source.kind,
        name=source.name,
        url=source.url,
        seconds=reply.seconds if good else None,
        error=None if good else reply.said,
    )


def skew(said: list[Said]) -> float | None:
    """Of the servers' clocks the one that is nearest to ours: one that agrees shows that the others are wrong."""
    known = [one.skew for one in said if one.skew is not None]
    nearest = min(known, key=math.fabs, default=None)
    return None if nearest is None else round(nearest, 1)


def xet_fields(reply: Reply | None) -> dict[str, object]:
    if reply is None:
        return {}
    if reply == hub.ITSELF:
        return {"xet_offered": False}
    reachable = reply.stage == "answered"
    return {
        "xet_host": urlsplit(reply.url).hostname or "",
        "xet_offered": True,
        "xet_reachable": reachable,
        "xet_said": "" if reachable else reply.said,
    }
