"""Where packages come from: the indexes of pip and uv, and the channels of conda."""

from __future__ import annotations

import re
from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.network.judge import bare_host
from doctor.facts import Conda, Facts, Gpu, Network, Python, Unknown, said_by
from doctor.facts.network import Channel, Index, Reply
from doctor.finding import Finding, Severity
from doctor.goal import Goal
from doctor.text import Text

NO_INDEX = Text("HTTP 200, and what came is no page of an index", "HTTP 200，但返回的不是索引页面")
CPU_INDEX = re.compile(r"/whl/cpu/?$")
WHAT = {
    "conda_installer": "network-conda-installer-silent",
    "conda_channel": "network-conda-channel-silent",
}


def package_findings(network: Network, facts: Facts, goal: Goal) -> Iterator[Finding]:
    for index in network.indexes:
        if index.whole:
            yield _lacks_end(index, network)
        elif refused(index, network):
            yield of_index("pip-index-refuses", index)
        elif asks_for_login(index):
            yield of_index("pip-index-refuses", index, "warn")
        elif index.reply and index.reply.circle:
            yield of_index("pip-index-redirects-in-a-circle", index, "warn" if index.extra else None)
        elif is_dead(index, network):
            yield from pinned(index, network)
            yield dead(index)
        elif index.files:
            slow = index.files.endswith(("timed out", "no answer in time"))
            yield of_index("pip-index-files-unreachable", index, "warn" if slow else None)
        elif index.listed is False or index.mismatch:
            yield other_content(index)
    yield from silent_hosts(network, facts, goal)
    yield from channels(network, facts, goal)


# --- pip and uv --------------------------------------------------------------------------------------


def is_dead(index: Index, network: Network) -> bool:
    """An index that asks for a login is there. One that lacks a package is dead if it is the only one."""
    reply = index.reply
    if reply is None:
        return False
    if reply.stage != "answered" or reply.status >= 500:
        return True
    return (reply.status in (404, 410) or index.not_an_index) and is_needed(index, network)


def is_needed(index: Index, network: Network) -> bool:
    """No other one can stand in for it."""
    others = (other for other in network.indexes if other is not index and not other.not_an_index)
    return not index.extra and not any(other.reply and other.reply.status == 200 for other in others)


def refused(index: Index, network: Network) -> bool:
    """It is there and lets nobody in from here. A login that only pip knows where to find was not tried.

    Beside another one an index may say 403 of a package that it does not have.
    """
    tried = index.login in ("none", "address")
    return bool(index.reply and index.reply.status in (401, 403, 451) and tried and is_needed(index, network))


def asks_for_login(index: Index) -> bool:
    """pip asks for a name and a password at each package, whatever other indexes there are, and waits."""
    tried = index.login in ("none", "address")
    return bool(index.extra and tried and index.reply and index.reply.status == 401)


def _lacks_end(index: Index, network: Network) -> Finding:
    assert index.reply
    login = "USER:PASSWORD@" if index.login == "address" else ""
    address = index.whole.replace("://", f"://{login}", 1)
    if index.source.isupper():
        lines: tuple[tuple[str, ...], ...] = (("export", f"{index.source}={address}"),)
    elif index.source.endswith(".toml"):
        lines = (("$EDITOR", index.source),)
    else:
        lines = (("pip", "config", "set", f"global.{index.setting}", address),)
    return found(
        "network",
        "pip-index-lacks-its-end",
        severity="fail" if is_needed(index, network) else "warn",
        url=index.url,
        whole=index.whole,
        source=index.source,
        setting=index.setting,
        said=index.reply.said,
        commands=lines,
    )


def of_index(name: str, index: Index, severity: Severity | None = None) -> Finding:
    assert index.reply
    return found(
        "network",
        name,
        severity=severity,
        url=index.url,
        source=index.source,
        setting=index.setting,
        said=index.files or index.reply.said,
        commands=undo(index),
    )


def pinned(index: Index, network: Network) -> Iterator[Finding]:
    """A line of the hosts file leads to where nothing answers."""
    name = next((one for one in network.names if one.host == bare_host(index.url)), None)
    if name and name.pinned and index.reply and index.reply.stage in ("connect", "late", "http", "tls"):
        yield found(
            "network",
            "hosts-file-pins-index",
            host=name.host,
            addresses=name.addresses[:3],
            said=index.reply.said,
        )


