"""Distributions that no installer would have left like that: for another system, without metadata, of two releases."""

from __future__ import annotations

import os
import py_compile
import shutil
import sys
from pathlib import Path

import pytest

from tests.faults.dists import install, site_of
from tests.faults.patient import Diagnosis
from tests.faults.patient import diagnose as look

TAG = "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp311-cp311-{}\n"


def diagnose(environ: dict[str, str], prefix: Path, *args: str, **more: str) -> Diagnosis:
    return look({**environ, "TARGET": str(prefix), **more}, "--area", "python,packages", *args)


def info(prefix: Path, name: str) -> Path:
    return next(site_of(prefix).glob(f"{name}-*.dist-info"))


@pytest.mark.parametrize(
    "platform", ["musllinux_1_2_x86_64", "macosx_11_0_arm64", "win_amd64", "linux_ppc64le"]
)
def test_a_wheel_for_another_system(course_like: Path, environ: dict[str, str], platform: str) -> None:
    (info(course_like, "numpy") / "WHEEL").write_text(TAG.format(platform))
    said = diagnose(environ, course_like)
    assert said.failed == ["wheel-for-another-system"]
    assert platform in said.of("wheel-for-another-system")["evidence"]


@pytest.mark.parametrize(
    "platform", [f"manylinux_2_28_{os.uname().machine}", "any", f"linux_{os.uname().machine}"]
)
def test_a_wheel_for_this_one(course_like: Path, environ: dict[str, str], platform: str) -> None:
    (info(course_like, "numpy") / "WHEEL").write_text(TAG.format(platform))
    assert diagnose(environ, course_like).complaints == []


def test_metadata_that_was_left_out(course_like: Path, environ: dict[str, str]) -> None:
    shutil.rmtree(info(course_like, "tokenizers"))
    said = diagnose(environ, course_like)
    assert said.failed == ["metadata-missing"]
    assert any("tokenizers<=0.23.0" in word for word in said.of("metadata-missing")["remedy"]["commands"][0])


def test_all_metadata_left_out(course_like: Path, environ: dict[str, str]) -> None:
    for folder in site_of(course_like).glob("*.dist-info"):
        shutil.rmtree(folder)
    assert diagnose(environ, course_like).failed == ["metadata-missing"]


def test_the_remains_of_a_package(course_like: Path, environ: dict[str, str]) -> None:
    shutil.rmtree(info(course_like, "transformers"))
    (site_of(course_like) / "transformers" / "__init__.py").unlink()
    (site_of(course_like) / "transformers" / "mine.py").write_text("")
    assert diagnose(environ, course_like).failed == ["package-remains"]


def test_files_of_two_releases(course_like: Path, environ: dict[str, str]) -> None:
    files = {"transformers/__init__.py": "a = 1\n", **{f"transformers/m{n}.py": "b = 1\n" for n in range(20)}}
    shutil.rmtree(info(course_like, "transformers"))
    install(course_like, "transformers", "4.57.6", files)
    assert diagnose(environ, course_like).complaints == []
    for path in list(files)[:3]:
        (site_of(course_like) / path).write_text("edited = 'by hand'\n")
    assert diagnose(environ, course_like).complaints == []
    for path in list(files)[:15]:
        (site_of(course_like) / path).write_text("other = 'release'\n")
    assert diagnose(environ, course_like).failed == ["package-files-mixed"]


def test_a_file_whose_content_never_reached_the_disk(course_like: Path, environ: dict[str, str]) -> None:
    file = site_of(course_like) / "tokenizers" / "__init__.py"
    file.write_bytes(bytes(file.stat().st_size))
    assert diagnose(environ, course_like).failed == ["wheel-files-missing"]


def test_bytecode_that_is_cut_off(course_like: Path, environ: dict[str, str]) -> None:
    source = site_of(course_like) / "regex" / "__init__.py"
    made = Path(py_compile.compile(str(source), doraise=True) or "")
    if f"cpython-{sys.version_info.major}{sys.version_info.minor}" not in made.name:
        pytest.skip("another implementation")
    assert diagnose(environ, course_like, "--deep").failed == []
    made.write_bytes(made.read_bytes()[:-20])
    said = diagnose(environ, course_like, "--deep")
    assert said.failed == ["bytecode-damaged"]
    assert str(made) in said.of("bytecode-damaged")["remedy"]["commands"][0]


def test_a_package_of_a_mistaken_name(course_like: Path, environ: dict[str, str]) -> None:
    install(course_like, "whisper", "1.1.10")
    assert diagnose(environ, course_like).complaints == ["package-mistaken"]
    install(course_like, "openai-whisper", "20250625", {"openai_whisper.py": ""})
    assert diagnose(environ, course_like).complaints == []


def test_releases_that_do_not_fit(course_like: Path, environ: dict[str, str]) -> None:
    install(course_like, "markupsafe", "3.0.3")
    install(course_like, "jinja2", "2.11.3", requires=("MarkupSafe>=0.23",))
    assert diagnose(environ, course_like).complaints == ["releases-do-not-fit"]


@pytest.mark.parametrize("setting", [("USE_TF", "1"), ("USE_TORCH", "no")])
def test_torch_that_is_switched_off(
    course_like: Path, environ: dict[str, str], setting: tuple[str, str]
) -> None:
    install(course_like, "torch", "2.8.0")
    assert diagnose(environ, course_like, USE_TORCH="1").failed == []
    assert diagnose(environ, course_like, **dict([setting])).failed == ["torch-switched-off"]


def test_an_optional_library_that_is_too_old(course_like: Path, environ: dict[str, str]) -> None:
    shutil.rmtree(info(course_like, "transformers"))
    asked = (
        'jinja2>=3.1.0; extra == "chat-template"',
        'urllib3<2.0.0; extra == "quality"',
        'pytest>=99; extra == "testing"',
    )
    install(course_like, "transformers", "4.57.6", requires=asked)
    install(course_like, "jinja2", "3.0.3")
    said = diagnose(environ, course_like)
    assert said.complaints == ["companion-too-old"]
    assert "jinja2 3.0.3" in said.of("companion-too-old")["title"]


def test_a_remedy_without_pip_is_for_uv(course_like: Path, environ: dict[str, str]) -> None:
    for name in ("pip",):
        shutil.rmtree(info(course_like, name))
        shutil.rmtree(site_of(course_like) / name)
    (info(course_like, "numpy") / "WHEEL").write_text(TAG.format("win_amd64"))
    (command,) = diagnose(environ, course_like).of("wheel-for-another-system")["remedy"]["commands"]
    python = str(course_like / "bin" / "python")
    assert command == ["uv", "pip", "install", "--python", python, "--reinstall", "--no-deps", "numpy==2.3.4"]
