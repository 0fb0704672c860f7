"""The shell that should know it."""

from __future__ import annotations

from pathlib import Path

from tests.conda_host import prefixes
from tests.conda_host.prefixes import write
from tests.faults.conda.patient import Patient


def test_a_shell_that_was_never_initialised(patient: Patient) -> None:
    (patient.home / ".bashrc").unlink()
    assert patient.said().complaints == ["conda-not-initialised"]


def test_a_shell_that_loads_conda_by_hand(patient: Patient) -> None:
    write(patient.home / ".bashrc", f". {patient.root}/etc/profile.d/conda.sh\n")
    assert patient.said().complaints == []


def test_a_block_of_a_conda_that_was_removed(patient: Patient) -> None:
    prefixes.initialise(patient.home, patient.home / "anaconda3")
    said = patient.said()
    assert (said.failed, said.complaints) == ([], ["conda-init-removed-install"])
    assert "conda init" in said.of("conda-init-removed-install")["evidence"]


def test_a_shell_whose_environment_was_removed(patient: Patient) -> None:
    active = prefixes.activated(patient.environ, patient.root, patient.root / "envs" / "gone")
    assert patient.said(**active).complaints == ["conda-variables-stale"]


def test_another_conda_first_on_path(patient: Patient) -> None:
    other = prefixes.install(patient.home / "miniconda3")
    said = patient.said(PATH=f"{other}/condabin:{patient.root}/condabin:/usr/bin:/bin")
    assert said.complaints == ["conda-other-first"]


def test_two_condas_are_no_fault(patient: Patient) -> None:
    prefixes.install(patient.home / "miniconda3")
    said = patient.said(PATH=f"{patient.root}/condabin:/usr/bin:/bin")
    assert said.complaints == [] and said.of("conda-several-installs")["severity"] == "info"


def test_an_active_environment_without_python(patient: Patient) -> None:
    empty = patient.root / "envs" / "empty"
    write(empty / "conda-meta" / "history", "==> now <==\n")
    active = prefixes.activated(patient.environ, patient.root, empty)
    assert patient.said(**active).complaints == ["conda-env-without-python"]


def test_conda_activated_over_a_virtual_environment(patient: Patient, empty_env: Path) -> None:
    active = prefixes.activated({**patient.environ, "VIRTUAL_ENV": str(empty_env)}, patient.root, patient.env)
    assert patient.said(**active).complaints == ["conda-and-venv-active"]
    over = {
        **active,
        "PATH": f"{empty_env}/bin:{active['PATH']}",
    }  # as most people have it: base below, venv above
    assert patient.said(**over).complaints == []


def test_a_pip_of_another_python(patient: Patient) -> None:
    write(patient.home / ".local/bin/pip", "#!/usr/bin/python3\n", 0o755)
    active = prefixes.activated(patient.environ, patient.root, patient.env)
    active["PATH"] = f"{patient.home}/.local/bin:{active['PATH']}"
    said = patient.said(**active)
    assert said.complaints == ["conda-pip-of-another-python"]
    assert "/bin/pip;" in said.of("conda-pip-of-another-python")["evidence"]
