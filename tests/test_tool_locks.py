"""The locks: complete, hashed, free of addresses, and following from their inputs."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]


def locked(name: str) -> dict[str, list[str]]:
    """The requirement lines of a lock, with their hashes."""
    text = (ROOT / f"configs/locks/{name}.txt").read_text()
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
    return {
        line.split(" --hash=")[0].strip(): re.findall(r"--hash=sha256:([0-9a-f]{64})\b", line)
        for line in lines
    }


def check(root: Path) -> subprocess.CompletedProcess[str]:
    command = ["sh", str(root / "scripts/lock.sh"), "--check"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


@pytest.mark.parametrize("name", ["tool", "dev"])
def test_every_line_is_one_version_with_hashes(name: str) -> None:
    requirements = locked(name)
    assert len(requirements) > 10
    for line, hashes in requirements.items():
        specifiers = list(Requirement(line).specifier)
        assert [s.operator for s in specifiers] == ["=="] and hashes, line


@pytest.mark.parametrize("name", ["tool", "dev"])
def test_no_address_is_in_a_lock(name: str) -> None:
    assert "://" not in (ROOT / f"configs/locks/{name}.txt").read_text()


def test_the_tests_run_with_the_tool_s_own_versions() -> None:
    assert set(locked("tool")) <= set(locked("dev"))


def test_the_locks_follow_from_pyproject() -> None:
    done = check(ROOT)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "old, new, stale",
    [
        ('"click>=8.1"', '"click>=8.2"', ["tool", "dev"]),
        ('"ruff>=0.8"', '"ruff>=0.9"', ["dev"]),
        ("line-length = 110", "line-length = 100", []),
    ],
)
def test_a_stale_lock_is_named(old: str, new: str, stale: list[str], tmp_path: Path) -> None:
    for folder in ("scripts", "configs"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    text = (ROOT / "pyproject.toml").read_text()
    assert old in text
    (tmp_path / "pyproject.toml").write_text(text.replace(old, new))
    done = check(tmp_path)
    assert done.returncode == (1 if stale else 0)
    assert [line.split("/")[2].split(".")[0] for line in done.stderr.splitlines()] == stale