def dead(index: Index) -> Finding:
    assert index.reply
    return found(
        "network",
        "pip-mirror-dead",
        severity="warn" if index.extra else None,
        url=index.url,
        source=index.source,
        setting=index.setting,
        said=NO_INDEX if index.not_an_index else index.reply.said,
        commands=undo(index),
    )


def undo(index: Index) -> tuple[tuple[str, ...], ...]:
    if index.source.isupper():
        return (("unset", index.source),)
    if index.source.endswith(".toml"):
        return (("$EDITOR", index.source),)
    return (("pip", "config", "unset", f"global.{index.setting}"),)


def other_content(index: Index) -> Finding:
    seen = Text(f"{index.witness} is not listed", f"未列出 {index.witness}")
    if index.mismatch:
        seen = Text(
            f"{index.witness}: other bytes ({index.mismatch})",
            f"{index.witness}：内容不符（{index.mismatch}）",
        )
    return found(
        "network",
        "pip-mirror-stale-or-hash-mismatch",
        severity="fail" if index.mismatch else None,
        url=index.url,
        source=index.source,
        seen=seen,
    )


def pinned_to_cpu(network: Network, facts: Facts) -> Iterator[Finding]:
    """On a machine without a GPU it is what one wants."""
    for index in network.indexes:
        if CPU_INDEX.search(index.url) and has_gpu(facts):
            yield found(
                "network",
                "pip-index-pinned-to-cpu",
                url=index.url,
                source=index.source,
                setting=index.setting,
                commands=undo(index),
            )
            return


def has_gpu(facts: Facts) -> bool:
    gpu = facts.gpu
    if not isinstance(gpu, Gpu):
        return False
    return bool(gpu.pci) or bool(gpu.devices and not isinstance(gpu.devices, Unknown))


# --- conda -------------------------------------------------------------------------------------------


def silent_hosts(network: Network, facts: Facts, goal: Goal) -> Iterator[Finding]:
    """Worth knowing where conda is to be installed; setup does without, and so does an environment that is there."""
    there = isinstance(facts.python, Python) and facts.python.state == "complete"
    if there and goal.manager != "conda":
        return
    for kind, name in WHAT.items():
        answers = [answer for answer in network.answers if answer.kind == kind]
        if answers and all(answer.seconds is None for answer in answers):
            yield found("network", name, said=said_by(answers))


def channels(network: Network, facts: Facts, goal: Goal) -> Iterator[Finding]:
    """Settings of a conda that is not there are nobody's trouble."""
    if not isinstance(facts.conda, Conda) or all(i.state != "complete" for i in facts.conda.installs):
        return
    gone = [channel for channel in network.channels if channel.reply.status in (404, 410)]
    silent = [channel for channel in network.channels if is_silent(channel.reply)]
    for name, those in (("conda-channel-404", gone), ("conda-channel-unreachable", silent)):
        if those:
            yield of_channels(name, those, needed(facts, goal))
    empty = [channel for channel in network.channels if channel.nothing_for]
    if empty:
        yield found(
            "network",
            "conda-channel-lacks-platform",
            channels=[channel.name for channel in empty],
            platform=empty[0].nothing_for,
        )


def is_silent(reply: Reply) -> bool:
    """No answer, a refusal, or a web page in place of a list of packages."""
    refused = bool(reply.circle) or reply.status >= 500 or reply.status in (401, 403, 407, 429, 451)
    return reply.stage != "answered" or refused or (reply.status == 200 and reply.html)


def of_channels(name: str, those: list[Channel], severity: Severity) -> Finding:
    return found(
        "network",
        name,
        severity=severity,
        channels=[channel.reply.url for channel in those],
        sources=sorted({channel.source for channel in those}),
        said=those[0].reply.said,
        commands=tuple(
            ("conda", "config", "--file", c.source, "--remove", "channels", c.name) for c in those
        ),
    )


def needed(facts: Facts, goal: Goal) -> Severity:
    """An environment that conda did not make does without it."""
    own = not goal.foreign and goal.manager != "conda"
    other = isinstance(facts.python, Python) and facts.python.kind not in ("conda", None)
    return "warn" if own or (goal.foreign and other) else "fail"
