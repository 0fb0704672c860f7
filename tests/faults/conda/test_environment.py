"""One environment, and machines where another manager is used."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.conda_host import prefixes
from tests.conda_host.prefixes import PYTHON, write
from tests.faults.conda.patient import Patient, in_namespace


def test_a_record_that_was_cut_short(patient: Patient) -> None:
    (record,) = patient.env.glob("conda-meta/libopus-*.json")
    record.write_text(record.read_text()[:20])
    said = patient.said()
    assert said.failed == said.complaints == ["conda-record-unreadable"]
    assert "libopus" in said.of("conda-record-unreadable")["title"]


def test_a_library_that_was_deleted(patient: Patient) -> None:
    (patient.env / "lib/libopus.so.0").unlink()
    said = patient.said()
    assert said.failed == said.complaints == ["conda-package-files-missing"]
    assert "libopus.so.0" in said.of("conda-package-files-missing")["evidence"]


def test_what_pip_replaced_and_images_clean_up_is_not_missed(patient: Patient) -> None:
    site = f"lib/python{PYTHON}/site-packages"
    replaced = [f"{site}/numpy/old_module.py", f"{site}/numpy-1.26.4.dist-info/RECORD", "bin/f2py"]
    prefixes.record(patient.env, "numpy", "1.26.4", "py312_0", replaced)
    prefixes.record(
        patient.env, "xz", "5.8.1", "h_0", ["lib/liblzma.a", f"lib/python{PYTHON}/test/x.py", "share/x"]
    )
    assert patient.said().findings == ()


def test_no_history(patient: Patient) -> None:
    (patient.env / "conda-meta" / "history").unlink()
    assert patient.said().complaints == ["conda-history-missing"]
    (patient.env / "conda-meta" / "history").touch()
    assert patient.said().complaints == []


def test_a_frozen_environment(patient: Patient) -> None:
    write(patient.env / "conda-meta" / "frozen", "")
    assert patient.said().complaints == ["conda-env-frozen"]


def test_an_environment_on_a_read_only_mount(patient: Patient) -> None:
    meta = patient.env / "conda-meta"
    read_only = f"mount --bind {meta} {meta} && mount -o remount,ro,bind {meta}"
    assert patient.said(*in_namespace(read_only)).complaints == ["conda-env-not-writable"]


def test_pip_set_to_the_home(patient: Patient) -> None:
    write(patient.home / ".config/pip/pip.conf", "[install]\nuser = true\n")
    assert patient.said().complaints == ["conda-pip-user"]
    assert patient.said(PIP_USER="0").complaints == []
    (patient.home / ".config/pip/pip.conf").unlink()
    assert patient.said(PIP_USER="1").complaints == ["conda-pip-user"]


def test_pins_that_forbid_what_is_there(patient: Patient) -> None:
    write(patient.env / "conda-meta" / "pinned", f"# mine\npython ={PYTHON}\nnumpy <3\n")
    assert patient.said().complaints == []
    write(patient.env / "conda-meta" / "pinned", "python 3.8.*\n")
    said = patient.said()
    assert said.complaints == ["conda-pins-other-versions"]
    assert "3.8" in said.of("conda-pins-other-versions")["evidence"]


@pytest.mark.parametrize("text", ["", "{", '{"env_vars": ["HF_HOME=/data"]}', "null", "\0" * 40])
def test_variables_that_conda_cannot_read(patient: Patient, text: str) -> None:
    state = patient.env / "conda-meta/state"
    write(state, '{"env_vars": {"HF_HOME": "/data"}}')
    assert patient.said().complaints == []
    write(state, text)
    said = patient.said()
    assert said.failed == said.complaints == ["conda-variables-unreadable"]
    assert str(state) in said.of("conda-variables-unreadable")["evidence"]


def test_variables_of_a_package_that_conda_cannot_read(patient: Patient) -> None:
    write(patient.env / "etc/conda/env_vars.d/gdal.json", '{"GDAL_DATA": "/x"')
    assert patient.said().failed == ["conda-variables-unreadable"]


def test_a_record_without_a_name(patient: Patient) -> None:
    (record,) = patient.env.glob("conda-meta/libopus-*.json")
    record.write_text("{}")
    assert patient.said().complaints == ["conda-record-unreadable"]


@pytest.mark.parametrize(
    "pin", ["<<<<<<< HEAD", "numpy >=", "numpy is pinned here", "\0\0\0", "torch>=2; python_version<'3'"]
)
def test_pins_that_conda_cannot_read(patient: Patient, pin: str) -> None:
    write(patient.env / "conda-meta/pinned", f"# mine\n{pin}\n")
    assert patient.said().complaints == ["conda-pins-unreadable"]


@pytest.mark.parametrize(
    "pin",
    [
        "numpy",
        "conda-forge::numpy 1.26.*",
        "numpy >=1.26, <3",
        "numpy=1.26.4=py312h_0",
        "libblas=*=*mkl",
        "libblas * *openblas",
        "numpy 1.8|1.8.1  # why",
        "numpy[version='>=1.26']",
        "pytorch=*=cuda*",
        "numpy ==1.26.4 py312_0",
        "python_abi 3.12.* *_cp312",
        "numpy !=1.25.0,>=1.24",
        "openssl ~=3.0",
    ],
)
def test_pins_that_conda_reads(patient: Patient, pin: str) -> None:
    write(patient.env / "conda-meta/pinned", f"{pin}\n")
    assert patient.said().complaints == []


def test_a_broken_conda_of_somebody_else_does_not_fail(patient: Patient, empty_env: Path) -> None:
    (patient.root / f"lib/python{PYTHON}/site-packages/conda/__init__.py").unlink()
    write(patient.home / ".condarc", "channels:\n\t- x\n")
    said = patient.said(TARGET=str(empty_env))
    assert [f for f in said.failed if f.startswith("conda")] == []
    assert said.of("conda-base-broken")["severity"] == "warn"  # the shell starts it
    assert said.of("conda-condarc-unreadable")["severity"] == "info"


def test_a_broken_conda_is_the_cause_where_there_is_no_environment_at_all(patient: Patient) -> None:
    (patient.root / f"lib/python{PYTHON}/site-packages/conda/__init__.py").unlink()
    del patient.environ["TARGET"]
    assert "conda-base-broken" in patient.said().complaints


def test_micromamba_alone_is_healthy(patient: Patient) -> None:
    mamba = patient.home / "micromamba" / "envs" / "course"
    mamba.parent.mkdir(parents=True)
    shutil.rmtree(patient.root / "pkgs")
    (patient.root / "envs").rename(patient.home / "away")
    shutil.rmtree(patient.root)
    prefixes.create(patient.home / "micromamba")
    write(patient.home / ".local/bin/micromamba", "#!/bin/sh\n", 0o755)
    hook = f'eval "$({patient.home}/.local/bin/micromamba shell hook --shell bash)"\n'
    write(patient.home / ".bashrc", hook)
    said = patient.said(TARGET=str(mamba), CONDA_PREFIX=str(mamba), PATH=f"{mamba}/bin:/usr/bin:/bin")
    assert [(f["id"], f["severity"]) for f in said.findings] == [("conda-only-mamba", "info")]


def test_a_pipe_in_place_of_each_file_costs_nothing(patient: Patient) -> None:
    for name in (".condarc", ".config/pip/pip.conf", ".conda/tos/a/1.json"):
        (patient.home / name).parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(patient.home / name)
    os.mkfifo(patient.env / "conda-meta" / "pinned")
    prefixes.record(patient.root, "conda-anaconda-tos", "0.2.2", "py312_0", [])
    assert patient.said().findings == ()
