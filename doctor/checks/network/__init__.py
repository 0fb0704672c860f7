"""Is there a way to what a course needs, and if not, what is the one thing that stands in it?

`roots` finds what silences everything. What it explains is still said, as its consequence; but where being without
a network is no fault (all is cached, or the person switched the Hub off), its consequences are none either.
"""

from __future__ import annotations

from collections.abc import Iterator

from doctor.checks.network.flaws import flaw_findings
from doctor.checks.network.hub import hub_findings
from doctor.checks.network.links import certificate_findings, first_use_findings, link_findings
from doctor.checks.network.packages import package_findings
from doctor.checks.network.pins import pins
from doctor.checks.network.roots import root_cause
from doctor.checks.network.settings import setting_findings
from doctor.facts import Facts, Network
from doctor.finding import Finding
from doctor.goal import Goal


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    network = facts.network
    assert isinstance(network, Network)
    yield from flaw_findings(network, facts)
    yield from link_findings(network)
    yield from certificate_findings(network)
    root = root_cause(network, facts, goal)
    if root:
        yield root
    yield from setting_findings(network, facts)
    if network.asked and (root is None or root.severity != "info"):
        yield from hub_findings(network, facts, goal, root)
        yield from package_findings(network, facts, goal)
    if network.asked and root is None:  # else they are silent like all others
        yield from first_use_findings(network)
        yield from pins(network)
