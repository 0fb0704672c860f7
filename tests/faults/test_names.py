"""Distributions that metadata lets stand beside each other, and that cannot be imported together."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.dists import install
from tests.faults.patient import Diagnosis, diagnose

DATASETS = {
    "datasets/__init__.py": "from .model import PeftModel\n",
    "datasets/model.py": "from transformers import GoneCache\nPeftModel = 1\n",
}
GUARDED = {
    "datasets/__init__.py": "try:\n    from transformers import GoneCache\nexcept ImportError:\n    GoneCache = None\n"
}


def look(environ: dict[str, str], env: Path) -> Diagnosis:
    return diagnose({**environ, "TARGET": str(env)}, "--area", "packages")


@pytest.mark.parametrize(("files", "severity"), [(DATASETS, "fail"), (GUARDED, None)])
def test_a_name_that_transformers_does_not_have(
    course_like: Path, environ: dict[str, str], files: dict[str, str], severity: str | None
) -> None:
    install(course_like, "datasets", "3.6.0", files, requires=["transformers"])
    said = look(environ, course_like)
    assert said.complaints == (["name-not-in-library"] if severity else [])
    assert said.failed == (["name-not-in-library"] if severity == "fail" else [])


def test_of_a_package_that_the_course_does_not_need_it_is_a_warning(
    course_like: Path, environ: dict[str, str]
) -> None:
    install(
        course_like, "toy", "1.0", {"toy.py": "import transformers\nclass Mine(transformers.Gone): pass\n"}
    )
    said = look(environ, course_like)
    assert (said.complaints, said.failed) == (["name-not-in-library"], [])
    assert "toy.py:2 Gone (transformers)" in str(said.of("name-not-in-library"))


def test_a_requirement_that_says_it_is_the_cause(course_like: Path, environ: dict[str, str]) -> None:
    install(course_like, "datasets", "3.6.0", DATASETS, requires=["transformers>=99"])
    assert look(environ, course_like).complaints == ["requirement-conflict"]


def test_a_library_that_lost_its_files_is_the_cause(course_like: Path, environ: dict[str, str]) -> None:
    install(course_like, "peft", "0.14.0", {"peft.py": "from datasets.load import load_dataset\n"})
    install(
        course_like,
        "datasets",
        "3.6.0",
        {"datasets/__init__.py": "", "datasets/load.py": "load_dataset = 1\n"},
    )
    assert look(environ, course_like).complaints == []
    (next(course_like.glob("lib/python3*/site-packages")) / "datasets/load.py").unlink()
    assert look(environ, course_like).complaints == ["wheel-files-missing"]
