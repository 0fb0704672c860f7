"""Packages that do not go together, as people have reported them; each named at first sight."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.dists import install
from tests.faults.patient import Diagnosis, diagnose


def look(environ: dict[str, str], env: Path) -> Diagnosis:
    return diagnose({**environ, "TARGET": str(env)}, "--area", "python,packages")


@pytest.mark.parametrize(
    ("versions", "names"),
    [
        # https://github.com/googlecolab/colabtools/issues/5338: "Loading a dataset cached in a LocalFileSystem"
        ({"datasets": "2.14.4", "fsspec": "2025.3.2"}, "datasets"),
        # https://github.com/vibrantlabsai/ragas/issues/2170: "module 'pyarrow' has no attribute 'PyExtensionType'"
        ({"datasets": "2.14.4", "pyarrow": "21.0.0"}, "datasets"),
        ({"datasets": "2.12.0", "pyarrow": "21.0.0"}, "datasets"),
        # https://github.com/MicrosoftDocs/windows-ai-docs/issues/77: "Descriptors cannot not be created directly"
        ({"tensorboard": "1.15.0", "protobuf": "4.21.2"}, "tensorboard"),
    ],
)
def test_releases_whose_metadata_allows_them(
    course_like: Path, environ: dict[str, str], versions: dict[str, str], names: str
) -> None:
    (old, version), (new, other) = versions.items()
    install(course_like, new, other)
    assert look(environ, course_like).complaints == []
    install(course_like, old, version, requires=(new,))
    said = look(environ, course_like)
    assert said.complaints == ["releases-do-not-fit"]
    told = said.of("releases-do-not-fit")
    assert f"{old} {version}" in told["title"] and f"{new} {other}" in told["title"]
    assert told["remedy"]["commands"][0][-1] == names


def test_gradio_beside_a_pydantic_of_before(course_like: Path, environ: dict[str, str]) -> None:
    """https://github.com/gradio-app/gradio/issues/9870: "cannot import name 'GetCoreSchemaHandler' from 'pydantic'"."""
    install(course_like, "gradio", "4.44.1", requires=("pydantic>=2.0", "numpy<3.0,>=1.0"))
    install(course_like, "pydantic", "1.10.18")
    said = look(environ, course_like)
    assert said.complaints == ["requirement-conflict"]
    assert "gradio 4.44.1: pydantic>=2.0 ≠ 1.10.18" in said.of("requirement-conflict")["evidence"]
    assert said.of("requirement-conflict")["remedy"]["commands"][0][-1] == "pydantic>=2.0"
