"""What silences everything: the first of these that is seen explains all that does not answer."""

from __future__ import annotations

from collections.abc import Callable

from doctor.catalogue import found
from doctor.checks.network.judge import all_replies, bare_host, homes, is_good, is_local, version_of, wanting
from doctor.checks.network.proxies import dead_proxy, login, malformed, nothing_forwarded
from doctor.facts import Facts, Network
from doctor.facts.network import CaFile, Certificate, Name, Reply
from doctor.finding import Finding, Severity
from doctor.goal import Goal
from doctor.text import Text

NOT_TRUSTED = (18, 19, 20, 21)  # OpenSSL: self-signed, no issuer, cannot verify
WRONG_DATE = (9, 10)  # not yet valid, expired
LATE = "no answer within"
OF_OTHERS = (
    "GIT_SSL_CAINFO",
    "AWS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
)  # neither httpx nor requests reads them
HANDSHAKE = "handshake operation timed out"  # OpenSSL's words, after a connection was made
BY_SUDO = Text("sudo clears the environment", "sudo 会清空环境变量")
BY_OTHERS = Text("this program was not started from such a shell", "本程序不是从该 shell 启动的")
SKEW = 300  # seconds that a clock may be off

Look = Callable[[Network, Facts, Goal], Finding | None]


def root_cause(network: Network, facts: Facts, goal: Goal) -> Finding | None:
    looks: tuple[Look, ...] = (
        ca_file,
        malformed,
        dead_proxy,
        login,
        nothing_forwarded,
        proxy_elsewhere,
        nothing_outside,
    )
    rest: tuple[Look, ...] = (
        no_name_server,
        first_server,
        names_not_asked_for,
        no_name,
        large_packets,
        portal,
        clock,
        untrusted,
    )
    seen = (look(network, facts, goal) for look in (*looks, *rest))
    return next((finding for finding in seen if finding), None)


# --- certificates that are not there -----------------------------------------------------------------


def ca_file(network: Network, facts: Facts, goal: Goal) -> Finding | None:
    return next((bundle(one) for one in network.ca_files if one.fault and not spared(one, facts)), None)


def spared(one: CaFile, facts: Facts) -> bool:
    """httpx (huggingface_hub 1 and later) and requests (before) each have variables of their own."""
    version = version_of(facts, "huggingface-hub")
    modern = version is not None and version.major >= 1
    if one.setting in OF_OTHERS:
        return True
    return one.setting.isupper() and one.setting.startswith("SSL_CERT_") != modern


def bundle(one: CaFile, severity: Severity | None = None) -> Finding:
    unset = (
        (("unset", one.setting),) if one.setting.isupper() else (("pip", "config", "unset", "global.cert"),)
    )
    return found(
        "network",
        "ca-bundle-missing",
        severity=severity,
        setting=one.setting,
        path=one.path,
        fault=one.fault,
        commands=unset,
    )


# --- no network, no names ----------------------------------------------------------------------------


def answered(network: Network) -> bool:
    """Did anything off this machine answer?"""
    replies = (reply for reply in (*network.replies, *all_replies(network)) if reply.stage == "answered")
    others = any(answer.seconds is not None and not is_local(answer.url) for answer in network.answers)
    return others or bool(network.outside) or any(not is_local(r.url) or r.via for r in replies)


def asked_outside(network: Network) -> bool:
    return any(not is_local(reply.url) for reply in network.replies)


def proxy_elsewhere(network: Network, facts: Facts, goal: Goal) -> Finding | None:
    """Nothing answers without a proxy, and a shell's file sets one that this program was not given."""
    if not network.shell_proxies or not network.asked or network.proxies or answered(network):
        return None
    if not asked_outside(network):
        return None
    again = (
        ("sudo", "-E", "make", "doctor") if network.sudo else ("bash", "-ilc", "make doctor")
    )  # else ~/.bashrc is passed over
    return found(
        "network",
        "proxy-not-handed-on",
        severity=None if wanting(network, facts, goal) else "info",
        commands=(again,),
        places=network.shell_proxies,
        how=BY_SUDO if network.sudo else BY_OTHERS,
    )


