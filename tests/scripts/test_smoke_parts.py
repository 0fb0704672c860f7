"""The smoke test's parts without torch: the answers' judges, the table, the messages."""

from __future__ import annotations

import string
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.scripts.smoke_parts import (
    audio,
    common,
    fake_torch,
    make_bench,
    messages,
    runner,
    table,
    text,
    vision,
)


def pipe_that_answers(answer: Any, labels: tuple[str, ...] = ()) -> Any:
    """What `pipeline()` returns, as far as the judges look at it."""

    class Pipe:
        model = SimpleNamespace(config=SimpleNamespace(id2label=dict(enumerate(labels))))
        tokenizer = SimpleNamespace(convert_ids_to_tokens=lambda token: token)

        def __call__(self, *_: Any, **__: Any) -> Any:
            subprocess.run(["ffmpeg", "-version"], capture_output=True, check=True, timeout=60)
            return answer

    return Pipe()


def sentiment(*labels: str) -> list[dict[str, Any]]:
    return [{"label": label, "score": 0.9} for label in labels]


def entity(group: str, word: str) -> list[dict[str, Any]]:
    return [{"entity_group": group, "score": 0.9, "word": word, "start": 42, "end": 55}]


def guesses(first: str) -> list[dict[str, Any]]:
    return [
        {"score": 0.2, "token": t, "token_str": t, "sequence": f"巴 黎 是 {t}"} for t in (first, *"德中英美")
    ]


def span(answer: str) -> dict[str, Any]:
    return {"score": 0.9, "start": 0, "end": len(answer), "answer": answer}


# task: labels of the model, a right answer, a wrong one, what is said of the wrong one
JUDGED: dict[str, tuple[tuple[str, ...], Any, Any, str]] = {
    "sentiment-analysis": (
        ("NEGATIVE", "POSITIVE"),
        sentiment("POSITIVE", "NEGATIVE"),
        sentiment("NEGATIVE", "NEGATIVE"),
        "expected POSITIVE",
    ),
    "ner": ((), entity("LOC", "New York City"), entity("ORG", "New York City"), "New York City as LOC"),
    "question-answering": ((), span("huggingface/transformers"), span("repository"), "expected huggingface"),
    "summarization": (
        (),
        [{"summary_text": "the Transformer is based entirely on attention."}],
        [{"summary_text": "a cat sat on the mat."}],
        "not about the text",
    ),
    "fill-mask": ((), guesses("法"), guesses("泰"), "expected 法"),
    "text-generation": (
        (),
        [{"generated_text": text.PROMPT + " It"}] * 2,
        [{"generated_text": "It"}] * 2,
        "does not continue the prompt",
    ),
    "audio-classification": (
        ("neu", "dog"),
        sentiment("neu"),
        sentiment("dog"),
        "expected neu, hap, ang, sad",
    ),
    "automatic-speech-recognition": (
        (),
        {"text": " The quick brown fox jumps over the lazy dog."},
        {"text": " The clique round box jumps over the lazy dog."},
        "expected quick … brown",
    ),
}


@pytest.mark.parametrize("task", JUDGED)
def test_right_answers_pass_and_wrong_ones_fail(task: str, tmp_path: Path) -> None:
    labels, right, wrong, complaint = JUDGED[task]
    use = runner.TASKS[task].use
    use(pipe_that_answers(right, labels), make_bench(tmp_path, task))
    with pytest.raises(AssertionError, match=complaint):
        use(pipe_that_answers(wrong, labels), make_bench(tmp_path, task))


