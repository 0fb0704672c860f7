"""Environments whose Python does not start, or takes its packages from elsewhere."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.faults.dists import course, install, script, site_of
from tests.faults.old_pythons import old_pythons
from tests.faults.patient import OURS, Diagnosis, Installation, bare_environ
from tests.faults.patient import diagnose as look

AREAS = ("--area", "python,packages,smoke")


def diagnose(
    environ: dict[str, str], prefix: Path | str, *, installation: Installation | None = None
) -> Diagnosis:
    return look({**environ, "TARGET": str(prefix)}, *AREAS, installation=installation)


def imported(prefix: Path, environ: dict[str, str], module: str) -> str:
    """The version that the environment's own Python imports: the proof that the fault is one."""
    code = f"import {module}; print({module}.__version__)"
    argv = [str(prefix / "bin" / "python"), "-c", code]
    return subprocess.run(argv, env=environ, capture_output=True, text=True, check=True).stdout.strip()


def test_nothing_is_held_against_a_whole_environment(course_like: Path, environ: dict[str, str]) -> None:
    said = diagnose(environ, course_like)
    assert said.complaints == []
    assert said.code == 0


def test_a_base_python_that_is_gone(course_like: Path, environ: dict[str, str]) -> None:
    python = course_like / "bin" / "python"
    python.unlink()
    python.symlink_to("/opt/gone/python3.11")
    said = diagnose(environ, course_like)
    assert said.failed == ["interpreter-broken"]
    assert "/opt/gone/python3.11, which is not there" in said.of("interpreter-broken")["evidence"]
    assert said.of("interpreter-broken")["remedy"]["step"] is None, (
        "a person's environment is not ours to remake"
    )


def test_an_environment_from_another_kind_of_machine(course_like: Path, environ: dict[str, str]) -> None:
    machine = 183 if os.uname().machine == "x86_64" else 62
    python = course_like / "bin" / "python"
    python.unlink()
    python.write_bytes(b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 2, machine) + bytes(100))
    python.chmod(0o755)
    said = diagnose(environ, course_like)
    assert said.failed == ["interpreter-broken"]
    assert "is a program for" in said.of("interpreter-broken")["evidence"]


def test_pythonhome_kills_every_python_and_is_named(course_like: Path, environ: dict[str, str]) -> None:
    broken = {**environ, "PYTHONHOME": "/opt/nonsense"}
    with pytest.raises(subprocess.CalledProcessError):
        imported(course_like, broken, "tqdm")
    said = diagnose(broken, course_like, installation=OURS)
    assert said.failed == ["pythonhome-set"]
    assert "/opt/nonsense" in said.of("pythonhome-set")["evidence"]


def test_pythonhome_that_names_the_own_installation_is_no_fault(
    course_like: Path, environ: dict[str, str]
) -> None:
    said = diagnose({**environ, "PYTHONHOME": sys.base_prefix}, course_like, installation=OURS)
    assert said.complaints == []


