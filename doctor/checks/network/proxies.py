"""Proxies that are written wrong, dead, closed, or lead nowhere, and what a program needs to speak to one."""

from __future__ import annotations

from doctor.catalogue import found
from doctor.checks.network.judge import all_replies, bare_host, has, version_of
from doctor.facts import Facts, Network
from doctor.facts.network import Proxy, Reply
from doctor.finding import Finding
from doctor.goal import Goal

IN_LOGIN = "its login holds"  # marks that end an address before the host


def used(network: Network, proxy: Proxy) -> list[Reply]:
    """The requests that would go through it."""
    return [reply for reply in all_replies(network) if reply.via == proxy.place]


def is_used(network: Network, proxy: Proxy) -> bool:
    """Where nothing was asked: the one that leads to the Hub, and pip's own, which is a file's."""
    settled = proxy.place == network.via or any("/" in n or n == "PIP_PROXY" for n in proxy.variables)
    return bool(used(network, proxy)) or (not network.asked and settled)


def malformed(network: Network, facts: Facts, goal: Goal) -> Finding | None:
    for proxy in network.proxies:
        fault = proxy.fault or ("the proxy speaks plain HTTP, not TLS" if proxy.plain else "")
        if fault and is_used(network, proxy):
            login = "USER:PASSWORD@" if IN_LOGIN in fault else ""  # which the proxy wants all the same
            return found(
                "network",
                "proxy-malformed",
                variables=proxy.variables,
                place=proxy.place,
                fault=fault,
                right=f"http://{login}{proxy.host or '127.0.0.1'}:{proxy.port or 7890}",
                commands=tuple(
                    ("export", f"{name}=http://{login}{proxy.host or 'HOST'}:{proxy.port or 'PORT'}")
                    for name in proxy.variables
                    if "/" not in name
                )
                or without(proxy),
            )
    return None


def dead_proxy(network: Network, facts: Facts, goal: Goal) -> Finding | None:
    for proxy in network.proxies:
        if proxy.error and used(network, proxy):
            return found(
                "network",
                "proxy-dead",
                variables=proxy.variables,
                place=proxy.place,
                error=proxy.error,
                commands=without(proxy),
            )
    return None


def without(proxy: Proxy) -> tuple[tuple[str, ...], ...]:
    """How to do without it. pip may have one of its own, in a file."""
    variables = [name for name in proxy.variables if "/" not in name]
    of_pip = (("pip", "config", "unset", "global.proxy"),) if len(variables) < len(proxy.variables) else ()
    return (*((("unset", *variables),) if variables else ()), *of_pip)


def login(network: Network, facts: Facts, goal: Goal) -> Finding | None:
    for proxy in network.proxies:
        if any(map(wants_login, used(network, proxy))):
            return found("network", "proxy-needs-login", variables=proxy.variables, place=proxy.place)
    return None


def wants_login(reply: Reply) -> bool:
    """Of a tunnel the refusal is the proxy's; without TLS it comes as the answer itself."""
    return reply.status == 407 or (reply.stage == "proxy" and reply.error.startswith("407"))


def nothing_forwarded(network: Network, facts: Facts, goal: Goal) -> Finding | None:
    """It takes connections, and none of several hosts is reached through it."""
    for proxy in network.proxies:
        asked = used(network, proxy)
        hosts = {bare_host(reply.url) for reply in asked}
        if len(hosts) > 1 and not any(reply.stage == "answered" for reply in asked):
            return found(
                "network",
                "proxy-forwards-nothing",
                place=proxy.place,
                hosts=sorted(hosts),
                error=asked[0].said,
                commands=without(proxy),
            )
    return None


def socks_without_library(network: Network, facts: Facts) -> Finding | None:
    """requests takes the proxy of the scheme and needs PySocks; httpx makes all of them and needs socksio."""
    version = version_of(facts, "huggingface-hub")
    modern = version is not None and version.major >= 1
    needed = "socksio" if modern else "pysocks"
    if has(facts, needed) or not has(facts, "huggingface-hub", "requests"):
        return None
    for proxy in network.proxies:
        if proxy.scheme.startswith("socks") and not proxy.fault and (modern or is_used(network, proxy)):
            return found(
                "network",
                "proxy-socks-no-socksio",
                variables=proxy.variables,
                place=proxy.place,
                package=needed,
            )
    return None
