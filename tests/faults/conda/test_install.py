"""The installation itself: its Python, its place, its solver."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.conda_host import prefixes
from tests.conda_host.prefixes import PYTHON, write
from tests.conftest import missing
from tests.faults.conda.patient import Patient
from tests.faults.patient import diagnose, linked_copy


def test_nothing_is_said_of_a_whole_one(patient: Patient) -> None:
    assert patient.said().findings == ()


def test_nothing_is_said_of_one_that_is_activated(patient: Patient) -> None:
    active = prefixes.activated(patient.environ, patient.root, patient.env)
    del active["TARGET"]
    assert patient.said(**active).findings == ()


def test_nothing_is_held_against_a_whole_course_in_a_conda_environment(
    patient: Patient, target_python: str
) -> None:
    course = linked_copy(Path(target_python).parent.parent, patient.root / "envs" / "lecture")
    (course / "pyvenv.cfg").unlink()
    prefixes.record(course, "python", f"{PYTHON}.0", "h_0_cpython", ["bin/python"])
    write(course / "conda-meta" / "history", "==> now <==\n")
    said = diagnose({**patient.environ, "TARGET": str(course)}, "--area", "conda,colab")
    assert said.findings == ()


def test_the_python_of_base_was_replaced(patient: Patient) -> None:
    write(patient.root / "bin" / "python3.99", "#!/bin/sh\n", 0o755)
    (patient.root / "bin" / "python").unlink()
    (patient.root / "bin" / "python").symlink_to("python3.99")
    said = patient.said()
    assert said.failed == said.complaints == ["conda-base-broken"]
    assert "3.99" in said.of("conda-base-broken")["evidence"]


def test_conda_itself_was_removed_from_base(patient: Patient) -> None:
    (patient.root / f"lib/python{PYTHON}/site-packages/conda/__init__.py").unlink()
    assert patient.said().failed == ["conda-base-broken"]


def test_the_whole_folder_was_moved(patient: Patient) -> None:
    moved = patient.root.rename(patient.home / "data")
    said = patient.said(TARGET=str(moved / "envs" / "course"))
    assert said.failed == ["conda-moved"]
    assert "/bin/python, which is not there" in said.of("conda-moved")["evidence"]


def test_a_folder_that_was_moved_and_linked_back_is_fine(patient: Patient) -> None:
    patient.root.rename(patient.home / "data")
    patient.root.symlink_to(patient.home / "data")
    assert patient.said().complaints == []


def test_an_old_conda_with_the_slow_solver(patient: Patient) -> None:
    for record in patient.root.glob("conda-meta/conda*.json"):
        record.unlink()
    prefixes.record(patient.root, "conda", "22.9.0", "py_0", [])
    said = patient.said()
    assert (said.failed, said.complaints) == ([], ["conda-too-old"])


def test_a_solver_whose_library_is_missing(patient: Patient) -> None:
    """Real libraries: libmamba asks for libarchive.so.19, and base has .so.13 only."""
    if not shutil.which("cc"):
        missing("cc", "no C compiler; as root: apt-get install gcc libc6-dev")
    lib = patient.root / "lib"
    needs: list[str] = []
    for soname in ("libarchive.so.19", "libmamba.so.4"):
        link = ["-shared", f"-Wl,-soname,{soname}", "-Wl,--no-as-needed", f"-L{lib}", *needs]
        subprocess.run(["cc", "-xc", "/dev/null", "-o", str(lib / soname), *link], check=True, timeout=30)
        needs = [f"-l:{soname}"]
    assert patient.said().findings == ()
    (lib / "libarchive.so.19").rename(lib / "libarchive.so.13")
    said = patient.said()
    assert said.failed == said.complaints == ["conda-libmamba-libarchive"]
    assert "libarchive.so.19" in said.of("conda-libmamba-libarchive")["evidence"]
    write(patient.home / ".condarc", "solver: classic\n")
    assert patient.said().findings == ()
