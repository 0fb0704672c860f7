"""The proof as a step: started ahead, and told to go on, with the real script in an environment that has nothing to prove."""

from __future__ import annotations

from bootstrap import process
from bootstrap.steps import smoke
from doctor.goal import Goal
from doctor.probes.smoke import report_path
from tests.work import make_venv, make_work


def test_the_run_goes_on_with_what_was_prepared(goal: Goal, uv: str) -> None:
    make_venv(goal, uv)
    work = make_work(goal)
    smoke.prepare(work)
    (ahead,) = process._ahead.values()
    assert not report_path(goal).exists(), "it waits to be told"
    done = smoke.prove(work)
    assert not process._ahead
    assert done.code == ahead.returncode == 1, "one program, which found no torch"
    assert report_path(goal).is_file()


def test_without_a_preparation_it_runs_all_the_same(goal: Goal, uv: str) -> None:
    make_venv(goal, uv)
    work = make_work(goal)
    assert smoke.prove(work).code == 1
    assert report_path(goal).is_file()
