"""Kernels of a person, really broken: each time the doctor names that, and nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.jupyter.patient import add_kernel, look, spec_of

pytestmark = pytest.mark.target


def test_kernels_of_several_environments_are_fine(
    person: dict[str, str], target_python: str, empty_env: Path
) -> None:
    next(empty_env.glob("lib/python3*/site-packages")).joinpath("ipykernel").mkdir()
    add_kernel(person, "plain", spec_of(empty_env / "bin/python", "Python (statistics)"))
    add_kernel(person, "hf", spec_of(target_python))
    add_kernel(person, "bare", spec_of("python3"))
    add_kernel(person, "bash", {"argv": ["bash"], "display_name": "Bash", "language": "bash"})
    assert look(person).complaints == []


def test_a_kernel_of_an_environment_that_is_gone(person: dict[str, str], home: Path) -> None:
    path = add_kernel(person, "old", spec_of(home / "miniconda3/envs/old/bin/python"))
    said = look(person)
    assert said.failed == ["jupyter-stale-kernelspec"]
    assert ["jupyter", "kernelspec", "remove", "old"] in said.of("jupyter-stale-kernelspec")["remedy"][
        "commands"
    ]
    shutil.rmtree(path.parent)
    assert look(person).complaints == []


def test_a_kernel_json_that_was_cut_short(person: dict[str, str]) -> None:
    add_kernel(person, "hf", '{"argv": ["python", "-m"')
    assert look(person).failed == ["jupyter-kernelspec-broken"]


def test_a_kernel_without_ipykernel(person: dict[str, str], empty_env: Path) -> None:
    add_kernel(person, "mine", spec_of(empty_env / "bin/python"))
    assert look(person).failed == ["jupyter-kernel-without-ipykernel"]


@pytest.mark.parametrize("named", [True, False], ids=["by its name", "by default"])
def test_the_kernel_is_another_python(person: dict[str, str], empty_env: Path, named: bool) -> None:
    next(empty_env.glob("lib/python3*/site-packages")).joinpath("ipykernel").mkdir()
    name = Path(person["TARGET"]).name if named else "python3"
    add_kernel(person, name, spec_of(empty_env / "bin/python", "Python 3"))
    # Without it the environment's own kernel comes first, and all is well.
    first = {} if named else {"JUPYTER_PREFER_ENV_PATH": "0"}
    said = look({**person, **first})
    assert said.failed == ["jupyter-kernel-is-another-python"]
    if not named:
        assert look(person).complaints == []


def test_a_kernel_with_the_home_of_a_python_that_is_gone(person: dict[str, str]) -> None:
    python = f"{person['TARGET']}/bin/python"
    path = add_kernel(person, "old", {**spec_of(python), "env": {"PYTHONHOME": "/opt/python3.9"}})
    said = look(person)
    assert said.failed == ["jupyter-kernel-pythonhome"]
    env = {**person, "PYTHONHOME": "/opt/python3.9"}
    assert (
        b"No module named 'encodings'"
        in subprocess.run([python, "-c", ""], env=env, capture_output=True).stderr
    )
    path.write_text(json.dumps({**spec_of(python), "env": {"PYTHONHOME": sys.base_prefix, "A": "$B"}}))
    assert look(person).complaints == []


@pytest.mark.parametrize("slip", ["mark", "connection"])
def test_a_kernel_that_jupyter_cannot_start(person: dict[str, str], slip: str) -> None:
    spec = spec_of(f"{person['TARGET']}/bin/python")
    if slip == "connection":
        spec["argv"] = [f"{person['TARGET']}/bin/python", "-m", "ipykernel_launcher"]
    path = add_kernel(person, "mine", spec)
    if slip == "mark":
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert look(person).failed == ["jupyter-kernelspec-broken"]
