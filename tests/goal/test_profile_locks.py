"""Locks: complete, hashed, made from what the profiles say now, and naming no host."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bootstrap.relock import TORCH_FAMILY, stanzas
from doctor.goal.lockfile import LOCKS, inputs_digest, lock_path, pins, recorded_inputs, torch_lock_path
from doctor.goal.profile import load_profile, profile_names

CASES = [(name, python) for name in profile_names() for python in load_profile(name).pythons]


@pytest.mark.parametrize(("name", "python"), CASES)
def test_a_lock_is_made_from_the_profile_as_it_is_now(name: str, python: str) -> None:
    profile = load_profile(name)
    for path in (lock_path(name, python), torch_lock_path(name, python)):
        assert recorded_inputs(path) == inputs_digest(profile, python), f"{path.name} is stale: make lock"


@pytest.mark.parametrize(("name", "python"), CASES)
def test_every_requirement_is_pinned_and_satisfied(name: str, python: str) -> None:
    pinned = pins(lock_path(name, python), python)
    for line in load_profile(name).requirements:
        requirement = Requirement(line)
        version = pinned[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement} is locked to {version}"


@pytest.mark.parametrize("path", sorted(LOCKS.glob("*.txt")), ids=lambda path: path.name)
def test_every_pin_has_hashes_and_no_line_names_a_host(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert stanzas(text)
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}", stanza) for stanza in stanzas(text))
    assert "://" not in text
    assert "--index" not in text


@pytest.mark.parametrize(("name", "python"), CASES)
def test_torch_and_what_belongs_to_it_is_in_its_own_lock(name: str, python: str) -> None:
    rest = pins(lock_path(name, python), python)
    assert not [pin for pin in rest if TORCH_FAMILY.match(f"{pin}==")]
    family = pins(torch_lock_path(name, python), python)
    assert family["torch"] == load_profile(name).torch.version
    assert family["torchvision"] == load_profile(name).torch.companions["torchvision"]


def test_the_default_profile_can_run_the_lecture() -> None:
    """transformers 5 lacks pipelines that lecture 1 uses; 4.57 needs huggingface_hub 0.36."""
    for python in ("3.10", "3.11", "3.12"):
        pinned = pins(lock_path("llm-quickstart", python), python)
        assert pinned["transformers"].startswith("4.57.")
        assert pinned["huggingface-hub"].startswith("0.36.")
