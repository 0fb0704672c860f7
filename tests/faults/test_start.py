"""A Python that is stopped, cut or led astray before it reaches its packages."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.dists import site_of
from tests.faults.patient import OURS, Diagnosis
from tests.faults.patient import diagnose as look


def diagnose(environ: dict[str, str], prefix: Path, **more: str) -> Diagnosis:
    said = {**environ, "TARGET": str(prefix), **more}
    return look(said, "--area", "python,packages", installation=OURS)


def starts(prefix: Path, **environ: str) -> bool:
    argv = [str(prefix / "bin" / "python"), "-c", "import transformers"]
    return subprocess.run(argv, env=environ, capture_output=True, check=False, timeout=30).returncode == 0


def own_python(prefix: Path, *lacks: str) -> Path:
    """Put the environment on a Python of its own, which lacks parts of its library, as one built without their sources."""
    minor = f"python{sys.version_info.major}.{sys.version_info.minor}"
    base, system = prefix.parent / "base", Path(sys.base_prefix)
    skipped = shutil.ignore_patterns("__pycache__", "site-packages", "dist-packages", "test", *lacks)
    shutil.copytree(system / "lib" / minor, base / "lib" / minor, ignore=skipped)
    (base / "bin").mkdir()
    shutil.copy(Path(sys.executable).resolve(), base / "bin" / minor)
    for library in (system / "lib").glob("libpython3*.so*"):
        (base / "lib" / library.name).symlink_to(library)
    python = prefix / "bin" / "python"
    python.unlink()
    python.symlink_to(base / "bin" / minor)
    config = prefix / "pyvenv.cfg"
    lines = [line for line in config.read_text().splitlines() if not line.startswith("home")]
    config.write_text("\n".join([f"home = {base / 'bin'}", *lines, ""]))
    return base


def test_a_pth_file_of_a_mac(course_like: Path, environ: dict[str, str]) -> None:
    file = site_of(course_like) / "._distutils-precedence.pth"
    file.write_bytes(b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        \xb0\xff\xfe\n")
    if starts(course_like):
        pytest.skip("this Python passes over hidden .pth files")
    said = diagnose(environ, course_like)
    assert said.failed == ["startup-file-stops-python"]
    finding = said.of("startup-file-stops-python")
    assert str(file) in finding["evidence"]
    (command,) = finding["remedy"]["commands"]
    subprocess.run(command, check=True)
    assert starts(course_like)
    assert diagnose(environ, course_like).failed == []


def test_a_pth_file_that_ends_python(course_like: Path, environ: dict[str, str]) -> None:
    own_python(course_like, "sitecustomize.py")
    (site_of(course_like) / "sitecustomize.py").write_text(
        "import sys\nsys.exit('company hooks are required')\n"
    )
    assert not starts(course_like)
    said = diagnose(environ, course_like)
    assert said.failed == ["startup-file-stops-python"]
    assert "sitecustomize.py" in said.of("startup-file-stops-python")["evidence"]


def test_a_startup_file_of_the_python_below(course_like: Path, environ: dict[str, str]) -> None:
    """It fails in silence: only where it is, Python does not say."""
    base = own_python(course_like, "sitecustomize.py")
    file = next(base.glob("lib/python3*")) / "sitecustomize.py"
    file.write_text("import nothing_of_that_name\n")
    said = diagnose(environ, course_like)
    assert said.complaints == ["startup-file-fails"]
    assert said.of("startup-file-fails")["remedy"]["commands"][0][1] == str(file)


def test_a_module_of_pythons_own_that_was_cut_off(course_like: Path, environ: dict[str, str]) -> None:
    """No package brings it: Python is mended."""
    base = own_python(course_like)
    for file in base.glob("lib/python3*/lib-dynload/_bz2.*.so"):
        file.write_bytes(file.read_bytes()[:5000])
    said = look({**environ, "TARGET": str(course_like)}, "--area", "python,torch", installation=OURS)
    assert said.failed == ["native-file-damaged"]
    words = [word for command in said.of("native-file-damaged")["remedy"]["commands"] for word in command]
    assert words and "--no-deps" not in words


def test_a_pth_file_whose_package_is_gone(course_like: Path, environ: dict[str, str]) -> None:
    (site_of(course_like) / "coloredlogs.pth").write_text("import coloredlogs; coloredlogs.install()\n")
    said = diagnose(environ, course_like)
    assert said.complaints == ["startup-file-fails"]
    assert "No module named 'coloredlogs'" in said.of("startup-file-fails")["evidence"]


def starts_in_a_look(prefix: Path, environ: dict[str, str]) -> float:
    """How many times the doctor starts the environment's Python, where all is well with it."""
    count = prefix.parent / "count"
    (site_of(prefix) / "count.pth").write_text(f"import os; open({str(count)!r}, 'a').write('x')\n")
    subprocess.run([prefix / "bin" / "python", "-I", "-c", ""], check=True)
    once = len(count.read_text())  # some read each .pth file twice
    assert diagnose(environ, prefix).failed == []
    return len(count.read_text()) / once - 1


