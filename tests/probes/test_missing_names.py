"""Whose text is read: what the lock pins is proven together, torch with it, and costs nothing."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from doctor.goal import Goal
from doctor.probes.packages import _missing_names
from doctor.probes.packages.metadata import read_all
from tests.faults.dists import install, site_of


@pytest.mark.parametrize(
    ("wanted", "named"),
    [
        ({"peft": "1.0", "transformers": "5.0"}, []),
        ({"peft": "1.0", "transformers": "4.9"}, ["peft"]),
        ({"peft": "0.9", "transformers": "5.0"}, ["peft"]),
        ({}, ["peft"]),
    ],
)
def test_only_what_is_not_as_the_lock_has_it_is_read(
    tmp_path: Path, goal: Goal, wanted: dict[str, str], named: list[str]
) -> None:
    env = tmp_path
    (env / "lib/python3.11/site-packages").mkdir(parents=True)
    install(env, "transformers", "5.0")
    install(env, "torch", "2.13.0+cpu")
    install(
        env,
        "peft",
        "1.0",
        {"peft.py": "from transformers import Gone\n"},
        requires=["transformers", "torch"],
    )
    site = site_of(env)
    mine = [dist for dist in read_all(site)[0] if dist.name in ("peft", "transformers", "torch")]
    found = _missing_names(mine, site, (), wanted, msgspec.structs.replace(goal, deep=False))
    assert [one.name for one in found] == named