@pytest.mark.parametrize(
    ("answers", "complaint"),
    [
        ([], "non-empty"),
        ([{"label": "a", "score": 1.5}], "not scores"),
        ([{"label": "a", "score": float("nan")}], "not scores"),
        ([{"label": "a", "score": 0.1}, {"label": "a", "score": 0.2}], "best first"),
        ([{"label": "b", "score": 0.1}], "labels that the model does not have"),
    ],
)
def test_malformed_scores_are_refused(answers: list[dict[str, Any]], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        common.expect_scores(answers, {0: "a"})


def test_audio_that_did_not_go_through_ffmpeg_is_refused() -> None:
    with pytest.raises(AssertionError, match="not decoded by ffmpeg"):
        audio.hear(lambda path: {"text": "the quick brown fox"})


def test_an_ffmpeg_that_does_not_start_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "ffmpeg"
    fake.write_text("#!/bin/sh\necho 'libavdevice.so.59: cannot open shared object file' >&2\nexit 127\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(RuntimeError, match=r"ffmpeg \(.*\) does not start: libavdevice"):
        audio.require_ffmpeg(make_bench(tmp_path))


def fake_transformers(
    monkeypatch: pytest.MonkeyPatch, tasks: list[str], pipeline: Callable[..., Any]
) -> None:
    """A transformers that offers `tasks` through `pipeline`."""
    package, pipelines = ModuleType("transformers"), ModuleType("transformers.pipelines")
    vars(package).update(__version__="5.0", pipeline=pipeline, pipelines=pipelines)
    vars(pipelines).update(PIPELINE_REGISTRY=SimpleNamespace(get_supported_tasks=lambda: tasks))
    monkeypatch.setitem(sys.modules, "transformers", package)
    monkeypatch.setitem(sys.modules, "transformers.pipelines", pipelines)


def pipeline_of_five(task: str, *, model: str, revision: str | None, device: str) -> None:
    """transformers 5: no grouped_entities."""


def test_a_pipeline_that_transformers_removed_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_transformers(monkeypatch, ["ner"], pipeline_of_five)
    with pytest.raises(common.Unavailable, match=r"transformers 5\.0 has no pipeline summarization"):
        common.load_pipeline("m", make_bench(tmp_path, "summarization"), {})


def test_an_argument_that_transformers_removed_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_transformers(monkeypatch, ["ner"], pipeline_of_five)
    with pytest.raises(common.Unavailable, match="no argument grouped_entities"):
        common.load_pipeline("m", make_bench(tmp_path), {"grouped_entities": True})


def test_any_other_type_error_stays_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise TypeError("unhashable type: 'list'")

    fake_transformers(monkeypatch, ["ner"], broken)
    with pytest.raises(TypeError, match="unhashable"):
        common.load_pipeline("m", make_bench(tmp_path), {"grouped_entities": True})


@pytest.mark.parametrize(
    ("wanted", "devices", "chosen"),
    [
        ("auto", 0, "cpu"),
        ("auto", 2, "cuda:0"),
        ("cpu", 2, "cpu"),
        ("cuda", 1, "cuda:0"),
        ("cuda:1", 2, "cuda:1"),
    ],
)
def test_device(wanted: str, devices: int, chosen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_torch(monkeypatch, devices, "12.8")
    assert runner.choose_device(wanted) == chosen


@pytest.mark.parametrize(("wanted", "devices"), [("cuda", 0), ("cuda:1", 1)])
def test_a_device_that_is_not_there_is_bad_input(
    wanted: str, devices: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_torch(monkeypatch, devices, None)
    with pytest.raises(ValueError, match=f"--device {wanted}: torch 2.13.0 sees {devices} CUDA"):
        runner.choose_device(wanted)


def test_only_a_cpu_torch_excuses_a_missing_torchvision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert vision.importlib.util.find_spec("torchvision") is None
    fake_torch(monkeypatch, 0, None)
    assert "instead of timm" in vision.no_timm(make_bench(tmp_path))
    fake_torch(monkeypatch, 1, "12.8")
    assert vision.no_timm(make_bench(tmp_path)) == ""


def row(**changes: Any) -> dict[str, Any]:
    entry = {"task": "automatic-speech-recognition", "model": "openai/whisper-small"}
    measured = {"status": "pass", "load_s": 12.345, "run_s": 1.2, "peak_mb": 1234.5}
    return {**runner.empty_row(entry, "synthetic", "cuda:0"), **measured, **changes}


def rendered(language: str, *rows: dict[str, Any]) -> str:
    summary = {"passed": 1, "failed": 1, "unavailable": 0, "real": 0, "synthetic": 2}
    head = {"python": "3.11.7", "versions": {"torch": "2.13.0"}, "device": "cuda:0", "cache": "/缓存/hub"}
    return str(
        table.render(
            {**head, "tasks": rows, "summary": summary}, messages.speaker(language), "smoke --task TASK"
        )
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_columns_stand_under_each_other(language: str) -> None:
    header, line = rendered(language, row()).splitlines()[2:4]
    say = messages.speaker(language)
    for title, cell in (("task", "automatic"), ("weights", say("synthetic")), ("device", "cuda:0")):
        assert table.width(header[: header.index(say(title))]) == table.width(line[: line.index(cell)])
    assert table.width(header) == table.width(line) == 80


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_line_for_people_is_wider_than_the_terminal(language: str) -> None:
    error = {"type": "OSError", "message": "/very" * 40 + " 找不到文件" * 30, "traceback": "Traceback"}
    screen = rendered(language, row(note="模型不完整，" * 20), row(status="fail", error=error))
    assert max(table.width(line) for line in screen.splitlines()) <= 80
    assert "smoke --task automatic-speech-recognition" in screen.replace("\n", " ")
    assert "1234" in screen and "12.3" in screen


def test_wrapping_loses_nothing() -> None:
    words = "短 " + "长" * 50 + " mixed 中文 words " + "x" * 30
    lines = table.wrap(words, 20, "  ")
    assert all(table.width(line) <= 20 and line.startswith("  ") for line in lines)
    assert "".join("".join(lines).split()) == "".join(words.split())


@pytest.mark.parametrize("key", messages.MESSAGES)
def test_both_languages_say_the_same_things(key: str) -> None:
    english, chinese = messages.MESSAGES[key]
    names = [{name for _, name, _, _ in string.Formatter().parse(m) if name} for m in (english, chinese)]
    assert english and chinese and names[0] == names[1]


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_GB"}, "en"),
        ({}, "en"),
    ],
)
def test_language(variables: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert messages.language_of_environment() == language
