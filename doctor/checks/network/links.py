"""Docker's networks beside the machine's own, and proxies that this program was not given."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.network.judge import bare_host
from doctor.facts import Network
from doctor.facts.network import DockerNetwork, Link
from doctor.finding import Finding, Severity

POOL = "10.210.0.1/24"


def link_findings(network: Network) -> Iterator[Finding]:
    yield from _overlap(network)
    yield from _sizes(network.links, network.docker)
    docker = network.docker
    if docker:
        loops = [one for one in docker.dns if one.startswith("127.") or one == "::1"]
        if loops:
            yield found("network", "docker-dns-loopback", servers=loops)
        if not docker.forwards:
            yield found("network", "docker-without-forwarding")
        if docker.no_rules and not docker.masked:
            severity: Severity = "info" if docker.masked is None else "warn"
            yield found("network", "docker-without-rules", severity=severity, place=docker.no_rules)
        if network.proxies and not docker.passes_proxy:
            yield found("network", "docker-without-proxy", variables=network.proxies[0].variables)


def _overlap(network: Network) -> Iterator[Finding]:
    for bridge in (link for link in network.links if link.docker):
        for text in bridge.networks:
            own = ipaddress.ip_network(text)
            hidden = [
                f"{link.name} {other}"
                for link in network.links
                if not link.docker
                for other in link.networks
                if own.overlaps(ipaddress.ip_network(other))
            ]
            # The bridge itself has the first address: a name server there is this machine's.
            servers = [ipaddress.ip_address(one) for one in network.private_servers]
            hidden += [str(one) for one in servers if one in own and int(one) != int(own.network_address) + 1]
            if hidden:
                yield found(
                    "network",
                    "docker-network-overlaps",
                    bridge=bridge.name,
                    network=text,
                    hidden=hidden,
                    pool=POOL,
                )
                return


def _sizes(links: tuple[Link, ...], docker: DockerNetwork | None) -> Iterator[Finding]:
    """Where nobody told Docker: it takes 1500 for each of its networks."""
    out = [link.mtu for link in links if link.default and link.mtu]
    bridges = [link for link in links if link.docker and link.mtu and out and link.mtu > min(out)]
    if bridges and not (docker and docker.mtu):
        yield found(
            "network",
            "docker-packets-too-large",
            bridge=bridges[0].name,
            larger=bridges[0].mtu or 0,
            smaller=min(out),
        )


OLD_DATASETS = "datasets 1"  # of it no dataset and no metric loads without that host
UPGRADE = (("python", "-m", "pip", "install", "--upgrade", "datasets", "evaluate"),)


def first_use_findings(network: Network) -> Iterator[Finding]:
    """Of hosts that do not answer while others do; without any network nobody needs to hear it."""
    dead = [reply for reply in network.first_use if reply.stage != "answered"]
    if dead:
        users = [f"{reply.name} ({bare_host(reply.url)}: {reply.said})" for reply in dead]
        scripts = any(OLD_DATASETS in reply.name for reply in dead)
        yield found(
            "network",
            "first-use-host-unreachable",
            severity="warn" if scripts else None,
            commands=UPGRADE if scripts else None,
            users=users,
        )


def certificate_findings(network: Network) -> Iterator[Finding]:
    if network.system_certificates == "none":
        yield found("network", "system-certificates-missing")
    elif network.system_certificates == "old":
        yield found("network", "system-certificates-old")
