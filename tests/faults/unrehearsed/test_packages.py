"""What is left in an environment by hands, by old ways of installing and by links; and notebooks that are none."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.faults.dists import install, remove, site_of
from tests.faults.patient import Diagnosis, diagnose


def look(environ: dict[str, str], env: Path, *areas: str) -> Diagnosis:
    said = diagnose({**environ, "TARGET": str(env)}, "--area", ",".join(("packages", *areas)))
    assert "torch-unknown" not in said.complaints
    return said


def test_metadata_that_was_deleted_is_one_fault(course_like: Path, environ: dict[str, str]) -> None:
    info = install(course_like, "accelerate", "1.15.0")
    (info / "METADATA").unlink()
    assert look(environ, course_like).complaints == ["packages-half-installed"]


def test_a_source_folder_of_develop_that_is_gone(
    course_like: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    source = tmp_path / "lecture"
    (source / "lecture.egg-info").mkdir(parents=True)
    (source / "lecture.egg-info/PKG-INFO").write_text(
        "Metadata-Version: 2.1\nName: lecture\nVersion: 0.1\n\n"
    )
    (site_of(course_like) / "lecture.egg-link").write_text(f"{source}\n.\n")
    assert look(environ, course_like).complaints == []
    shutil.rmtree(source)
    assert look(environ, course_like).complaints == ["editable-source-gone"]


def test_links_in_a_circle_crash_nothing(course_like: Path, environ: dict[str, str]) -> None:
    install(course_like, "datasets", "3.6.0")
    folder = site_of(course_like) / "datasets"
    shutil.rmtree(folder)
    folder.symlink_to("datasets")
    assert look(environ, course_like, "torch").failed == ["wheel-files-missing"]


NOTEBOOK = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<!DOCTYPE html><html><body>GitHub</body></html>",
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
        '{\n "cells": [\n<<<<<<< HEAD\n  {}\n=======\n>>>>>>> theirs\n ]}',
        NOTEBOOK[:40],
    ],
)
def test_a_notebook_that_is_none(course_like: Path, environ: dict[str, str], home: Path, text: str) -> None:
    (home / "lecture.ipynb").write_text(NOTEBOOK)
    assert look(environ, course_like).complaints == []
    (home / "lecture.ipynb").write_text(text)
    assert look(environ, course_like).complaints == ["notebook-unreadable"]


def test_old_metadata_beside_new(course_like: Path, environ: dict[str, str]) -> None:
    """What `setup.py install` of other years left: whoever asks for the version may get that of the old one."""
    for version, complaints in (("4.57.6", []), ("3.0.2", ["duplicate-dist-info"])):
        info = site_of(course_like) / "transformers-3.0.2-py3.7.egg-info"
        info.mkdir(exist_ok=True)
        (info / "PKG-INFO").write_text(f"Metadata-Version: 1.1\nName: transformers\nVersion: {version}\n")
        assert look(environ, course_like).complaints == complaints


def test_a_record_that_lost_its_content(course_like: Path, environ: dict[str, str]) -> None:
    (install(course_like, "accelerate", "1.15.0") / "RECORD").write_text("")
    assert look(environ, course_like).complaints == ["packages-half-installed"]


def test_packages_that_another_python_left_are_not_taken_for_the_environments(
    course_like: Path, environ: dict[str, str]
) -> None:
    other = course_like / "lib/python3.99/site-packages/transformers/__init__.py"
    other.parent.mkdir(parents=True)
    other.write_text("")
    assert look(environ, course_like).complaints == []


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        (
            ["import transformers", "import os\nos.environ['HF_HOME'] = '/data'"],
            "hf-endpoint-set-after-import",
        ),
        (["from datasets import load_dataset", "%env HF_HUB_OFFLINE=1"], "hf-endpoint-set-after-import"),
        (["!export HF_ENDPOINT=https://hf-mirror.com"], "notebook-export-without-effect"),
    ],
)
def test_a_variable_that_no_library_sees(
    course_like: Path, environ: dict[str, str], home: Path, cells: list[str], name: str
) -> None:
    write_notebook(home, *cells)
    assert look(environ, course_like).complaints == [name]


def test_variables_that_libraries_see(course_like: Path, environ: dict[str, str], home: Path) -> None:
    write_notebook(
        home,
        "%env HF_HOME=/data\n!export A=1 && echo $A",
        "import transformers",
        "import os\nos.environ['HF_HOME'] = '/data'\nos.environ['MY_OWN'] = '1'",
    )
    assert look(environ, course_like).complaints == []


def test_a_file_named_like_a_library_that_transformers_imports(
    course_like: Path, environ: dict[str, str], home: Path
) -> None:
    install(course_like, "accelerate", "1.15.0")
    write_notebook(home, "from transformers import Trainer")
    (home / "accelerate.py").write_text("print('faster')")
    assert look(environ, course_like).complaints == ["cwd-file-shadows-module"]


def write_notebook(home: Path, *cells: str) -> None:
    code: list[dict[str, object]] = [
        {"cell_type": "code", "source": cell, "metadata": {}, "outputs": [], "execution_count": None}
        for cell in cells
    ]
    (home / "a.ipynb").write_text(json.dumps({**json.loads(NOTEBOOK), "cells": code}))


@pytest.mark.parametrize(
    ("name", "version", "other", "its"),
    [
        ("openai", "1.30.0", "httpx", "0.28.1"),
        ("onnx", "1.12.0", "protobuf", "6.33.0"),
        ("datasets", "2.14.4", "fsspec", "2024.3.1"),
    ],
)
def test_more_releases_that_do_not_fit(
    course_like: Path, environ: dict[str, str], name: str, version: str, other: str, its: str
) -> None:
    install(course_like, name, version)
    assert look(environ, course_like).complaints == []
    install(course_like, other, its)
    assert look(environ, course_like).complaints == ["releases-do-not-fit"]


def test_packages_for_other_work_may_be_old(course_like: Path, environ: dict[str, str]) -> None:
    """transformers names them for its server alone."""
    remove(course_like, "transformers")
    install(course_like, "openai", "1.60.0")
    served = ('openai>=1.98.0; extra == "serving"', 'jax<=0.4.13,>=0.4.1; extra == "flax"')
    install(course_like, "jax", "0.3.0")
    install(course_like, "transformers", "4.57.6", requires=served)
    assert look(environ, course_like).complaints == []


def test_a_notebook_with_what_only_python_takes_for_json(
    course_like: Path, environ: dict[str, str], home: Path
) -> None:
    (home / "a.ipynb").write_text(NOTEBOOK.replace('"metadata": {}', '"metadata": {"x": NaN}'))
    assert look(environ, course_like).complaints == []