def large_packets(network: Network, facts: Facts, goal: Goal) -> Finding | None:
    """Several hosts take the connection, and of none comes an answer to the first large packets, those of TLS."""
    asked = [reply for reply in all_replies(network) if not is_local(reply.url) and not reply.via]
    silent = [reply for reply in asked if HANDSHAKE in reply.error]
    hosts = dict.fromkeys(bare_host(reply.url) for reply in silent)
    if len(hosts) < 2 or len(silent) < len(asked):
        return None
    mtu = next((link.mtu for link in network.links if link.default), None)
    return found(
        "network",
        "large-packets-lost",
        severity=None if wanting(network, facts, goal) else "info",
        commands=(("ip", "link", "set", "dev", _device(network), "mtu", "1400"),),
        hosts=list(hosts)[:3],
        mtu=mtu or "?",
    )


def _device(network: Network) -> str:
    return next((link.name for link in network.links if link.default), "eth0")


def nothing_outside(network: Network, facts: Facts, goal: Goal) -> Finding | None:
    """Proxies that take connections lead somewhere; what fails behind them is another matter."""
    if network.outside is None or answered(network) or not asked_outside(network):
        return None
    if any(way.error == "" for way in network.ways) or any(not proxy.error for proxy in network.proxies):
        return None
    seen = Text("no route leads off this machine", "没有通往外部的路由")
    if network.routes:
        seen = Text("a route exists, and no outside address answers", "有路由，但外部地址均无响应")
    return found(
        "network", "network-none", severity=None if wanting(network, facts, goal) else "info", seen=seen
    )


def nameless(network: Network) -> list[Name]:
    """The names that are needed and not found, where no name at all is found though packets do leave."""
    tried = [name for name in network.names if name.host != "localhost" and not name.pinned]
    lost = [name for name in tried if name.error]
    needed = [name for name in lost if name.host not in network.control_names]
    sure = len(needed) < len(lost) or any(name.silent for name in lost)
    return needed if network.outside and sure and len(lost) == len(tried) else []


def by_choice(network: Network, facts: Facts, goal: Goal) -> Severity | None:
    """Who works offline on purpose, with all that is wanted here, asks nobody for names."""
    return "info" if network.offline_flag and not wanting(network, facts, goal) else None


def no_name_server(network: Network, facts: Facts, goal: Goal) -> Finding | None:
    lost = nameless(network)
    if network.name_servers == 0 and lost:
        return found(
            "network", "resolv-conf-empty", severity=by_choice(network, facts, goal), host=lost[0].host
        )
    return None


def first_server(network: Network, facts: Facts, goal: Goal) -> Finding | None:
    """Names come late or not at all, and of the name servers the first is silent while another answers."""
    late = any(reply.stage == "name" and LATE in reply.error for reply in all_replies(network))
    servers = network.resolvers
    if not late or not servers or servers[0].answers or not any(one.answers for one in servers):
        return None
    return found(
        "network",
        "name-server-first-silent",
        severity=by_choice(network, facts, goal),
        silent=servers[0].address,
        good=next(one.address for one in servers if one.answers),
    )


def names_not_asked_for(network: Network, facts: Facts, goal: Goal) -> Finding | None:
    """/etc/nsswitch.conf names no source that asks a name server."""
    lost, order = nameless(network), network.name_order
    if not lost or not order or {"dns", "resolve"} & set(order):
        return None
    severity = by_choice(network, facts, goal)
    return found(
        "network", "nsswitch-without-dns", severity=severity, order=" ".join(order), host=lost[0].host
    )


def no_name(network: Network, facts: Facts, goal: Goal) -> Finding | None:
    lost = nameless(network)
    if lost:
        hosts, error = [name.host for name in lost[:3]], lost[0].error
        severity = by_choice(network, facts, goal)
        return found("network", "dns-broken", severity=severity, hosts=hosts, error=error)
    return None


