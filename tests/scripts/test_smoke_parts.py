"""The smoke test's parts without torch: the answers' judges, the cache, the table, the messages."""

from __future__ import annotations

import importlib
import json
import shutil
import string
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))
audio, cache, common, messages, runner, table, text, vision = (
    importlib.import_module(f"smoke.{name}")
    for name in ("audio", "cache", "common", "messages", "runner", "table", "text", "vision")
)
SAY = messages.speaker("en")
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def make_bench(work: Path, task: str = "ner", real: bool = True) -> Any:
    return common.Bench(task, "acme/model", None, real, "cpu", work, SAY)


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


def fake_torch(monkeypatch: pytest.MonkeyPatch, devices: int, cuda: str | None) -> None:
    gpu = SimpleNamespace(is_available=lambda: devices > 0, device_count=lambda: devices)
    version = SimpleNamespace(cuda=cuda, hip=None)
    monkeypatch.setitem(
        sys.modules, "torch", SimpleNamespace(cuda=gpu, version=version, __version__="2.13.0")
    )


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


@pytest.fixture
def snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A complete snapshot of acme/model, in a cache that the environment points to."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    folder = tmp_path / "models--acme--model" / "snapshots" / COMMIT
    folder.mkdir(parents=True)
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (folder / name).write_text("{}")
    return folder


def found() -> Any:
    return cache.find_revision("acme/model", COMMIT, cache.MODEL_PARTS)


def test_a_complete_snapshot_is_found(snapshot: Path) -> None:
    assert found() == COMMIT


def test_the_cached_main_stands_in_for_a_revision_that_is_not_cached(snapshot: Path) -> None:
    other = "f" * 40
    assert cache.find_revision("acme/model", other, cache.MODEL_PARTS) is None
    refs = snapshot.parents[1] / "refs"
    refs.mkdir()
    (refs / "main").write_text(COMMIT)
    assert cache.find_revision("acme/model", other, cache.MODEL_PARTS) == COMMIT


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_missing_or_empty_part_is_incomplete(name: str, snapshot: Path) -> None:
    (snapshot / name).write_text("")
    assert found() is None
    (snapshot / name).unlink()
    assert found() is None


def test_a_dangling_link_is_incomplete(snapshot: Path) -> None:
    (snapshot / "merges.txt").symlink_to("../../blobs/gone")
    assert found() is None


def test_every_shard_of_an_index_must_be_there(snapshot: Path) -> None:
    (snapshot / "model.safetensors").rename(snapshot / "model-1.safetensors")
    index = snapshot / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}))
    assert found() is None
    (snapshot / "model-2.safetensors").write_text("x")
    assert found() == COMMIT


def chosen(task: str, revision: str | None, weights: str) -> Any:
    bench = make_bench(Path("/nowhere"), task, real=False)
    bench.revision = revision
    runner.choose_weights(runner.TASKS[task], bench, weights)
    return bench


def test_prefetched_weights_are_real_unless_synthetic_ones_are_asked_for(snapshot: Path) -> None:
    for weights in ("auto", "real"):
        bench = chosen("ner", COMMIT, weights)
        assert (bench.real, bench.revision, bench.notes) == (True, COMMIT, [])
    bench = chosen("ner", COMMIT, "synthetic")
    assert (bench.real, bench.revision, bench.notes) == (False, None, [])


def test_another_revision_than_the_pinned_one_is_said(snapshot: Path) -> None:
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text(COMMIT)
    bench = chosen("ner", "f" * 40, "auto")
    assert (bench.real, bench.revision) == (True, COMMIT)
    assert bench.notes == ["revision ffffffff is not in the cache: used the cached main, 01234567"]


def test_detr_needs_its_backbone_in_the_cache_too(snapshot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_torch(monkeypatch, 1, "12.8")
    with pytest.raises(common.Unavailable, match=r"^timm/resnet50\.a1_in1k not completely"):
        chosen("object-detection", COMMIT, "real")
    backbone = snapshot.parents[2] / "models--timm--resnet50.a1_in1k"
    shutil.copytree(snapshot, backbone / "snapshots" / COMMIT)
    (backbone / "refs").mkdir()
    (backbone / "refs" / "main").write_text(COMMIT)
    assert chosen("object-detection", COMMIT, "real").real
    fake_torch(monkeypatch, 0, None)
    assert not chosen("object-detection", COMMIT, "auto").real
    with pytest.raises(common.Unavailable, match="no torchvision for this torch"):
        chosen("object-detection", COMMIT, "real")


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"HF_HUB_CACHE": "/a", "HF_HOME": "/b"}, "/a"),
        ({"HUGGINGFACE_HUB_CACHE": "/c"}, "/c"),
        ({"HF_HOME": "/b"}, "/b/hub"),
        ({"XDG_CACHE_HOME": "/d"}, "/d/huggingface/hub"),
        ({}, "/home/me/.cache/huggingface/hub"),
    ],
)
def test_cache_folder(variables: dict[str, str], folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": "/home/me", **variables}.items():
        monkeypatch.setenv(name, value)
    assert str(cache.cache_folder()) == folder


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


def test_a_stand_in_under_a_models_name_is_not_judged_by_its_answers(
    snapshot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tenth of the size is another model; one that is whole has to answer rightly."""
    judged: list[bool] = []
    task = common.Task(lambda *_: None, lambda _, bench: judged.append(bench.real), load=lambda *_: None)
    monkeypatch.setitem(runner.TASKS, "ner", task)
    monkeypatch.setattr(runner.measure, "begin", lambda device: 0.0)
    size = cache.size("acme/model", COMMIT)
    for wanted in (size * 11, size):
        entry = {"task": "ner", "model": "acme/model", "revision": COMMIT, "bytes": wanted}
        row = runner.run_task(entry, "auto", "cpu", SAY)
        assert (row["status"], "much smaller" in row["note"]) == ("pass", wanted > size), row
    assert judged == [False, True]
