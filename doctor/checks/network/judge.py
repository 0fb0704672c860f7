"""What several checks of this area ask: what is the network needed for here, and is an answer a Hub's?"""

from __future__ import annotations

from collections.abc import Iterator

from packaging.version import Version

from doctor.facts import Facts, Hub, Network, Packages, Python
from doctor.facts.network import Reply
from doctor.goal import Goal
from doctor.release import release_of


def wanting(network: Network, facts: Facts, goal: Goal) -> bool:
    """Is something still to fetch? Of a person's own environment nobody knows, unless they switched the Hub off."""
    if goal.foreign:
        return not network.offline_flag
    return _models(facts, goal) or _environment(facts)


def _models(facts: Facts, goal: Goal) -> bool:
    wanted = {model.id for model in goal.models}
    hub = facts.hub
    return isinstance(hub, Hub) and any(m.id in wanted and m.state != "complete" for m in hub.models)


def _environment(facts: Facts) -> bool:
    python, packages = facts.python, facts.packages
    if isinstance(python, Python) and python.state != "complete":
        return True
    return isinstance(packages, Packages) and bool(set(packages.wanted) - set(packages.installed))


def version_of(facts: Facts, name: str) -> Version | None:
    """Of a distribution in the environment; None when it is not there, or not known."""
    packages = facts.packages
    return release_of(packages.installed.get(name)) if isinstance(packages, Packages) else None


def has(facts: Facts, *names: str) -> bool:
    return isinstance(facts.packages, Packages) and any(name in facts.packages.installed for name in names)


def host_of(url: str) -> str:
    """Host and port of an address."""
    return url.partition("://")[2].partition("/")[0]


def bare_host(url: str) -> str:
    host = host_of(url)
    return host.rpartition(":")[0].strip("[]") if host.rpartition(":")[2].isdecimal() else host


def all_replies(network: Network) -> Iterator[Reply]:
    """Every request but the one without TLS, which a proxy of its own may serve."""
    yield from (reply for reply in network.replies if reply.kind != "plain")
    yield from (index.reply for index in network.indexes if index.reply)
    yield from (channel.reply for channel in network.channels)


def homes(network: Network) -> frozenset[str]:
    """The hosts of the official Hub."""
    return frozenset({"huggingface.co", bare_host(network.official)})


def is_local(url: str) -> bool:
    return bare_host(url) in ("localhost", "::1") or bare_host(url).startswith("127.")


def is_moved_to_tls(reply: Reply) -> bool:
    """Asked without TLS, it sends to the same host with it: the Hub's client does not follow to another address."""
    same = bare_host(reply.location) == bare_host(reply.url)
    return same and reply.url.startswith("http://") and reply.location.startswith("https://")


def is_good(reply: Reply) -> bool:
    """A Hub that answers, be it that it will not give this file. A redirect within it is an answer as well."""
    if reply.stage != "answered" or reply.circle:
        return False
    if 300 <= reply.status < 400 and not reply.from_hub:
        return not reply.location or (
            bare_host(reply.location) == bare_host(reply.url) and not is_moved_to_tls(reply)
        )
    return reply.from_hub and reply.status < 500 and reply.status != 429
