"""JupyterLab from outside: the one that setup makes, and whatever the person has of their own."""

from __future__ import annotations

import msgspec

from doctor.facts import Jupyter
from doctor.goal import Goal
from doctor.lab.sockets import listening
from doctor.probes.jupyter.course import look
from doctor.probes.jupyter.person import look_at_person


def probe(goal: Goal) -> Jupyter:
    sockets = listening()
    course = look(goal, sockets)
    ours = course.server.pid if course.server else None
    return msgspec.structs.replace(course, **look_at_person(goal, ours, sockets))
