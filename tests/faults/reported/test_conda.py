"""Condas, as people have reported them; each named at first sight."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conda_host import prefixes
from tests.faults.conda.patient import Patient
from tests.faults.native import library, module
from tests.faults.patient import diagnose
from tests.faults.reported.own_python import own_python


def somebody(home: Path, environ: dict[str, str], version: str = "26.3.2", libmamba: bool = True) -> Patient:
    root = prefixes.install(home / "miniconda3", version=version, libmamba=libmamba)
    env = prefixes.create(root)
    prefixes.initialise(home, root)
    own = {"PATH": "/usr/bin:/bin", "SHELL": "/bin/bash", "TARGET": str(env)}
    return Patient(home, root, env, {**environ, **own})


def test_solving_environment_for_hours(home: Path, environ: dict[str, str]) -> None:
    """https://github.com/conda/conda/issues/8197: the classic solver on defaults and conda-forge together."""
    person = somebody(home, environ, version="4.7.12", libmamba=False)
    prefixes.write(home / ".condarc", "channels:\n  - defaults\n  - conda-forge\n")
    said = person.said()
    assert said.complaints == ["conda-too-old"]
    assert said.of("conda-too-old")["remedy"]["commands"][0][1] == "update"


def test_a_package_that_lies_half_in_the_cache(home: Path, environ: dict[str, str]) -> None:
    """https://github.com/conda-forge/python-feedstock/issues/328: "appears to be corrupted"."""
    person = somebody(home, environ)
    files = ["lib/libpython2.7.so", "lib/libpython2.7.so.1.0", "bin/python2.7"]
    folder = prefixes.package(person.root / "pkgs", "python", "2.7.15", "h5a48372_1011_cpython", files)
    assert person.said().complaints == []
    (folder / "lib/libpython2.7.so").unlink()
    said = person.said()
    assert said.complaints == ["conda-pkgs-corrupt"]
    assert folder.name in said.of("conda-pkgs-corrupt")["title"]


def test_a_line_behind_the_block_of_conda(home: Path, environ: dict[str, str], tmp_path: Path) -> None:
    """https://github.com/conda/conda/issues/9392: `which python` is another one after `conda activate`."""
    person = somebody(home, environ)
    other = tmp_path / "other/bin"
    other.mkdir(parents=True)
    (other / "python").symlink_to(sys.executable)
    rc = home / ".bashrc"
    rc.write_text(f"{rc.read_text()}export PATH={other}:$PATH\n")
    active = prefixes.activated(person.environ, person.root, person.env)
    assert person.said(**active).complaints == []
    said = person.said(**{**active, "PATH": f"{other}:{active['PATH']}"})
    assert said.complaints == ["another-python-first"]
    assert f"{other}/python" in said.of("another-python-first")["evidence"]


def test_the_systems_openssl_before_condas_own(environ: dict[str, str], tmp_path: Path) -> None:
    """https://github.com/QuantConnect/Lean/issues/8895: "version `OPENSSL_3.3.0' not found"."""
    root = tmp_path / "miniconda3"
    dynamic = own_python(root)
    prefixes.record(root, "python", "3.11.7", "h_0_cpython", ["bin/python"])
    name = next((path.name for path in dynamic.glob("_ssl.*")), "_ssl.abi3.so")
    source = "int X509_of_3_3(void) { return 1; }"
    version = "OPENSSL_3.3.0 { global: X509_of_3_3; local: *; };"
    own = library(root / "lib/libcrypto.so.3", source, soname="libcrypto.so.3", versions=version)
    asks = "int X509_of_3_3(void); int use(void) { return X509_of_3_3(); }"
    module(dynamic / name, "_ssl", source=asks, needs=[own], runpath="$ORIGIN/../..")
    before = "OPENSSL_3.0.0 { global: X509_of_3_0; local: *; };"
    source = "int X509_of_3_0(void) { return 1; }"
    older = library(tmp_path / "system/libcrypto.so.3", source, soname="libcrypto.so.3", versions=before)
    person = {**environ, "TARGET": str(root)}
    area = ("--area", "host,conda,python,torch")
    assert diagnose(person, *area).failed == []
    shadowed = {**person, "LD_LIBRARY_PATH": str(older.parent)}
    argv = [str(root / "bin/python3"), "-c", "import _ssl"]
    failing = subprocess.run(argv, env=shadowed, capture_output=True, text=True, check=False)
    if "OPENSSL_3.3.0" not in failing.stderr:
        pytest.skip("this Python has OpenSSL within itself")
    said = diagnose(shadowed, *area)
    assert said.failed == ["native-library-too-old"]
    told = said.of("native-library-too-old")
    assert str(older) in told["evidence"] and told["remedy"]["commands"] == [["unset", "LD_LIBRARY_PATH"]]