# --- somebody in between, and time -------------------------------------------------------------------


def portal(network: Network, facts: Facts, goal: Goal) -> Finding | None:
    """A web page, or another host, where the Hub should be. With another Hub at hand it is that mirror's own fault."""
    reply, plain = network.reply("hub"), network.reply("plain")
    if (
        reply is None
        or is_good(reply)
        or any(a.kind == "hub" and a.seconds is not None for a in network.answers)
    ):
        return None
    official = homes(network)
    for one in (reply, plain):
        if one and is_page(one, official) and (one is reply or bare_host(one.url) in official):
            seen = one.location or "HTML"
            return found("network", "captive-portal-html", url=one.url, status=one.status, seen=seen)
    return None


def is_page(reply: Reply, official: frozenset[str]) -> bool:
    if reply.stage != "answered" or reply.from_hub or reply.circle:
        return False
    elsewhere = bare_host(reply.location) if reply.location else ""
    moved = 300 <= reply.status < 400 and elsewhere not in official | {"", bare_host(reply.url)}
    return moved or reply.status == 511 or (reply.status == 200 and reply.html)


def clock(network: Network, facts: Facts, goal: Goal) -> Finding | None:
    """An expired certificate of a host whose clock agrees with ours is that host's fault."""
    skew = network.clock_skew
    if skew is None or abs(skew) <= SKEW:
        return None
    refused = [reply for reply in all_replies(network) if reply.tls_code in WRONG_DATE]
    fooled = any(holds(one, one.seen_at - skew) for one in network.certificates)
    return wrong_time(skew, refused[0].error) if refused and fooled else None


def wrong_time(skew: float, error: str, severity: Severity | None = None) -> Finding:
    side = Text("ahead", "快") if skew > 0 else Text("behind", "慢")
    return found(
        "network", "tls-clock-skew", severity=severity, skew=amount(abs(skew)), side=side, error=error
    )


def holds(certificate: Certificate, moment: float) -> bool:
    return certificate.not_before <= moment <= certificate.not_after


def amount(seconds: float) -> str:
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 72 * 3600 else f"{seconds / 86400:.0f} d"


def untrusted(network: Network, facts: Facts, goal: Goal) -> Finding | None:
    for reply in all_replies(network):
        if reply.tls_code in NOT_TRUSTED:
            seen = next((c for c in network.certificates if c.host == bare_host(reply.url)), None)
            own = own_bundle(network, facts, reply) if seen and seen.by_system else None
            if seen and own:
                return too_little(own, seen)
            commands = None if seen and seen.by_system else (("update-ca-certificates",), *TRUST)
            return found(
                "network",
                "tls-corporate-ca",
                host=bare_host(reply.url),
                issuer=seen.issuer if seen else "?",
                error=reply.error,
                commands=commands,
            )
    return None


def own_bundle(network: Network, facts: Facts, reply: Reply) -> CaFile | None:
    """The person's certificates with which a host was refused that the machine's own accept."""
    hubs = reply.kind not in ("index", "extra_index", "channel")
    for one in (
        network.ca_files if hubs else reversed(network.ca_files)
    ):  # pip's own is the last, and wins for it
        of_requests = not one.setting.startswith("SSL_CERT_") and one.setting not in OF_OTHERS
        if not one.fault and (not spared(one, facts) if hubs else of_requests):
            return one
    return None


def too_little(one: CaFile, seen: Certificate) -> Finding:
    unset = ("unset", one.setting) if one.setting.isupper() else ("pip", "config", "unset", "global.cert")
    return found(
        "network",
        "ca-bundle-lacks-public",
        setting=one.setting,
        path=one.path,
        host=seen.host,
        issuer=seen.issuer,
        commands=(unset,),
    )


BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
TRUST = (("export", f"REQUESTS_CA_BUNDLE={BUNDLE}", f"SSL_CERT_FILE={BUNDLE}"),)
