"""Runs one task and makes its row; whatever happens inside a task ends in its row."""

from __future__ import annotations

import gc
import importlib.metadata
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import audio, cache, measure, text, vision
from .common import Bench, Task, Unavailable

TASKS: dict[str, Task] = {**text.TASKS, **audio.TASKS, **vision.TASKS}
LIBRARIES = ("torch", "transformers", "huggingface_hub", "timm", "torchvision")
Row = dict[str, Any]
Say = Callable[..., str]


def installed_versions() -> dict[str, str]:
    """Versions from the packages' metadata: told also when the package itself cannot be imported."""
    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def choose_device(wanted: str) -> str:
    """cuda:0 for "auto" where torch sees a GPU, else cpu; ValueError for a GPU that torch does not see."""
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if wanted == "auto":
        return "cuda:0" if count else "cpu"
    if wanted == "cpu":
        return "cpu"
    number = int(wanted.partition(":")[2] or 0)
    if number >= count:
        raise ValueError(f"--device {wanted}: torch {torch.__version__} sees {count} CUDA device(s)")
    return f"cuda:{number}"


def empty_row(entry: dict[str, Any], weights: str, device: str) -> Row:
    measured = {"load_s": None, "run_s": None, "peak_mb": None}
    row = {
        "task": entry["task"],
        "model": entry["model"],
        "weights": weights,
        "device": device,
        "status": "fail",
    }
    return {**row, **measured, "note": "", "error": None}


def describe(error: BaseException) -> dict[str, str]:
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    return {"type": type(error).__name__, "message": str(error), "traceback": "".join(lines)}


def run_task(entry: dict[str, Any], weights: str, device: str, say: Say) -> Row:
    """The row of one task of the list; never raises an Exception. `weights` is auto, real or synthetic."""
    task = TASKS[entry["task"]]
    row = empty_row(entry, "synthetic" if weights == "synthetic" else "real", device)
    with tempfile.TemporaryDirectory(prefix="smoke-") as folder:
        bench = Bench(entry["task"], entry["model"], entry.get("revision"), False, device, Path(folder), say)
        bench.bytes = entry.get("bytes", 0)
        try:
            choose_weights(task, bench, weights)
            row["weights"] = "real" if bench.real else "synthetic"
            run_measured(task, bench, row)
            row["status"] = "pass"
        except Unavailable as reason:
            row.update(status="unavailable", peak_mb=None)
            bench.notes.append(str(reason))
        except Exception as error:
            row["error"] = describe(error)
    row["note"] = "; ".join(bench.notes)
    return row


def choose_weights(task: Task, bench: Bench, weights: str) -> None:
    """Set `bench.real` and `bench.revision`; Unavailable when real weights are asked for and cannot be had."""
    wanted, bench.revision = bench.revision, None
    if weights == "synthetic":
        return
    obstacle = task.obstacle(bench)
    commit, missing = find_real(bench.model, wanted, task)
    if missing and weights == "real":
        raise Unavailable(bench.say("need_cached", models=", ".join(missing), folder=cache.cache_folder()))
    if obstacle and weights == "real":
        raise Unavailable(obstacle)
    if missing:
        bench.notes.append(bench.say("not_cached"))
    if missing or obstacle:
        return
    bench.real, bench.revision = True, commit
    if wanted and commit != wanted:
        bench.notes.append(bench.say("other_revision", wanted=wanted[:8], used=str(commit)[:8]))


def find_real(model: str, revision: str | None, task: Task) -> tuple[str | None, list[str]]:
    """The cached commit of `model`, and which of the repositories that the task needs are not in the cache."""
    commit = cache.find_revision(model, revision, cache.MODEL_PARTS)
    missing = [] if commit else [model]
    return commit, missing + [
        name for name in task.also if not cache.find_revision(name, None, cache.BACKBONE_PARTS)
    ]


def run_measured(task: Task, bench: Bench, row: Row) -> None:
    """Build where there are no real weights, load, use; times in s and the peak in MB go into the row."""
    source = bench.model if bench.real else build(task, bench)
    if bench.real and cache.size(bench.model, bench.revision) < bench.bytes / 10:
        bench.real = False
        bench.notes.append(bench.say("stand_in"))
    level = measure.begin(bench.device)
    try:
        started = time.perf_counter()
        loaded = task.load(source, bench, task.arguments)
        row["load_s"] = round(time.perf_counter() - started, 3)
        started = time.perf_counter()
        task.use(loaded, bench)
        row["run_s"] = round(time.perf_counter() - started, 3)
    finally:
        row["peak_mb"] = round(measure.peak(bench.device, level), 1)
        loaded = None
        free_memory(bench.device)


def build(task: Task, bench: Bench) -> str:
    import torch

    torch.manual_seed(0)
    folder = bench.work / "model"
    folder.mkdir()
    task.build(folder, bench)
    return str(folder)


def free_memory(device: str) -> None:
    """Give a model's memory back before the next one is loaded: together they would not fit on a small GPU."""
    gc.collect()
    if device.startswith("cuda"):
        import torch

        torch.cuda.empty_cache()
