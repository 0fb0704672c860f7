"""Which sources answer? Silence is worth knowing, and no fault of the machine by itself."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.facts import Facts, Network, said_by
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.text import Text, both

WHAT = {
    "hub": Text("the Hugging Face Hub and its mirrors", "Hugging Face Hub 及其镜像"),
    "conda_installer": Text("the Miniconda hosts", "Miniconda 下载站"),
    "conda_channel": Text("the conda-forge hosts", "conda-forge 频道"),
}


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    network = facts.network
    assert isinstance(network, Network)
    for kind, what in WHAT.items():
        answers = [answer for answer in network.answers if answer.kind == kind]
        if answers and all(answer.seconds is None for answer in answers):
            yield Finding(
                id=f"network-{kind.replace('_', '-')}-silent",
                area="network",
                severity="info",
                title=Text(f"{what.en}: none answers", f"{what.zh}：均无响应"),
                evidence=both(said_by(answers)),
                cause=Text(
                    "no route, a firewall, or a proxy that is not set", "没有路由、被防火墙拦截，或未设置代理"
                ),
            )
