"""The proof as one process, and as a process for each pipeline, which is what a row of notebooks comes to."""

from __future__ import annotations

import shlex
from pathlib import Path

import msgspec

from benchmarks.measure import Case
from benchmarks.place import Place
from doctor.goal.settings import resolve
from doctor.probes.smoke import report_path

TITLE = "Running every pipeline of the lecture"
ABOUT = "The same script and the same models, in one process or in one for each pipeline."
TIMES, WARM = 3, True


def cases(place: Place) -> tuple[Case, ...]:
    spec = report_path(resolve({})).with_suffix(".spec.json")
    script = str(Path(place.root, "scripts/smoke_test.py"))
    one = (place.target, script, "--spec", str(spec))
    tasks = [entry["task"] for entry in msgspec.json.decode(spec.read_bytes())["tasks"]]
    each = " && ".join(shlex.join((*one, "--task", task)) for task in dict.fromkeys(tasks))
    environ, folder = place.environ, place.root
    return (
        Case(name="all in one process", argv=one, environ=environ, folder=folder),
        Case(name="one process each", argv=("sh", "-c", each), environ=environ, folder=folder, bar=0.5),
    )
