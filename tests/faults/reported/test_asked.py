"""What the person's own code asks of datasets and of the Hub, and does not get."""

from __future__ import annotations

from pathlib import Path

import pytest

from doctor.texts.search import by_text
from tests.faults.dists import install
from tests.faults.patient import diagnose
from tests.faults.reported.whoami import with_token
from tests.faults.test_sources import notebook

READS = (
    "from datasets import load_dataset\nds = load_dataset('PolyAI/minds14', 'en-US')\nds['train'][0]['audio']"
)
CASTS = "from datasets import Audio\nds = ds.cast_column('path', Audio(decode=False))"


@pytest.mark.parametrize(
    ("code", "version", "more", "severity", "mend"),
    [
        (READS, "4.0.0", {"torch": "2.8.0"}, "warn", "torchcodec==0.7.*"),
        (READS, "4.0.0", {"torch": "2.6.0"}, "warn", "datasets<4"),
        (
            CASTS,
            "4.0.0",
            {"soundfile": "0.13.1", "librosa": "0.11.0", "torch": "2.6.0"},
            "info",
            "datasets<4",
        ),
        (CASTS, "4.0.0", {}, None, ""),
        (READS, "3.6.0", {"soundfile": "0.13.1", "librosa": "0.11.0"}, None, ""),
        (READS, "4.0.0", {"torchcodec": "0.5"}, None, ""),
    ],
)
def test_sound_of_datasets_4(
    course_like: Path,
    environ: dict[str, str],
    home: Path,
    code: str,
    version: str,
    more: dict[str, str],
    severity: str | None,
    mend: str,
) -> None:
    """https://github.com/huggingface/datasets/issues/7678: "To support decoding audio data, please install 'torchcodec'."."""
    for name, its in {"datasets": version, **more}.items():
        install(course_like, name, its)
    notebook(home / "sound.ipynb", code)
    said = diagnose({**environ, "TARGET": str(course_like)}, "--area", "packages")
    told = [one for one in said.findings if one["id"] == "datasets-audio-needs-torchcodec"]
    assert [one["severity"] for one in told] == ([severity] if severity else [])
    assert [one["remedy"]["commands"][0][-1] for one in told] == ([mend] if mend else [])


PROVIDER = "from huggingface_hub import InferenceClient\nclient = InferenceClient('org/model')"
OWN_SERVER = "from huggingface_hub import InferenceClient\nclient = InferenceClient('http://127.0.0.1:8080')"


@pytest.mark.parametrize(
    ("rights", "code", "agents", "severity"),
    [
        (["repo.write"], PROVIDER, False, "warn"),
        (["repo.write"], "1 + 1", True, "info"),
        (["repo.write"], OWN_SERVER, False, None),
        (["repo.write", "inference.serverless.write"], PROVIDER, True, None),
        (None, PROVIDER, True, None),
    ],
)
def test_a_token_without_the_right_to_call_providers(
    course_like: Path,
    environ: dict[str, str],
    home: Path,
    tmp_path: Path,
    rights: list[str] | None,
    code: str,
    agents: bool,
    severity: str | None,
) -> None:
    """https://github.com/huggingface/agents-course/issues/558: 403 of the router, the token itself is fine."""
    notebook(home / "agent.ipynb", code)
    if agents:
        install(course_like, "smolagents", "1.15.0")
    token: dict[str, object] = {"role": "write"}
    if rights is not None:
        token = {"role": "fineGrained", "fineGrained": {"global": [], "scoped": [{"permissions": rights}]}}
    said = with_token(token, environ, course_like, tmp_path)
    told = [one for one in said.findings if one["id"] == "hf-token-lacks-inference"]
    assert [one["severity"] for one in told] == ([severity] if severity else [])


def test_the_words_of_the_router_are_known() -> None:
    said = "403 Forbidden: This authentication method does not have sufficient permissions to call Inference Providers on behalf of user me"
    assert by_text(said)[0].id == "hf-token-lacks-inference"
