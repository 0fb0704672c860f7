"""The smoke test run in a real target environment, and its command line in ours."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "smoke_test.py"
LECTURE = json.loads((ROOT / "scripts" / "smoke" / "lecture1.json").read_text(encoding="utf-8"))["tasks"]
NAMES = [entry["task"] for entry in LECTURE]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
KEYS = {"task", "model", "weights", "device", "status", "load_s", "run_s", "peak_mb", "note", "error"}
Done = subprocess.CompletedProcess[str]


def smoke(python: str, *arguments: str, **variables: str) -> Done:
    """Run the script; `variables` are set in its environment, where by default nothing is in the model cache."""
    environment = {**os.environ, "HF_HUB_CACHE": "/nowhere", "LC_ALL": "C.UTF-8", **variables}
    command = [python, str(SCRIPT), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)


def rows_of(done: Done) -> dict[str, dict[str, Any]]:
    return {row["task"]: row for row in json.loads(done.stdout)["tasks"]}


def without_ffmpeg(folder: Path) -> str:
    """A PATH on which everything is found that is found now, but for ffmpeg."""
    seen: set[str] = set()
    for directory in os.get_exec_path():
        for program in Path(directory).glob("*") if Path(directory).is_dir() else ():
            if program.name not in seen and program.name != "ffmpeg":
                seen.add(program.name)
                (folder / program.name).symlink_to(program)
    return str(folder)


@pytest.fixture(scope="session")
def ffmpeg() -> str:
    """The audio tasks prove nothing without it, so its absence is a failure and not a reason to skip."""
    path = shutil.which("ffmpeg")
    assert path, "these tests need the command ffmpeg on PATH: apt-get install ffmpeg"
    return path


@pytest.fixture(scope="session")
def full_run(target_python: str, ffmpeg: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Done, Path]:
    """Every task once, with synthetic weights; the one long run."""
    out = tmp_path_factory.mktemp("smoke") / "report.json"
    return smoke(target_python, "--weights", "synthetic", "--json", "--out", str(out)), out


@pytest.mark.target
def test_every_task_of_the_lecture_passes(full_run: tuple[Done, Path]) -> None:
    done, _ = full_run
    report = json.loads(done.stdout)
    assert [row["task"] for row in report["tasks"]] == NAMES
    problems = {
        row["task"]: row["error"] or row["note"] for row in report["tasks"] if row["status"] != "pass"
    }
    assert not problems
    assert done.returncode == 0
    assert report["summary"] == {"passed": 11, "failed": 0, "unavailable": 0, "real": 0, "synthetic": 11}


@pytest.mark.target
def test_the_report_has_the_promised_shape(full_run: tuple[Done, Path]) -> None:
    report = json.loads(full_run[0].stdout)
    assert report["schema"] == 1
    assert {"torch", "transformers", "huggingface_hub"} <= set(report["versions"])
    assert report["device"] == "cpu" or report["device"].startswith("cuda:")
    for row in report["tasks"]:
        assert set(row) == KEYS
        assert row["weights"] == "synthetic" and row["device"] == report["device"] and row["error"] is None
        assert row["load_s"] > 0 and row["run_s"] >= 0 and row["peak_mb"] >= 0
    assert max(row["peak_mb"] for row in report["tasks"]) > 1, "a memory meter that always shows nothing"


@pytest.mark.target
def test_the_kept_report_is_the_printed_one(full_run: tuple[Done, Path]) -> None:
    done, out = full_run
    assert json.loads(out.read_text()) == json.loads(done.stdout)
    assert [path.name for path in out.parent.iterdir()] == [out.name], "temporary files were left behind"


@pytest.mark.target
def test_detr_runs_on_timm_or_says_why_not(full_run: tuple[Done, Path]) -> None:
    report = json.loads(full_run[0].stdout)
    note = rows_of(full_run[0])["object-detection"]["note"]
    assert ("torchvision" in report["versions"]) == (note == "")
    assert "torchvision" in report["versions"] or "instead of timm" in note


@pytest.mark.target
def test_a_missing_ffmpeg_fails_its_tasks_alone(target_python: str, tmp_path: Path) -> None:
    tasks = [
        "--task",
        "automatic-speech-recognition",
        "--task",
        "audio-classification",
        "--task",
        "fill-mask",
    ]
    done = smoke(target_python, "--json", *tasks, PATH=without_ffmpeg(tmp_path))
    rows = rows_of(done)
    assert done.returncode == 1
    assert rows["fill-mask"]["status"] == "pass"
    for task in ("automatic-speech-recognition", "audio-classification"):
        assert rows[task]["status"] == "fail"
        assert "apt-get install ffmpeg" in rows[task]["error"]["message"]
        assert (
            rows[task]["error"]["traceback"].startswith("Traceback")
            and "audio.py" in rows[task]["error"]["traceback"]
        )


BUILD = """
import sys
from pathlib import Path
import torch
from smoke.common import Bench
from smoke.text import build_fill_mask, build_ner, build_sentiment
from smoke.messages import speaker
torch.manual_seed(0)
for name, build in (("sentiment", build_sentiment), ("ner", build_ner), ("mask", build_fill_mask)):
    folder = Path(sys.argv[1]) / name
    folder.mkdir()
    build(folder, Bench(name, name, None, False, "cpu", folder, speaker("en")))
