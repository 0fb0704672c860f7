"""What the Python below an environment lacks, as people have reported it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.faults.dists import course, install, site_of
from tests.faults.native import library, module
from tests.faults.old_pythons import old_pythons
from tests.faults.patient import diagnose


def test_commands_that_are_not_on_path(environ: dict[str, str], home: Path) -> None:
    """https://github.com/huggingface/huggingface_hub/issues/1840: "huggingface-cli: command not found"."""
    person = {**environ, "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    bins = home / ".local/bin"
    bins.mkdir(parents=True)
    (bins / "modelscope").write_text("#!/usr/bin/python3\n")
    assert "user-commands-off-path" not in diagnose(person, "--area", "python").complaints  # not executable
    (bins / "modelscope").chmod(0o755)
    told = diagnose(person, "--area", "python").of("user-commands-off-path")
    assert "modelscope" in told["evidence"] and str(bins) in told["title"]
    found = {**person, "PATH": f"{bins}:{person['PATH']}"}
    assert "user-commands-off-path" not in diagnose(found, "--area", "python").complaints


def test_debian_without_venv(environ: dict[str, str]) -> None:
    """https://github.com/pyenv/pyenv-installer/issues/125: "ensurepip is not available"."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    folder = Path(f"/usr/lib/python{version}/ensurepip")
    if os.geteuid() != 0 or not folder.is_dir():
        missing("root", "needs root, and Debian's Python with its venv package")
    person = {**environ, "TARGET": "/usr"}
    assert "ensurepip-missing" not in diagnose(person, "--area", "python,packages").complaints
    covered = ["unshare", "-m", "sh", "-ec", f'mount -t tmpfs none {folder}; exec "$@"', "sh"]
    said = diagnose(person, "--area", "python,packages", prefix=covered)
    assert said.of("ensurepip-missing")["remedy"]["commands"][0][-1].endswith("-venv")
    refused = [f for f in said.findings if f["id"] == "externally-managed"]
    assert all(f["remedy"]["commands"][0][0] == "apt-get" for f in refused)


def test_an_openssl_that_urllib3_refuses(environ: dict[str, str], tmp_path: Path) -> None:
    """https://github.com/python/cpython/issues/107493: "compiled with 'OpenSSL 1.0.2k-fips  26 Jan 2017'"."""
    old = old_pythons("3.[789]")
    if not old:
        pytest.skip("no Python before 3.10, and later ones cannot have such an OpenSSL")
    copy = tmp_path / "py"
    shutil.copytree(old[0].parent.parent, copy, symlinks=True, ignore=shutil.ignore_patterns("test", "*.a"))
    for path in site_of(copy).iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    course(copy)
    install(copy, "urllib3", "2.0.7")
    ssl, person = next(copy.glob("lib/python3*/ssl.py")), {**environ, "TARGET": str(copy)}
    assert "openssl-too-old-for-urllib3" not in diagnose(person, "--area", "python,packages").failed
    ssl.write_text(ssl.read_text() + "\nOPENSSL_VERSION = 'OpenSSL 1.0.2k-fips  26 Jan 2017'\n")
    said = diagnose(person, "--area", "python,packages")
    assert "openssl-too-old-for-urllib3" in said.failed
    assert said.of("openssl-too-old-for-urllib3")["remedy"]["commands"][0][-1] == "urllib3<2"


def test_no_room_in_the_static_block(course_like: Path, environ: dict[str, str]) -> None:
    """https://github.com/scikit-learn/scikit-learn/issues/28362: "cannot allocate memory in static TLS block"."""
    site = site_of(course_like)
    install(course_like, "torch", "2.13.0+cpu")
    install(course_like, "scikit-learn", "1.3.2", {"sklearn/__init__.py": ""})
    (site / "scikit_learn.libs").mkdir()
    room = '__thread char room[%d] __attribute__((tls_model("initial-exec"))); int GOMP_x(void) { return room[1]; }'
    name = "libgomp-d22c30c5.so.1.0.0"
    for size, there in ((8192, True), (120, False)):
        made = library(site / "scikit_learn.libs" / name, room % size, soname=name)
        module(
            site / "sklearn/_openmp_helpers.abi3.so",
            "_openmp_helpers",
            source="int GOMP_x(void); int use(void) { return GOMP_x(); }",
            needs=[made],
            runpath="$ORIGIN/../scikit_learn.libs",
        )
        ran = subprocess.run(
            [course_like / "bin/python", "-c", "import sklearn._openmp_helpers"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ("static TLS block" in ran.stderr) == there
        person = {**environ, "TARGET": str(course_like)}
        said = diagnose(person, "--area", "host,torch,packages,python")
        assert ("static-tls-exhausted" in said.complaints) == there


def test_an_old_python_lacks_nothing_that_came_later(environ: dict[str, str], tmp_path: Path) -> None:
    """https://github.com/pymupdf/PyMuPDF/issues/400: a Python 3.6, which never had `dataclasses`."""
    old = old_pythons("3.6")
    if not old:
        pytest.skip("no Python 3.6 here")
    env = tmp_path / "venv"
    subprocess.run([old[0], "-m", "venv", "--without-pip", env], check=True, timeout=60)
    said = diagnose({**environ, "TARGET": str(env)}, "--area", "python")
    assert "python-library-incomplete" not in [f["id"] for f in said.findings]
