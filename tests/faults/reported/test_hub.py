"""The Hub and its client, as people have reported them; each named at first sight."""

from __future__ import annotations

from pathlib import Path

from tests.faults.dists import install
from tests.faults.patient import diagnose


def test_fast_download_without_its_package(course_like: Path, environ: dict[str, str]) -> None:
    """https://github.com/zml/zml/issues/339: "'hf_transfer' package is not available in your environment"."""
    person = {**environ, "TARGET": str(course_like), "HF_HUB_ENABLE_HF_TRANSFER": "1"}
    said = diagnose(person, "--area", "hub,packages,python")
    assert said.failed == ["hf-transfer-without-package"]
    told = said.of("hf-transfer-without-package")
    assert told["remedy"]["commands"] == [["unset", "HF_HUB_ENABLE_HF_TRANSFER"]]
    install(course_like, "hf-transfer", "0.1.9")
    assert diagnose(person, "--area", "hub,packages,python").complaints == []