def test_pythonpath_with_another_transformers(
    course_like: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    old = tmp_path / "old"
    (old / "transformers").mkdir(parents=True)
    (old / "transformers" / "__init__.py").write_text('__version__ = "4.30.0"\n')
    broken = {**environ, "PYTHONPATH": str(old)}
    assert imported(course_like, broken, "transformers") == "4.30.0"
    said = diagnose(broken, course_like, installation=OURS)
    assert said.failed == ["pythonpath-shadow"]
    assert str(old) in said.of("pythonpath-shadow")["evidence"]


def test_pythonpath_with_the_own_modules_is_no_fault(
    course_like: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "src" / "mine").mkdir(parents=True)
    (tmp_path / "src" / "mine" / "__init__.py").write_text("")
    (tmp_path / "src" / "datasets").mkdir()  # of data: without a Python file it is not loaded
    said = diagnose({**environ, "PYTHONPATH": f"{tmp_path}/src::/nowhere"}, course_like, installation=OURS)
    assert said.complaints == []


def in_user_site(home: Path, prefix: Path) -> None:
    site = home / ".local" / site_of(prefix).relative_to(prefix)
    site.mkdir(parents=True)
    install(home / ".local", "tqdm", "4.1.0")


def test_a_conda_environment_searches_local_first(
    course_like: Path, environ: dict[str, str], home: Path
) -> None:
    (course_like / "conda-meta").mkdir()
    (course_like / "conda-meta" / "history").write_text("")
    in_user_site(home, course_like)
    said = diagnose(environ, course_like)
    assert said.failed == ["user-site-shadows-env"]
    assert "tqdm 4.1.0 ≠ 4.67.1" in said.of("user-site-shadows-env")["evidence"]
    assert diagnose({**environ, "PYTHONNOUSERSITE": "1"}, course_like).complaints == []


@pytest.mark.parametrize("sees", ["false", "true"])
def test_a_venv_takes_its_own_before_local(
    course_like: Path, environ: dict[str, str], home: Path, sees: str
) -> None:
    config = course_like / "pyvenv.cfg"
    config.write_text(config.read_text().replace("packages = false", f"packages = {sees}"))
    in_user_site(home, course_like)
    assert imported(course_like, environ, "tqdm") == "4.67.1"
    assert diagnose(environ, course_like).complaints == []


def test_the_systems_own_python(environ: dict[str, str]) -> None:
    python = Path("/usr/bin/python3")
    managed = list(Path("/usr/lib").glob("python3*/EXTERNALLY-MANAGED"))
    if not python.exists() or not managed:
        pytest.skip("this system's Python lets pip write into it")
    said = diagnose(environ, python)
    assert said.failed == ["externally-managed"]
    allowed = diagnose({**environ, "PIP_BREAK_SYSTEM_PACKAGES": "1"}, python)
    assert "externally-managed" not in allowed.complaints


def test_an_environment_that_was_moved(course_like: Path, environ: dict[str, str], tmp_path: Path) -> None:
    for name in ("pip", "pip3", "jupyter"):
        script(course_like, name, f"#!{course_like}/bin/python")
    moved = course_like.rename(tmp_path / "moved")
    with pytest.raises(FileNotFoundError):
        subprocess.run([str(moved / "bin" / "pip")], check=True)
    said = diagnose(environ, moved)
    assert said.failed == ["environment-moved"]
    assert "/venv/bin/python" in said.of("environment-moved")["evidence"]


def test_a_command_whose_python_is_gone(course_like: Path, environ: dict[str, str]) -> None:
    for name in ("ipython", "hf", "jupyter"):
        script(course_like, name, f"#!{course_like}/bin/python")
    script(course_like, "pip", "#!/opt/gone/bin/python3.9")
    script(course_like, "shelled", "#!/usr/bin/env python3")
    said = diagnose(environ, course_like)
    assert said.failed == ["script-interpreter-gone"]
    assert "pip → /opt/gone/bin/python3.9" in said.of("script-interpreter-gone")["evidence"]


def test_pip_of_another_python(course_like: Path, environ: dict[str, str]) -> None:
    for name in ("ipython", "hf", "jupyter"):
        script(course_like, name, f"#!{course_like}/bin/python")
    script(course_like, "pip", f"#!{os.path.realpath(sys.executable)}")
    assert diagnose(environ, course_like).complaints == ["script-other-python"]


def test_packages_of_the_python_before_the_upgrade(course_like: Path, environ: dict[str, str]) -> None:
    lib = next(course_like.glob("lib/python3*"))
    lib.rename(lib.with_name("python3.4"))
    (lib / "site-packages").mkdir(parents=True)
    with pytest.raises(subprocess.CalledProcessError):
        imported(course_like, environ, "transformers")
    said = diagnose(environ, course_like)
    assert said.failed == ["environment-python-changed"]
    assert "3.4" in said.of("environment-python-changed")["title"]


def test_a_path_with_a_space(tmp_path: Path, environ: dict[str, str]) -> None:
    prefix = tmp_path / "my env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(prefix)], check=True)
    course(prefix)
    trampoline = script(prefix, "hf", f"#!/bin/sh\n'''exec' \"{prefix}/bin/python\" \"$0\" \"$@\"\n' '''")
    assert subprocess.run([str(trampoline)], check=True, capture_output=True).returncode == 0
    assert diagnose(environ, prefix).complaints == []
    broken = script(prefix, "jupyter", f"#!{prefix}/bin/python")
    with pytest.raises(OSError, match=r"No such file|Permission denied"):
        subprocess.run([str(broken)], check=True)
    said = diagnose(environ, prefix)
    assert said.failed == ["env-prefix-space-or-too-long"]


def test_an_environment_without_pip(empty_env: Path, environ: dict[str, str]) -> None:
    install(empty_env, "transformers", "4.57.6")
    assert diagnose(environ, empty_env).complaints == ["pip-missing"]
    config = empty_env / "pyvenv.cfg"
    config.write_text(config.read_text() + "uv = 0.9.0\n")  # uv makes them so
    assert diagnose(environ, empty_env).complaints == []


def test_a_pth_file_that_mixes_environments(
    course_like: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    other = tmp_path / "other" / "lib" / "python3.11" / "site-packages"
    other.mkdir(parents=True)
    (site_of(course_like) / "mix.pth").write_text(f"{other}\nimport os\n/nowhere/gone\n")
    said = diagnose(environ, course_like)
    assert said.complaints == ["pth-mixes-environments"]
    assert said.of("pth-path-gone")["severity"] == "info"


def test_a_python_that_is_too_old(tmp_path: Path, environ: dict[str, str]) -> None:
    old = old_pythons("3.[6-9]")
    if not old:
        pytest.skip("no old Python here")
    prefix = tmp_path / "old"
    subprocess.run([str(old[0]), "-m", "venv", "--without-pip", str(prefix)], check=True)
    install(prefix, "pip", "21.0")
    said = diagnose(environ, prefix)
    assert said.failed == ["python-version-unsupported"]


def test_our_own_environment_says_which_step_mends_it(
    uv: str, environ: dict[str, str], home: Path, tmp_path: Path
) -> None:
    """Made by us, its Python gone: `fix` makes it anew, and never asks the index for it."""
    ours = {**bare_environ(home), "GROUNDWORK_UV": uv, "ENV_MANAGER": "venv", "MODELS": "none"}
    prefix = home / ".groundwork" / "envs" / "llm-quickstart"
    run = [sys.executable, "-m", "bootstrap.cli"]
    base = Path(os.path.realpath(sys.executable)).parent
    ours["PATH"] = f"{base}:/usr/bin:/bin"
    made = subprocess.run(
        [*run, "setup", "--only", "environment"], env=ours, capture_output=True, text=True, check=False
    )
    if not (prefix / "bin" / "python").exists():
        missing("index", f"no environment can be made here: {made.stdout[-300:]}{made.stderr[-300:]}")
    (prefix / "bin" / "python").unlink()
    (prefix / "bin" / "python").symlink_to("/opt/gone/python3")
    said = look(ours, "--area", "python,conda")
    assert said.failed == ["interpreter-broken"]
    mended = subprocess.run(
        [*run, "fix", "--yes", "--only", "interpreter-broken"],
        env=ours,
        capture_output=True,
        text=True,
        check=False,
    )
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert look(ours, "--area", "python,conda").failed == []
