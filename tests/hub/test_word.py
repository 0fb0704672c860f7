"""`groundwork models`, as a person types it: repositories by name, what is checked, what is mended, what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from doctor.probes.hub import repo_folder
from tests.conftest import ROOT
from tests.hub.models import WEIGHTS, make_repo
from tests.hub.server import Fault, Hub, Repo, serve

Word = tuple[int, str, str]


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return make_repo(tmp_path / "repos", "org/model")


@pytest.fixture
def hub(repo: Repo) -> Iterator[Hub]:
    with serve(repo) as running:
        yield running


def models(environ: dict[str, str], hub: Hub, *words: str) -> Word:
    argv = [sys.executable, "-m", "bootstrap", "models", "--endpoint", hub.url, *words]
    done = subprocess.run(
        argv,
        cwd=ROOT,
        env={**environ, "ENV_MANAGER": "venv"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


def cached(environ: dict[str, str], repo: Repo) -> Path:
    return repo_folder(Path(environ["HOME"]) / ".cache/huggingface/hub", repo.id)


def shown(environ: dict[str, str], repo: Repo) -> set[str]:
    return {path.name for path in (cached(environ, repo) / "snapshots" / repo.commit).glob("*")}


def test_any_repository_by_its_name(environ: dict[str, str], hub: Hub, repo: Repo) -> None:
    code, out, _ = models(environ, hub, repo.id)
    assert code == 0 and "All models are in" in out
    assert shown(environ, repo) == set(repo.names())
    assert (cached(environ, repo) / "refs/main").read_text() == repo.commit
    before = len(hub.downloads())
    assert models(environ, hub, f"{repo.id}@{repo.commit}")[0] == 0
    assert not [a for a in hub.downloads()[before:] if "/resolve/" in a.path]


def test_only_what_is_chosen(environ: dict[str, str], hub: Hub, repo: Repo) -> None:
    assert (
        models(environ, hub, repo.id, "--include", "*.json", "--include", "*.h5", "--exclude", "tf*")[0] == 0
    )
    assert shown(environ, repo) == {"config.json"}
    code, _, err = models(environ, hub, repo.id, "--include", "*.gguf")
    assert code == 2 and "no file fits" in err and "config.json" in err


def test_a_limit_is_kept_before_a_byte_moves(environ: dict[str, str], hub: Hub, repo: Repo) -> None:
    code, _, err = models(environ, hub, repo.id, "--max-size", "10KB")
    assert code == 4 and "--max-size" in err and "--include" in err
    assert hub.total_sent(WEIGHTS) == 0
    assert models(environ, hub, repo.id, "--max-size", "1 MB")[0] == 0


def test_the_plan_says_how_much_and_changes_nothing(environ: dict[str, str], hub: Hub, repo: Repo) -> None:
    code, out, _ = models(environ, hub, repo.id, "--plan")
    assert code == 0 and "fetch org/model" in out
    assert list(Path(environ["HOME"]).rglob("*")) == []


def test_what_is_bad_is_found_and_only_that_is_mended(environ: dict[str, str], hub: Hub, repo: Repo) -> None:
    models(environ, hub, repo.id)
    blob = cached(environ, repo) / "blobs" / repo.etag(WEIGHTS)
    data = bytearray(blob.read_bytes())
    data[5000] ^= 1
    blob.write_bytes(data)
    code, out, err = models(environ, hub, repo.id, "--verify")
    assert code == 1 and str(blob) in out and "--repair" in err
    code, out, _ = models(environ, hub, repo.id, "--verify", "--json")
    said: dict[str, Any] = json.loads(out)
    assert said["exit_code"] == code == 1 and said["checked"][0]["bad"] == [str(blob)]
    hub.sent.clear()
    blob.with_name(f"{repo.etag('config.json')}.0123abcd.incomplete").write_bytes(
        b"of a client that was killed"
    )
    assert models(environ, hub, repo.id, "--repair")[0] == 0
    assert list(blob.parent.glob("*.incomplete")) == []
    assert hub.total_sent("tf_model") == 0 and hub.total_sent(WEIGHTS) == len(data)
    assert models(environ, hub, repo.id, "--verify")[0] == 0
    assert blob.read_bytes() == (repo.folder / WEIGHTS).read_bytes()


def test_a_gated_repository_is_said_before_the_others_start(
    environ: dict[str, str], tmp_path: Path, repo: Repo
) -> None:
    closed = make_repo(tmp_path / "repos", "meta/closed")
    gate = Fault("/api/models/meta/closed", "status", status=403, code="GatedRepo")
    with serve(repo, closed, faults=(gate,)) as hub:
        code, _, err = models(environ, hub, repo.id, closed.id)
        assert code == 4 and "https://huggingface.co/meta/closed" in err and "HF_TOKEN" in err
        assert hub.total_sent(WEIGHTS) == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["org/nowhere"], 2, "cannot be had"),
        (["a/b/c"], 2, "names no repository"),
        (["../etc"], 2, "names no repository"),
        (["org/model@no-such"], 2, "cannot be had"),
        (["org/model", "--max-size", "much"], 2, "is no size"),
        (["--include", "*.json"], 2, "go with repositories"),
        (["--verify", "--repair"], 2, "not both"),
    ],
)
def test_bad_words(environ: dict[str, str], hub: Hub, words: list[str], code: int, said: str) -> None:
    found, _, err = models(environ, hub, *words)
    assert found == code and said in err, err


def test_programs_are_told_how_far_it_is(environ: dict[str, str], tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repos", "org/large", 60_000_000)
    with serve(repo, latency=0.6) as hub:
        code, out, err = models(environ, hub, repo.id, "--exclude", "*.h5", "--json")
    assert code == 0 and json.loads(out)["outcomes"][0]["status"] == "done"  # the envelope, and nothing else
    told = [json.loads(line) for line in err.splitlines()]
    steps = [line["status"] for line in told if line["event"] == "step"]
    assert steps == ["started", "done"]
    progress = [line for line in told if line["event"] == "progress"]
    size = sum((repo.folder / name).stat().st_size for name in ("config.json", "vocab.txt", WEIGHTS))
    assert len(progress) > 1 and {line["total"] for line in progress} == {size}
    bytes_told = [line["bytes"] for line in progress]
    assert bytes_told == sorted(bytes_told) and bytes_told[-1] == size
    assert all(line["models"][0]["id"] == repo.id for line in progress)
    moving = next(line for line in progress if line["rate"])
    assert list(moving["endpoints"]) == ["HF_ENDPOINT"] and moving["seconds_left"] >= 0