"""


def into_cache(cache: Path, model: str, files: Path, ref: bool = True) -> Path:
    """Lay `files` out as huggingface_hub does: blobs, and a snapshot of relative links to them."""
    repo = cache / f"models--{model.replace('/', '--')}"
    snapshot = repo / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (repo / "blobs").mkdir()
    for file in files.iterdir():
        shutil.copy(file, repo / "blobs" / f"blob-{file.name}")
        (snapshot / file.name).symlink_to(Path("..") / ".." / "blobs" / f"blob-{file.name}")
    if ref:
        (repo / "refs").mkdir()
        (repo / "refs" / "main").write_text(COMMIT)
    return snapshot


@pytest.fixture(scope="session")
def tiny_models(target_python: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parent)}
    subprocess.run([target_python, "-c", BUILD, str(folder)], env=environment, check=True, timeout=300)
    return folder


@pytest.fixture
def home_with_models(tiny_models: Path, tmp_path: Path) -> Path:
    """An HF_HOME: one model complete under main, one under a pinned commit alone, one with its weights' blob gone."""
    cache = tmp_path / "hub"
    into_cache(cache, "acme/sentiment", tiny_models / "sentiment")
    into_cache(cache, "acme/mask", tiny_models / "mask", ref=False)
    broken = into_cache(cache, "acme/ner", tiny_models / "ner")
    (broken / "model.safetensors").resolve().unlink()
    return tmp_path


@pytest.mark.target
def test_prefetched_models_are_used_offline_and_judged(target_python: str, home_with_models: Path) -> None:
    """Random weights in a real cache: found and loaded, and the expected-answer check must fail on them."""
    spec = home_with_models / "spec.json"
    entries = [
        {"task": "sentiment-analysis", "model": "acme/sentiment"},
        {"task": "fill-mask", "model": "acme/mask", "revision": COMMIT},
        {"task": "ner", "model": "acme/ner"},
    ]
    spec.write_text(json.dumps({"tasks": entries}))
    done = smoke(target_python, "--json", "--spec", str(spec), HF_HUB_CACHE="", HF_HOME=str(home_with_models))
    rows = rows_of(done)
    assert done.returncode == 1
    for task, expected in (
        ("sentiment-analysis", "expected POSITIVE, NEGATIVE"),
        ("fill-mask", "expected 法"),
    ):
        assert rows[task]["weights"] == "real" and rows[task]["load_s"] > 0
        assert rows[task]["error"]["type"] == "AssertionError" and expected in rows[task]["error"]["message"]
    assert (rows["ner"]["weights"], rows["ner"]["status"]) == ("synthetic", "pass")
    assert "not completely in the cache" in rows["ner"]["note"]
    assert json.loads(done.stdout)["summary"] == {
        "passed": 1,
        "failed": 2,
        "unavailable": 0,
        "real": 2,
        "synthetic": 1,
    }


@pytest.mark.target
def test_real_weights_that_are_not_there(target_python: str) -> None:
    done = smoke(target_python, "--weights", "real", "--task", "ner", "--lang", "zh")
    assert done.returncode == 1
    assert "不可用" in done.stdout and "make models" in done.stdout and "/nowhere" in done.stdout


