"""What the smoke test finds in the cache, and whether it takes it for the real model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.scripts.smoke_parts import (
    COMMIT,
    SAY,
    cache,
    common,
    fake_torch,
    make_bench,
    runner,
)


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