@pytest.mark.parametrize(
    ("variable", "times"),
    [
        ("LANG=en_US.UTF-8", 1),
        ("PYTHONUNBUFFERED=1", 1),
        ("PYTHONWARNINGS=error", 2),
        ("LD_LIBRARY_PATH=/opt/lib", 2),
        ("LC_ALL=zh_CN.GBK", 2),
    ],
)
def test_it_is_started_again_where_a_variable_might_matter(
    course_like: Path, environ: dict[str, str], variable: str, times: int
) -> None:
    name, _, value = variable.partition("=")
    assert starts_in_a_look(course_like, {**environ, name: value}) == times


def test_it_is_started_again_where_the_person_has_packages_of_their_own(
    course_like: Path, environ: dict[str, str], home: Path
) -> None:
    (home / ".local/lib" / site_of(course_like).parent.name / "site-packages").mkdir(parents=True)
    assert starts_in_a_look(course_like, environ) == 2


def test_code_at_start_that_puts_old_packages_first(course_like: Path, environ: dict[str, str]) -> None:
    old = course_like.parent / "old"
    (old / "numpy").mkdir(parents=True)
    (old / "numpy" / "__init__.py").write_text("raise ImportError('numpy of an old project')\n")
    hook = site_of(course_like) / "zz.pth"
    hook.write_text(f"import sys; sys.path.insert(0, {str(old)!r})\n")
    said = diagnose(environ, course_like)
    assert said.failed == ["search-path-shadow"]
    assert str(old) in said.of("search-path-shadow")["evidence"]
    hook.write_text(f"{old}\n")  # at the end of the path it takes nothing's place
    assert diagnose(environ, course_like).failed == []


def test_an_environment_without_its_pyvenv_cfg(course_like: Path, environ: dict[str, str]) -> None:
    (course_like / "pyvenv.cfg").unlink()
    assert not starts(course_like)
    said = diagnose(environ, course_like)
    assert said.failed == ["environment-config-gone"]
    (command,) = said.of("environment-config-gone")["remedy"]["commands"]
    subprocess.run(command, check=True)
    assert starts(course_like)
    assert diagnose(environ, course_like).failed == []


@pytest.mark.parametrize("module", ["_ctypes", "_lzma"])
def test_a_python_built_without_a_library(course_like: Path, environ: dict[str, str], module: str) -> None:
    own_python(course_like, f"{module}.*")
    said = diagnose(environ, course_like)
    if (
        not said.findings
        and subprocess.run([course_like / "bin/python", "-c", f"import {module}"]).returncode == 0
    ):
        pytest.skip("compiled into this Python")
    assert said.failed == ["python-library-incomplete"]
    assert module in said.of("python-library-incomplete")["title"]


@pytest.mark.parametrize(
    ("name", "value"), [("PYTHONHASHSEED", "abc"), ("PYTHONPLATLIBDIR", "lib64"), ("PYTHONMALLOC", "fast")]
)
def test_a_variable_that_stops_python(
    course_like: Path, environ: dict[str, str], name: str, value: str
) -> None:
    assert not starts(course_like, **{name: value})
    said = diagnose(environ, course_like, **{name: value})
    assert said.failed == ["variable-stops-python"]
    assert f"{name}={value}" in said.of("variable-stops-python")["evidence"]
    assert said.of("variable-stops-python")["remedy"]["commands"] == [["unset", name]]


def test_docstrings_that_are_stripped(course_like: Path, environ: dict[str, str]) -> None:
    assert diagnose(environ, course_like, PYTHONOPTIMIZE="2").failed == ["docstrings-stripped"]
    assert diagnose(environ, course_like, PYTHONOPTIMIZE="1").failed == []


def test_a_file_of_ones_own_named_like_pythons(course_like: Path, environ: dict[str, str]) -> None:
    code = course_like.parent / "code"
    code.mkdir()
    (code / "my_helpers.py").write_text("")
    assert diagnose(environ, course_like, PYTHONPATH=str(code)).failed == []
    (code / "queue.py").write_text("")
    assert diagnose(environ, course_like, PYTHONPATH=str(code)).failed == ["pythonpath-shadow"]