@pytest.mark.target
def test_a_killed_run_keeps_its_finished_rows(target_python: str, tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    spec = tmp_path / "spec.json"
    # Many times the same task: the run must still be at it when the kill comes.
    spec.write_text(json.dumps({"tasks": [{"task": "fill-mask", "model": "acme/mask"}] * 2000}))
    command = [target_python, str(SCRIPT), "--weights", "synthetic", "--out", str(out), "--spec", str(spec)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while not (out.is_file() and json.loads(out.read_text())["tasks"]):
            assert time.monotonic() < deadline and process.poll() is None, "no row was kept in time"
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait(timeout=60)
    report = json.loads(out.read_text())
    assert report["tasks"][0]["status"] == "pass"
    assert report["running"] == "fill-mask"


def test_an_environment_without_torch_fails_every_task_and_says_why() -> None:
    """Our own interpreter has no torch: that is a broken target environment."""
    done = smoke(sys.executable, "--json")
    rows = rows_of(done)
    assert done.returncode == 1
    assert list(rows) == NAMES
    assert {row["error"]["message"] for row in rows.values()} == {"No module named 'torch'"}


@pytest.mark.parametrize(("said", "code"), [("go\n", 1), ("", 130)])
def test_it_can_be_started_ahead_and_runs_when_it_is_told(said: str, code: int, tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    argv = [sys.executable, str(SCRIPT), "--wait", "--out", str(out), "--task", "ner"]
    done = subprocess.run(argv, input=said, capture_output=True, text=True, timeout=60)
    assert done.returncode == code
    assert out.exists() == bool(said), "whoever started it may be gone, and nobody reads the report"


def test_the_human_table_names_the_failure_and_the_next_command() -> None:
    done = smoke(sys.executable, "--task", "ner", "--lang", "en")
    assert "FAIL" in done.stdout and "ModuleNotFoundError: No module named 'torch'" in done.stdout
    assert "--task ner" in done.stdout and "Traceback" in done.stdout
    assert max(len(line) for line in done.stdout.split("--- ner")[0].splitlines()) <= 80


def test_list_names_every_task_and_model() -> None:
    done = smoke(sys.executable, "--list")
    assert done.returncode == 0
    assert [line.split() for line in done.stdout.splitlines()] == [[e["task"], e["model"]] for e in LECTURE]


SPECS = {
    "not JSON": ("{", "cannot be read as JSON"),
    "not a list": ('{"tasks": {}}', "expected"),
    "unknown task": ('{"tasks": [{"task": "fil-mask", "model": "m"}]}', "did you mean fill-mask?"),
    "no model": ('{"tasks": [{"task": "ner"}]}', 'task 1: expected the keys "task", "model"'),
    "unknown key": ('{"tasks": [{"task": "ner", "model": "m", "rev": "x"}]}', "expected the keys"),
    "short commit": (
        '{"tasks": [{"task": "ner", "model": "m", "revision": "4c53496"}]}',
        "40 hexadecimal digits",
    ),
    "not a string": ('{"tasks": [{"task": "ner", "model": 7}]}', "must be a string"),
}


@pytest.mark.parametrize(("content", "complaint"), SPECS.values(), ids=SPECS.keys())
def test_a_bad_spec_is_refused(content: str, complaint: str, tmp_path: Path) -> None:
    spec = tmp_path / "spec.json"
    spec.write_text(content)
    done = smoke(sys.executable, "--spec", str(spec), "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--task", "summarisation"], "did you mean summarization?"),
        (["--task", "ner", "--task", "xyz"], "known: sentiment-analysis, ner"),
        (["--spec", "/nowhere/spec.json"], "/nowhere/spec.json"),
        (["--out", "/nowhere/report.json"], "there is no folder /nowhere"),
        (["--out", "/tmp"], "no file can be written there"),
        (["--device", "gpu"], "none of auto, cpu, cuda"),
        (["--weights", "some"], "invalid choice"),
    ],
)
def test_bad_arguments_are_refused(arguments: list[str], complaint: str) -> None:
    done = smoke(sys.executable, "--json", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr and "Traceback" not in done.stderr


def test_nothing_but_the_report_reaches_standard_output() -> None:
    program = (
        "import os, sys; from smoke_test import clean_stdout\n"
        "with clean_stdout() as out:\n"
        "    print('library'); os.system('echo child'); out.write('report')\n"
        "print('after')"
    )
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parent)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "reportafter\n"
    assert sorted(done.stderr.split()) == ["child", "library"]
