"""Healthy environments of many kinds, each really made: nothing is held against them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.faults.dists import course, install, site_of
from tests.faults.island import Island
from tests.faults.network.outside import ENDPOINT, OUTSIDE, on_island
from tests.faults.patient import Diagnosis, bare_environ, diagnose
from tests.faults.person import diagnose_as_nobody, hand_over, home_of_nobody, need_another_user
from tests.faults.web import HUB, Page, serve_web

AREAS = "host,disk,conda,python,packages,torch,hub,ffmpeg,jupyter,colab"
NOTE = {"torch-missing"}  # the small stack of these tests has no torch: true, and the only thing to say


def look(environ: dict[str, str], env: Path, *prefix: str, **more: str) -> Diagnosis:
    return diagnose({**environ, "TARGET": str(env), **more}, "--area", AREAS, prefix=prefix)


OF_THE_MACHINE = (
    "first-use-host-unreachable",
)  # whether the machine of the tests reaches GitHub is no fault


def fine(said: Diagnosis) -> bool:
    """Nothing is complained of, and little is told."""
    told = [f["id"] for f in said.findings if f["id"] not in OF_THE_MACHINE]
    return set(said.complaints) <= NOTE and len(told) <= 3


# --- how it was made ---------------------------------------------------------------------------------


def test_made_by_virtualenv_whose_record_lists_folders(course_like: Path, environ: dict[str, str]) -> None:
    """poetry and tox use virtualenv, whose RECORD of pip lists `__pycache__` folders that may not be there."""
    record = next(site_of(course_like).glob("pip-*.dist-info")) / "RECORD"
    record.write_text(record.read_text() + "pip/__pycache__,,\npip/_internal/__pycache__,,\n")
    assert fine(look(environ, course_like))


def test_made_by_pipx_with_the_pip_that_all_share(
    course_like: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    site = site_of(course_like)
    shared = tmp_path / "shared" / "lib" / site.parent.name / "site-packages"
    shared.mkdir(parents=True)
    (site / "pip").rename(shared / "pip")
    info = next(site.glob("pip-*.dist-info"))
    info.rename(shared / info.name)
    (site / "pipx_shared.pth").write_text(f"{shared}\n")
    assert fine(look(environ, course_like))
    (site / "pipx_shared.pth").rename(site / "mine.pth")
    assert "pth-mixes-environments" in look(environ, course_like).complaints


def test_an_editable_install_with_a_src_layout(
    course_like: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    source = tmp_path / "project" / "src"
    (source / "lecture").mkdir(parents=True)
    (source / "lecture" / "__init__.py").write_text("")
    site = site_of(course_like)
    info = install(course_like, "lecture", "0.1", {"__editable__.lecture-0.1.pth": f"{source}\n"})
    (info / "direct_url.json").write_text(
        f'{{"url": "file://{source.parent}", "dir_info": {{"editable": true}}}}'
    )
    assert (site / "__editable__.lecture-0.1.pth").exists()
    assert fine(look(environ, course_like))


@pytest.mark.parametrize("name", ["家 目录/my env", "env.with-dots", "a" * 60])
def test_a_folder_with_an_unusual_name(environ: dict[str, str], tmp_path: Path, name: str) -> None:
    env = tmp_path / name
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(env)], check=True)
    course(env)
    assert fine(look({**environ, "HOME": str(env.parent)}, env))


def test_debians_python_has_no_command_python(environ: dict[str, str]) -> None:
    """TARGET=/usr is found by its python3. Whether pip may write there is another matter."""
    if os.path.lexists("/usr/bin/python") or not Path("/usr/bin/python3").exists():
        pytest.skip("this system has a command python")
    said = look(environ, Path("/usr"), PIP_BREAK_SYSTEM_PACKAGES="1")
    assert "interpreter-broken" not in said.complaints and said.failed == []


# --- what is in it -----------------------------------------------------------------------------------


def test_a_program_of_a_package_that_nobody_calls(course_like: Path, environ: dict[str, str]) -> None:
    """evaluate 0.4.6, its newest, beside huggingface_hub 2: only `evaluate-cli` asks for what is gone."""
    install(course_like, "huggingface-hub", "2.4.0")
    install(course_like, "transformers", "5.24.0", requires=("huggingface-hub<3,>=1.5",))
    for folder in site_of(course_like).glob("*-0.36.0.dist-info"):
        shutil.rmtree(folder)
    for folder in [*site_of(course_like).glob("transformers-4*"), *site_of(course_like).glob("tokenizers-*")]:
        shutil.rmtree(folder)
    install(course_like, "tokenizers", "0.23.1", requires=("huggingface-hub<3.0,>=0.16.4",))
    line = "from huggingface_hub import Repository, create_repo\n"
    files = {"evaluate/__init__.py": "", "evaluate/commands/evaluate_cli.py": line}
    install(course_like, "evaluate", "0.4.6", files, requires=("huggingface-hub>=0.7.0",))
    assert "hub-api-removed" not in look(environ, course_like).complaints
    install(course_like, "older", "1.0", {"older/__init__.py": line}, requires=("huggingface-hub>=0.7.0",))
    assert "hub-api-removed" in look(environ, course_like).failed


def test_a_company_added_its_authority_to_certifi(course_like: Path, environ: dict[str, str]) -> None:
    files = {"certifi/__init__.py": "", "certifi/cacert.pem": "-----BEGIN CERTIFICATE-----\n"}
    install(course_like, "certifi", "2026.1.1", files)
    bundle = site_of(course_like) / "certifi" / "cacert.pem"
    bundle.write_text(bundle.read_text() * 2)
    assert "package-files-edited" not in {f["id"] for f in look(environ, course_like).findings}


def test_transformers_4_that_works_with_tensorflow(course_like: Path, environ: dict[str, str]) -> None:
    assert look(environ, course_like).of("torch-missing")["severity"] == "warn"
    for name, version in (("tensorflow", "2.19.0"), ("tf-keras", "2.19.0"), ("keras", "3.10.0")):
        install(course_like, name, version)
    assert look(environ, course_like).of("torch-missing")["severity"] == "info"


# --- who looks, and from where -----------------------------------------------------------------------


@pytest.fixture
def student() -> Iterator[Path]:
    """The home of a person without rights: an environment in it, files that only they can read."""
    need_another_user()
    with home_of_nobody() as home:
        made = subprocess.run(["/usr/bin/python3", "-m", "venv", "--without-pip", home / "env"], check=False)
        if made.returncode:
            missing("root", "the system has no Python that everybody may start")
        course(home / "env")
        subprocess.run(["chmod", "-R", "go=", home], check=True)
        hand_over(home)
        yield home


def test_a_person_without_rights_and_with_a_strict_umask(student: Path) -> None:
    person = {**bare_environ(student), "TARGET": str(student / "env")}
    assert fine(diagnose_as_nobody(person, "--area", AREAS, umask="077"))


def test_a_python_in_a_folder_of_roots(student: Path) -> None:
    """No probe gives up for a folder that is closed to the person: root's home, and root's Python in it."""
    closed = student / "closed"
    closed.mkdir(mode=0o700)
    python = closed / "lib" / "bin" / "python3"
    python.parent.mkdir(parents=True)
    shutil.copy("/usr/bin/python3", python)
    (student / "env/bin/python").unlink()
    (student / "env/bin/python").symlink_to(python)
    person = {**bare_environ(student), "TARGET": str(student / "env")}
    said = diagnose_as_nobody(person, "--area", AREAS)
    assert said.failed == ["interpreter-broken"] and not [
        i for i in said.complaints if i.endswith("-unknown")
    ]
    assert "may not reach" in said.of("interpreter-broken")["evidence"]


@pytest.mark.parametrize(
    "variables",
    [
        {"LANG": "C", "TERM": "dumb"},
        {"LC_ALL": "POSIX", "NO_COLOR": "1"},
        {
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "TOKENIZERS_PARALLELISM": "false",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        },
        {
            "PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True",
            "OMP_NUM_THREADS": "4",
            "CUDA_VISIBLE_DEVICES": "0",
        },
    ],
    ids=lambda variables: next(iter(variables)),
)
def test_what_shells_carry(course_like: Path, environ: dict[str, str], variables: dict[str, str]) -> None:
    assert fine(look({**environ, **variables}, course_like))


def test_a_read_only_root_with_a_writable_home(
    course_like: Path, environ: dict[str, str], home: Path
) -> None:
    if os.geteuid() != 0:
        missing("root", "a mount namespace needs root")
    shell = (
        f"mount --make-rprivate / && mount -t tmpfs none {home} && mount -t tmpfs -o mode=1777 none /var/tmp"
        ' && mount -o remount,bind,ro / && ! touch /x 2>/dev/null && exec "$@"'
    )
    prefix = ("unshare", "-m", "sh", "-c", shell, "sh")
    assert fine(look({**environ, "TMPDIR": "/var/tmp"}, course_like, *prefix))


# --- networks ----------------------------------------------------------------------------------------


def test_a_mirror_that_sends_large_files_itself(course_like: Path, environ: dict[str, str]) -> None:
    """Such as olah or a company's own: no host of Xet is needed, so nothing goes past it."""
    install(course_like, "hf-xet", "1.8.0")
    person = {**environ, "TARGET": str(course_like)}
    with serve_web(HUB) as mirror:
        said = diagnose({**person, "HF_ENDPOINT": mirror.url}, "--area", f"{AREAS},network", offline=False)
        assert fine(said)
    xet = Page(302, {**HUB.headers, "X-Xet-Hash": "0" * 64, "Location": "/"}, b"")
    with serve_web(lambda path: xet if path.endswith(".safetensors") else HUB) as mirror:
        said = diagnose({**person, "HF_ENDPOINT": mirror.url}, "--area", f"{AREAS},network", offline=False)
        assert "hf-xet-bypasses-mirror" in said.complaints


def test_names_that_nobody_knows_are_no_fault_of_who_is_offline_by_choice(
    course_like: Path, environ: dict[str, str]
) -> None:
    """A laboratory whose name server knows its own names only."""
    island = Island(addresses=OUTSIDE, accepting=OUTSIDE, names={"lab.example": "10.9.9.9"})
    person = {**environ, "TARGET": str(course_like)}
    said = on_island(island, person, HF_HUB_OFFLINE="1", **ENDPOINT)
    assert said.of("dns-broken")["severity"] == "info" and set(said.complaints) <= NOTE
    assert on_island(island, person, **ENDPOINT).failed == ["dns-broken"]
