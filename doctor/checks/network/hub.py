"""Does the Hub that programs would ask answer as a Hub does, and does it take the person's token?"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from packaging.version import Version

from doctor.catalogue import found
from doctor.checks.network.judge import (
    bare_host,
    homes,
    host_of,
    is_good,
    is_moved_to_tls,
    version_of,
    wanting,
)
from doctor.checks.network.rights import rights
from doctor.facts import Facts, Network, Packages, said_by
from doctor.facts.network import Name, Reply
from doctor.finding import Finding, Severity
from doctor.goal import Goal

FOLLOWS = Version("1.30")  # huggingface_hub that follows a mirror's redirect to the Hub
# Networks of other companies, which forged answers about blocked names have pointed to for years.
SINKHOLES = (
    "31.13.64.0/18",  # Facebook
    "69.171.224.0/19",
    "157.240.0.0/16",
    "2a03:2880::/32",
    "104.244.40.0/21",  # Twitter
    "199.59.148.0/22",
    "108.160.160.0/20",  # Dropbox
    "162.125.0.0/16",
    "2001::/32",  # Teredo
)


def hub_findings(network: Network, facts: Facts, goal: Goal, root: Finding | None) -> Iterator[Finding]:
    reply = network.reply("hub")
    if reply is None:
        return
    if not is_good(reply):
        said = consequence(network, facts, goal, reply) if root else silent(network, facts, goal, reply)
        yield from [said] if said else []
    yield from token(network)
    yield from role(network, facts)
    yield from rights(network, facts)
    yield from gated(network)
    yield from gone(network)


def consequence(network: Network, facts: Facts, goal: Goal, reply: Reply) -> Finding | None:
    """Of what silences everything. Not told where nobody waits for the Hub."""
    finding = fault(network, facts, goal, in_general(network), reply)
    return None if finding.severity == "info" else finding


def in_general(network: Network) -> str:
    unset = host_of(network.endpoint) == host_of(network.official)
    return "hub-unreachable" if unset else "hub-mirror-dead"


def silent(network: Network, facts: Facts, goal: Goal, reply: Reply) -> Finding | None:
    """Why it does not answer, as near as can be told."""
    moved = official_elsewhere(network, reply)
    name = next((n for n in network.names if n.host == bare_host(reply.url)), None)
    if reply.circle:
        return fault(network, facts, goal, "hub-redirects-in-a-circle", reply, way=reply.circle)
    if reply.stage == "answered" and moved:
        return redirected(network, facts, goal, reply)
    if reply.stage == "answered" and is_moved_to_tls(reply):
        return to_tls(network, facts, goal, reply)
    if reply.status == 429:
        return fault(network, facts, goal, "hf-rate-limited", reply, wait=reply.wait or "?")
    if reply.status >= 500 and reply.status != 511:
        return fault(network, facts, goal, "hub-mirror-5xx", reply)
    if name and not reply.via and misled(name):
        return led_astray(network, facts, goal, name, reply)
    if reply.tls_code:
        return certificate(network, facts, goal, reply)
    return fault(network, facts, goal, in_general(network), reply)


def fault(network: Network, facts: Facts, goal: Goal, name: str, reply: Reply, **more: str) -> Finding:
    return found(
        "network",
        name,
        severity=severity(network, facts, goal),
        commands=remedy(network, name),
        url=host_of(network.endpoint),
        said=said_of(reply),
        others=said_by(a for a in network.answers if a.kind == "hub") or "-",
        **more,
    )


def said_of(reply: Reply) -> str:
    through = f" (proxy {reply.via})" if reply.via else ""
    if reply.stage == "answered" and reply.status < 500 and not reply.from_hub:
        return f"HTTP {reply.status}, no X-Repo-Commit{through}"
    return f"{reply.said}{through}"


def severity(network: Network, facts: Facts, goal: Goal) -> Severity:
    """An endpoint that the person set and that is dead stops every download. Else setup finds another source."""
    if network.endpoint_source == "HF_ENDPOINT":
        return "info" if network.offline_flag and not wanting(network, facts, goal) else "fail"
    if not wanting(network, facts, goal) or (answering(network) and not goal.foreign):
        return "info"
    return "warn"


def answering(network: Network) -> list[str]:
    """The other sources of models that answer, the official one first."""
    urls = [a.url for a in network.answers if a.kind == "hub" and a.seconds is not None]
    return sorted(urls, key=lambda url: host_of(url) != host_of(network.official))


def remedy(network: Network, name: str) -> tuple[tuple[str, ...], ...] | None:
    """Another source that answers here and now is better advice than any that is written down."""
    good = answering(network)
    if name == "hf-rate-limited":
        return None
    if good and host_of(good[0]) == host_of(network.official):
        return (("unset", "HF_ENDPOINT"),)
    if good:
        return (("export", f"HF_ENDPOINT={good[0]}"),)
    return (("source", "/etc/network_turbo"),) if network.turbo else None


# --- a mirror that sends its visitors back -----------------------------------------------------------


def official_elsewhere(network: Network, reply: Reply) -> bool:
    """A redirect to the official Hub, from a host that is not it."""
    target = bare_host(reply.location) if reply.location else ""
    return 300 <= reply.status < 400 and target in homes(network) and bare_host(network.endpoint) != target


def redirected(network: Network, facts: Facts, goal: Goal, reply: Reply) -> Finding | None:
    version = version_of(facts, "huggingface-hub")
    direct = any(host_of(url) == host_of(network.official) for url in answering(network))
    if version is not None and version >= FOLLOWS and direct:
        return None
    return fault(
        network,
        facts,
        goal,
        "hf-mirror-308-redirects-to-hub",
        reply,
        status=str(reply.status),
        target=reply.location,
        version=str(version or "?"),
    )


def to_tls(network: Network, facts: Facts, goal: Goal, reply: Reply) -> Finding:
    right = network.endpoint.replace("http://", "https://", 1)
    return found(
        "network",
        "hf-endpoint-moved-to-https",
        severity=severity(network, facts, goal),
        commands=(("export", f"HF_ENDPOINT={right}"),),
        url=network.endpoint,
        status=reply.status,
        target=reply.location,
        right=right,
    )


# --- names and certificates --------------------------------------------------------------------------


def misled(name: Name) -> list[str]:
    """The addresses that no public Hub can have."""
    return [address for address in name.addresses if name.pinned or impossible(address)]


def impossible(address: str) -> bool:
    try:
        place = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:  # this machine's own public address, hidden in facts
        return False
    nets = (ipaddress.ip_network(net) for net in SINKHOLES)
    return not place.is_global or any(place in net for net in nets)


def led_astray(network: Network, facts: Facts, goal: Goal, name: Name, reply: Reply) -> Finding:
    why = "hosts-file-pins-hub" if name.pinned else "dns-poisoned"
    others = bool(answering(network)) and not goal.foreign
    idle = not wanting(network, facts, goal) or (others and not name.pinned)
    return found(
        "network",
        why,
        severity="info" if idle and network.endpoint_source != "HF_ENDPOINT" else None,
        commands=None if name.pinned else remedy(network, why),
        host=name.host,
        addresses=name.addresses[:3],
        said=said_of(reply),
    )


def certificate(network: Network, facts: Facts, goal: Goal, reply: Reply) -> Finding:
    issuer = next((c.issuer for c in network.certificates if c.host == bare_host(reply.url)), "?")
    return fault(network, facts, goal, "tls-certificate-bad", reply, issuer=issuer)


# --- token and gates ---------------------------------------------------------------------------------


def token(network: Network) -> Iterator[Finding]:
    reply = network.reply("whoami")
    if reply and reply.status == 401:
        variable = network.token_source.isupper()
        commands = (("unset", network.token_source),) if variable else (("hf", "auth", "login"),)
        yield found(
            "network",
            "hf-token-invalid",
            source=network.token_source,
            host=host_of(reply.url),
            commands=commands,
        )


def role(network: Network, facts: Facts) -> Iterator[Finding]:
    """Reading is all that most people need; it matters where their code writes to the Hub."""
    if network.token_role == "read":
        pushes = facts.packages.sources.pushes if isinstance(facts.packages, Packages) else ()
        yield found(
            "network",
            "hf-token-read-only",
            severity="warn" if pushes else "info",
            source=network.token_source,
            places=[f"{use.file}:{use.line} {use.what}" for use in pushes[:3]] or "-",
        )


def gated(network: Network) -> Iterator[Finding]:
    closed = [reply.name for reply in network.replies if reply.error_code == "GatedRepo" and reply.name]
    if closed:
        has_token = network.token_source or "-"
        yield found("network", "hf-gated-repo", models=closed, model=closed[0], token=has_token)


def gone(network: Network) -> Iterator[Finding]:
    """A wanted model that its host does not know, at least not at the commit of the manifest."""
    unknown = ("RepoNotFound", "RevisionNotFound", "EntryNotFound")
    lost = [reply for reply in network.replies if reply.kind == "model" and reply.error_code in unknown]
    if lost:
        names = tuple(f"{reply.name} ({reply.error_code})" for reply in lost)
        yield found("network", "hf-model-gone", model=lost[0].name, models=names, host=host_of(lost[0].url))
