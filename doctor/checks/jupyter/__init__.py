"""JupyterLab: is ours as wanted, and does the person's own do what they asked of it, for them alone?

Our server reads none of the person's configuration, so beside it theirs can only bother (a warning). In an environment of
the person's own (goal.foreign) their Jupyter is what is judged, and ours is not asked for.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from doctor.catalogue import found
from doctor.checks.jupyter import (
    around,
    classic,
    configs,
    course,
    front,
    hub_env,
    kernels,
    names,
    servers,
    stores,
    tunnels,
    widgets,
)
from doctor.facts import Facts, Jupyter
from doctor.finding import Finding
from doctor.goal import Goal


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    jupyter = facts.jupyter
    assert isinstance(jupyter, Jupyter)
    if not goal.foreign:
        yield from course.check(jupyter, goal)
        yield from map(_milder, _beside_ours(jupyter, facts, goal))
        return
    yield from configs.check(jupyter, facts)
    yield from kernels.check(jupyter, goal)
    yield from servers.check(jupyter, facts, goal)
    yield from around.check(jupyter, facts)
    yield from classic.check(facts, goal)
    yield from front.check(jupyter, goal)
    yield from stores.check(jupyter)
    yield from names.check(jupyter, facts)
    yield from widgets.check(jupyter, facts, goal)
    yield from hub_env.check(jupyter)
    yield from tunnels.check(jupyter, goal)


def _beside_ours(jupyter: Jupyter, facts: Facts, goal: Goal) -> Iterator[Finding]:
    """What of the person's own matters on a machine that setup made."""
    if jupyter.person_configs:
        yield found("jupyter", "jupyter-person-config", files=jupyter.person_configs)
    yield from configs.broken(jupyter)
    yield from kernels.each(jupyter)
    yield from servers.exposed(jupyter, facts)
    yield from servers.full(jupyter)
    yield from around.startup(jupyter)
    yield from front.check(jupyter, goal)
    yield from stores.check(jupyter)
    yield from names.check(jupyter, facts)
    yield from hub_env.check(jupyter)
    yield from tunnels.check(jupyter, goal)


def _milder(finding: Finding) -> Finding:
    """Only an open door is as bad beside our server as without it."""
    if finding.severity == "fail" and finding.id != "jupyter-exposed-without-password":
        return msgspec.structs.replace(finding, severity="warn")
    return finding
