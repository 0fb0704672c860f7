"""What is left in an environment by hands, by old ways of installing and by links; and notebooks that are none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.faults.dists import install, site_of
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
