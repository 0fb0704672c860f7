"""What is set in an unlucky way, and what is worth knowing of the way: none of it silences everything."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.network.judge import has, is_good
from doctor.checks.network.packages import pinned_to_cpu
from doctor.checks.network.proxies import socks_without_library
from doctor.checks.network.roots import SKEW, bundle, spared, wrong_time
from doctor.facts import Facts, Network
from doctor.facts.network import CaFile
from doctor.finding import Finding

# What talks to itself over HTTP on this machine, and does so through the proxy.
SELF_TALKERS = ("gradio", "gradio-client", "streamlit", "ray", "vllm", "fschat")
OF_AMAZON = ("botocore", "boto3", "awscli", "s3fs", "aiobotocore", "sagemaker")
SLOW = 1.0  # seconds lost at each connection


def setting_findings(network: Network, facts: Facts) -> Iterator[Finding]:
    yield from pinned_to_cpu(network, facts)
    yield from local_by_proxy(network, facts)
    yield from slow_family(network)
    yield from of_others(network, facts)
    yield from intercepted(network)
    yield from of_tools(network)
    socks = socks_without_library(network, facts)
    if socks:
        yield socks


def local_by_proxy(network: Network, facts: Facts) -> Iterator[Finding]:
    """JupyterLab does not mind."""
    names = [name for proxy in network.proxies for name in proxy.variables]
    plain = [name for name in names if name.lower() in ("http_proxy", "all_proxy")]
    if plain and len(network.unproxied) < 2 and has(facts, *SELF_TALKERS):
        yield found("network", "no-proxy-lacks-localhost", variables=plain, listed=network.unproxied or "-")


def of_others(network: Network, facts: Facts) -> Iterator[Finding]:
    """What does not stop the Hub, and will stop something else."""
    told = {one.path for one in network.ca_files if not spared(one, facts)}
    # stage 0 repeats pip's in a variable
    lost = [one for one in network.ca_files if one.fault and spared(one, facts) and one.path not in told]
    if lost:
        worst = min(lost, key=lambda one: is_idle(one, facts))
        yield bundle(worst, "info" if is_idle(worst, facts) else "warn")
        return
    reply, skew = network.reply("hub"), network.clock_skew
    if skew is not None and abs(skew) > SKEW and reply and is_good(reply):
        yield wrong_time(skew, "TLS: ok", "warn")


def is_idle(one: CaFile, facts: Facts) -> bool:
    """node says so and goes on without; of Amazon's programs there may be none."""
    return one.setting == "NODE_EXTRA_CA_CERTS" or (
        one.setting == "AWS_CA_BUNDLE" and not has(facts, *OF_AMAZON)
    )


def slow_family(network: Network) -> Iterator[Finding]:
    """IPv6 is tried first and its packets vanish. An immediate refusal costs nothing."""
    six = next((way for way in network.ways if way.family == "v6"), None)
    four = next((way for way in network.ways if way.family == "v4"), None)
    if six and four and six.error and six.seconds >= SLOW and not four.error:
        yield found(
            "network", "ipv6-broken", address=six.address, error=six.error, seconds=f"{six.seconds:.0f}"
        )


def of_tools(network: Network) -> Iterator[Finding]:
    """git, curl, wget and apt go through a proxy that is not there, whatever the variables say."""
    dead = [one for one in network.tool_proxies if one.error or one.fault]
    if dead:
        yield found(
            "network",
            "tool-proxy-dead",
            place=dead[0].place,
            sources=[name for one in dead for name in one.variables],
            said=dead[0].error or dead[0].fault,
            commands=tuple(give_up(name) for one in dead for name in one.variables),
        )


def give_up(source: str) -> tuple[str, ...]:
    file, of_git, key = source.partition(": ")
    if of_git and file.endswith((".gitconfig", ".config/git/config")):
        return ("git", "config", "--global", "--unset", key)
    return ("git", "config", "--system", "--unset", key) if of_git else ("$EDITOR", source)


def intercepted(network: Network) -> Iterator[Finding]:
    for certificate in network.certificates:
        if certificate.trusted:
            yield found("network", "tls-intercepted", host=certificate.host, issuer=certificate.issuer)
