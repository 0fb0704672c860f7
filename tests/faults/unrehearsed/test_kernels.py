"""Kernels that Jupyter lists or hides, and that do not start: each kind was tried with the real jupyter_client."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.unrehearsed.jupyter_like import Person, person_with_jupyter


@pytest.fixture
def person(home: Path, course_like: Path) -> Person:
    return person_with_jupyter(home, course_like)


def told(person: Person) -> list[str]:
    return [name for name in person.look().complaints if name != "torch-missing"]


@pytest.mark.parametrize(
    "more",
    [
        {"env": {"CUDA_VISIBLE_DEVICES": 0}},
        {"env": {"HF_TOKEN": None}},
        {"env": ["HF_HOME=/data"]},
        {"interrupt_mode": "SIGINT"},
        {"metadata": "none"},
        {"display_name": None},
    ],
)
def test_a_value_of_the_wrong_kind(person: Person, more: dict[str, object]) -> None:
    person.kernel(**more)
    assert told(person) == ["jupyter-kernelspec-broken"]


@pytest.mark.parametrize("module", ["ipykernel_laucher", "bash_kernel"])
def test_a_module_that_the_environment_does_not_have(person: Person, module: str) -> None:
    person.kernel(argv=[str(person.env / "bin/python"), "-m", module, "-f", "{connection_file}"])
    assert told(person) == ["jupyter-kernelspec-broken"]


@pytest.mark.parametrize(
    "program", ["~/env/bin/python", "$HOME/env/bin/python", "/usr/bin", "juliaup-of-old"]
)
def test_a_program_that_cannot_be_started(person: Person, program: str) -> None:
    person.kernel(argv=[program, "-m", "ipykernel_launcher", "-f", "{connection_file}"])
    assert told(person) == ["jupyter-stale-kernelspec"]


def test_a_program_of_another_language_is_missed_by_few(person: Person) -> None:
    person.kernel(argv=["julia-of-old", "{connection_file}"], language="julia")
    said = person.look()
    assert (said.failed, said.of("jupyter-stale-kernelspec")["severity"]) == ([], "warn")


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"env": {"CUDA_VISIBLE_DEVICES": "0"}, "metadata": {"debugger": True}, "interrupt_mode": "Message"},
        {"argv": ["sh", "-c", "exec python -m ipykernel -f {connection_file}"]},
        {"argv": ["{resource_dir}/run.sh", "{connection_file}"]},
    ],
)
def test_a_kernel_in_good_health(person: Person, more: dict[str, object]) -> None:
    person.kernel(**more)
    run = person.home / ".local/share/jupyter/kernels/course/run.sh"
    run.write_text("#!/bin/sh\n")
    run.chmod(0o755)
    assert told(person) == []
