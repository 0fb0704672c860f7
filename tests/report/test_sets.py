"""The word `sets`, as a person and as a program reads it."""

from __future__ import annotations

import json

import pytest

from doctor.errors import Exit, Trouble
from doctor.goal.model_sets import load_manifest, set_names
from doctor.goal.profile import load_profile
from doctor.report import sets

PROFILE = load_profile("llm-quickstart")


def test_every_set_and_model_is_listed_with_what_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert sets.sets((), PROFILE, "en", as_json=False) == Exit.FINE
    said = capsys.readouterr().out
    for name in set_names():
        assert all(model.id in said for model in load_manifest(name).model)
    assert "lecture-1 · 5.7 GB" in said and "MODELS=all of llm-quickstart" in said
    row = next(line for line in said.splitlines() if line.endswith("NousResearch/Llama-2-7b-hf"))
    assert row.split() == ["13.5", "GB", "≥", "13.5", "GB", "fp16", "llama2", "NousResearch/Llama-2-7b-hf"]
    assert "https://huggingface.co/meta-llama/Llama-2-7b-hf" in said
    assert "fsicoli/common_voice_*" in said and "asked for by autoawq" in said.replace("\n    ", " ")


def test_one_set_in_chinese(capsys: pytest.CaptureFixture[str]) -> None:
    assert sets.sets(("peft",), PROFILE, "zh", as_json=False) == Exit.FINE
    said = capsys.readouterr().out
    assert "已不可用" in said and "lecture-1" not in said


def test_json_is_the_manifest(capsys: pytest.CaptureFixture[str]) -> None:
    sets.sets(("quantization",), PROFILE, "en", as_json=True)
    said = json.loads(capsys.readouterr().out)
    (one,) = said["sets"]
    assert one["bytes"] == sum(model["bytes"] for model in one["models"]) and said["exit_code"] == 0
    assert one["models"][0]["revision"] == "27dcfa74d334bc871f3234de431e71c6eeba5dd6"


def test_an_unknown_set_is_told_with_the_nearest() -> None:
    with pytest.raises(Trouble, match=r"no set 'lama'\. Did you mean llama"):
        sets.sets(("lama",), PROFILE, "en", as_json=False)
