"""Interpreters, as people have reported them; each named at first sight."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.faults.dists import install
from tests.faults.native import library
from tests.faults.patient import Diagnosis, diagnose
from tests.faults.person import need_another_user
from tests.faults.reported.own_python import own_python

OF_2021 = "(avx[^ ]*|fma|f16c|bmi[12]|vaes|vpclmulqdq)"  # what a Celeron N4505 lacks


def look(environ: dict[str, str], env: Path, *prefix: str) -> Diagnosis:
    return diagnose({**environ, "TARGET": str(env)}, "--area", "host,python,packages,torch", prefix=prefix)


def test_an_upgrade_took_the_python_of_an_environment(environ: dict[str, str], tmp_path: Path) -> None:
    """https://github.com/pypa/virtualenv/issues/2028: "libpython3.8.so.1.0: cannot open shared object file"."""
    env = tmp_path / "venv"
    (env / "bin").mkdir(parents=True)
    (env / "lib/python3.8/site-packages").mkdir(parents=True)
    lines = (
        "home = /usr",
        "version_info = 3.8.6.final.0",
        "base-prefix = /usr",
        "base-executable = /usr/bin/python3.8",
    )
    (env / "pyvenv.cfg").write_text("\n".join(lines) + "\n")
    gone = library(
        tmp_path / "libpython3.8.so.1.0",
        "int Py_BytesMain(void) { return 0; }",
        soname="libpython3.8.so.1.0",
    )
    code = tmp_path / "main.c"
    code.write_text("int Py_BytesMain(void); int main(void) { return Py_BytesMain(); }")
    subprocess.run(["cc", "-o", env / "bin/python", code, gone], check=True, timeout=30)
    gone.unlink()
    said = look(environ, env)
    assert said.failed == ["interpreter-broken"]
    told = said.of("interpreter-broken")
    assert "libpython3.8.so.1.0" in told["evidence"] and told["evidence"].endswith("made on /usr")


def test_pyenv_without_the_headers_of_bzip2(environ: dict[str, str], home: Path) -> None:
    """https://github.com/OpenMined/PySyft/issues/6936: "No module named '_bz2'"."""
    python = home / ".pyenv/versions/3.10.8"
    compiled = next(own_python(python).glob("_bz2.*"), None)
    if compiled is None:
        missing("python", "the tests' own Python has its compiled modules within itself")
    compiled.unlink()
    env = home / "venv"
    argv = [str(python / "bin/python3"), "-m", "venv", "--without-pip", str(env)]
    subprocess.run(argv, check=True, timeout=60)
    said = look(environ, env)
    assert said.failed == ["python-library-incomplete"]
    told = said.of("python-library-incomplete")
    assert "_bz2" in told["title"] and "libbz2-dev" in str(told["remedy"]["commands"])


def test_a_processor_without_avx(course_like: Path, environ: dict[str, str], tmp_path: Path) -> None:
    """https://github.com/tensorflow/tensorflow/issues/62342: "Illegal instruction (core dumped)"."""
    need_another_user()
    info = Path("/proc/cpuinfo").read_text()
    if " avx2 " not in info:
        missing("cpu", "this machine's own processor has no AVX2")
    install(course_like, "tensorflow", "2.15.1")
    install(course_like, "tf-keras", "2.15.1")
    install(course_like, "torch", "2.13.0+cpu")
    (tmp_path / "cpuinfo").write_text(re.sub(rf" {OF_2021}(?= |$)", "", info, flags=re.MULTILINE))
    mount = f'mount --bind {tmp_path}/cpuinfo /proc/cpuinfo && exec "$@"'
    assert look(environ, course_like).complaints == []
    said = look(environ, course_like, "unshare", "-m", "sh", "-c", mount, "sh")
    assert said.complaints == ["cpu-too-old-for-wheels"]
    assert "avx, avx2" in said.of("cpu-too-old-for-wheels")["evidence"]


@pytest.mark.parametrize("ending", ["moved", "removed", "there"])
def test_the_active_environment_was_moved(home: Path, environ: dict[str, str], ending: str) -> None:
    """https://github.com/pypa/virtualenv/issues/2308: activate works, but the system's Python is used."""
    old, new = home / "venv", home / "venv_moved"
    subprocess.run([sys.executable, "-m", "venv", str(old)], check=True, timeout=60)
    if ending == "moved":
        old.rename(new)
    elif ending == "removed":
        shutil.rmtree(old)
    shell = {**environ, "VIRTUAL_ENV": str(old), "PATH": f"{old}/bin:/usr/bin:/bin"}
    said = diagnose(shell, "--area", "host,python")
    if ending == "there":
        assert "active-environment-gone" not in said.complaints
        return
    told = said.of("active-environment-gone")
    seen = ("fail", True) if ending == "moved" else ("info", False)
    assert (told["severity"], str(new) in told["evidence"]) == seen
    if ending == "moved":
        assert said.failed == ["active-environment-gone"]
        both = diagnose({**shell, "TARGET": str(new)}, "--area", "host,python")
        assert both.failed == ["environment-moved"] and "active-environment-gone" in both.complaints
