"""The person's notebooks and scripts, read as text: which pipelines, arguments and settings they use.

Bounded in number, size, depth and time; hidden folders, environments and what is no plain text file are left out.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping

from doctor.facts import Sources
from doctor.goal import Goal
from doctor.probes.sources import calls, loads
from doctor.probes.sources.locales import locales
from doctor.probes.sources.questions import arguments, chats, late_settings, lost_exports, shadows, tasks
from doctor.probes.sources.reading import at_start, read

BROKEN = 20  # notebooks that are told of


def scan(goal: Goal, installed: Mapping[str, str]) -> Sources:
    """What the person's code in the notebook folder, and where they stand now, asks for."""
    with warnings.catch_warnings():  # of the person's code, as of '\d' in a plain string
        warnings.simplefilter("ignore")
        found, broken = read(goal)
        first = at_start()
    return Sources(
        files=len(found),
        broken=tuple(broken[:BROKEN]),
        tasks=tuple(use for code in found for use in tasks(code)),
        arguments=tuple(use for code in found for use in arguments(code)),
        chats=tuple(use for code in found for use in chats(code)),
        late_endpoint=tuple(use for code in found for use in late_settings(code)),
        datasets=tuple(use for code in found for use in loads.datasets(code)),
        pushes=tuple(use for code in found for use in loads.pushes(code)),
        sounds=tuple(use for code in found for use in calls.sounds(code)),
        inference=tuple(use for code in found for use in calls.inference(code)),
        hidden=tuple(use for code in found for use in loads.hidden(code)),
        lost_exports=tuple(use for code in found for use in lost_exports(code)),
        locales=tuple(use for code in (*first, *found) for use in locales(code)),
        shadows=tuple(shadows(found, goal, installed)),
    )
