"""The word `manifest` against a Hub on loopback: what it shows, what it writes, and what it refuses."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bootstrap.manifest.ask import File, Seen
from bootstrap.manifest.compare import compare
from bootstrap.manifest.edit import edited
from doctor.errors import Exit
from doctor.goal.model_sets import load_manifest, set_names, set_path
from doctor.goal.profile import ModelWant
from tests.conftest import ROOT
from tests.faults.web import Page, serve_web
from tests.hub.models import WEIGHTS, make_repo
from tests.hub.server import Fault, Repo, dead_url, serve

ROUNDED = """# Kept by hand.
title = ["ours", "我们的"] # both languages

# the first
[[model]] # text
id = "org/one" # its name
revision = "{one}"
files = [
  "config.json", # small
  "vocab.txt",
  "model.safetensors",
]
optional = ["generation_config.json"]
bytes = 20_000 # rounded
sizes = {{ "config.json" = {config} }} # one is known
git = {{ "config.json" = "{git}" }} # becomes a table
licence = "none stated"
aliases = ["one"]

[[model]] # the second, with a table
id = "org/two"
revision = "{two}"
files = ["config.json", "vocab.txt", "model.safetensors"]
bytes = 20_000
licence = "other: not for sale"
[model.sizes]
# exact ones
"config.json" = {config} # as measured

[[extra]] # behind the models
id = "org/data"
kind = "dataset"
source = "hub"
used_by = ["x.ipynb"]
"""


@pytest.fixture
def repos(tmp_path: Path) -> tuple[Repo, Repo]:
    one = replace(make_repo(tmp_path / "repos", "org/one"), licence="mit", gated="manual", main="f" * 40)
    return one, replace(make_repo(tmp_path / "repos", "org/two"), licence="other")


@pytest.fixture
def own(repos: tuple[Repo, Repo], tmp_path: Path) -> Path:
    one, two = repos
    path = tmp_path / "own.toml"
    config = (two.folder / "config.json").stat().st_size
    git = one.etag("config.json")
    path.write_text(ROUNDED.format(one=one.commit, two=two.commit, config=config, git=git), "utf-8")
    return path


def run(path: Path, url: str, *args: str, **more: str) -> subprocess.CompletedProcess[str]:
    home = path.parent / "home"
    home.mkdir(exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
    environ = {**kept, "HOME": str(home), "GROUNDWORK_LANG": "en", "HF_TOKEN": "hf_secret", **more}
    argv = [sys.executable, "-m", "bootstrap", "manifest", str(path), "--endpoint", url, *args]
    return subprocess.run(
        argv, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120, check=False
    )


def reread(path: Path) -> tuple[ModelWant, ...]:
    load_manifest.cache_clear()
    return load_manifest(str(path)).model


def exact(model: ModelWant, repo: Repo) -> bool:
    """Does the entry say of every needed file what the repository has?"""
    sizes = {name: (repo.folder / name).stat().st_size for name in model.files}
    small = {name: repo.etag(name) for name in model.files if name != WEIGHTS}
    large = {WEIGHTS: repo.etag(WEIGHTS)}
    return (model.sizes, model.git, model.sha256, model.bytes) == (sizes, small, large, sum(sizes.values()))


def test_the_difference_is_shown_and_nothing_is_written(repos: tuple[Repo, Repo], own: Path) -> None:
    before = own.read_bytes()
    with serve(*repos) as hub:
        done = run(own, hub.url)
        assert {asked.authorization for asked in hub.asked} == {None}, (
            "what is public is asked without a token"
        )
    assert done.returncode == Exit.FAILED and own.read_bytes() == before
    one = repos[0]
    size = (one.folder / WEIGHTS).stat().st_size
    assert f"{WEIGHTS}: {size} bytes, sha256 {one.etag(WEIGHTS)[:12]}…" in done.stdout
    assert "licence: mit (now none stated)" in done.stdout and "gated: manual (now no)" in done.stdout
    assert f"(main is {'f' * 12} now, pinned is {one.commit[:12]})" in done.stdout
    assert "2 models; 2 differ" in done.stdout and "--write" in done.stdout
    assert "tf_model.h5" not in done.stdout, "what is not needed is nobody's concern"
    assert "not for sale" not in done.stdout, "behind the colon stands what the Hub leaves unsaid"


def test_writing_keeps_comments_and_order_and_a_second_run_finds_nothing(
    repos: tuple[Repo, Repo], own: Path
) -> None:
    with serve(*repos) as hub:
        done = run(own, hub.url, "--write")
        assert done.returncode == Exit.FINE, done.stderr
        text = own.read_text("utf-8")
        again = run(own, hub.url, "--write")
    assert (
        again.returncode == Exit.FINE
        and "2 models; 0 differ" in again.stdout
        and own.read_text("utf-8") == text
    )
    assert [comment for comment in re.findall(r"# .*", ROUNDED) if comment not in text] == []
    heads = re.findall(r"^\[\[.*|^id = .*", text, re.MULTILINE)
    assert heads == re.findall(r"^\[\[.*|^id = .*", ROUNDED, re.MULTILINE)
    assert max(map(len, text.splitlines())) <= 110
    assert not re.search(r"^[^#\n].*\n\[\[|\n\n\[model\.|\n\n\n", text, re.MULTILINE), "blank lines as before"
    one, two = reread(own)
    assert exact(one, repos[0]) and exact(two, repos[1])
    assert (one.licence, one.gated, one.aliases) == ("mit", "manual", ("one",))
    assert two.licence == "other: not for sale" and re.search(r"bytes = \d\d_\d{3} # rounded", text)


def all_of(model: ModelWant) -> Seen:
    """What a Hub might say of it: what the manifest knows, and something for the rest."""
    files = {}
    for name in (*model.files, *model.optional):
        size, large = model.sizes.get(name, 1000), name.endswith((".safetensors", ".bin", ".model"))
        sha256 = model.sha256.get(name, "ab" * 32) if large else None
        files[name] = File(size, sha256=sha256, git=None if large else model.git.get(name, "cd" * 20))
    licence = model.licence.partition(":")[0]
    return Seen(id=model.id, files=files, main=model.revision, licence=licence, gated=model.gated)


@pytest.mark.parametrize("name", set_names())
def test_every_manifest_that_is_shipped_can_be_taken_over(name: str, tmp_path: Path) -> None:
    models, text = load_manifest(name).model, set_path(name).read_text("utf-8")
    compared = [compare(model, all_of(model)) for model in models]
    assert not [one.problems for one in compared if one.problems]
    path = tmp_path / "new.toml"
    path.write_text(edited(text, models, compared), "utf-8")
    new = load_manifest(str(path))
    assert [compare(model, all_of(model)).changes for model in new.model] == [()] * len(models)
    assert new.extra == load_manifest(name).extra and new.title == load_manifest(name).title
    comments = re.findall(r"(?:^| )# .*", text, re.MULTILINE)
    assert [one for one in comments if one not in path.read_text("utf-8")] == []


def test_an_optional_file_that_is_there_gets_its_hash_and_no_share_of_the_bytes(
    repos: tuple[Repo, Repo], own: Path
) -> None:
    (repos[0].folder / "generation_config.json").write_text("{}")
    with serve(*repos) as hub:
        assert run(own, hub.url, "--write").returncode == Exit.FINE
    one = reread(own)[0]
    assert one.sizes["generation_config.json"] == 2 and "generation_config.json" in one.git
    assert one.bytes == sum(one.sizes[name] for name in one.files)


def test_json_is_all_there_is(repos: tuple[Repo, Repo], own: Path) -> None:
    with serve(*repos) as hub:
        done = run(own, hub.url, "--json")
    said = json.loads(done.stdout)
    first = said["sets"][str(own)][0]
    assert said["exit_code"] == done.returncode == 1 and first["id"] == "org/one" and said["written"] == []
    assert {"key": "licence", "file": "", "old": "none stated", "new": "mit"} in first["changes"]


def test_a_needed_file_that_is_not_there_is_named_and_the_others_are_written(
    repos: tuple[Repo, Repo], own: Path
) -> None:
    (repos[0].folder / "vocab.txt").rename(repos[0].folder / "vocab.json")
    before = own.read_text("utf-8")
    with serve(*repos) as hub:
        done = run(own, hub.url, "--write")
    assert done.returncode == Exit.FAILED
    assert (
        "vocab.txt is not there; there is vocab.json" in done.stdout
        and "To be decided by you: 1" in done.stdout
    )
    text = own.read_text("utf-8")
    head = before.partition("[[model]] # the second")[0]
    assert text.startswith(head) and exact(reread(own)[1], repos[1])


def test_another_hash_at_the_same_commit_is_never_written(repos: tuple[Repo, Repo], own: Path) -> None:
    with serve(*repos) as hub:
        run(own, hub.url, "--write")
    before = own.read_text("utf-8")
    weights = repos[0].folder / WEIGHTS
    weights.write_bytes(bytes(byte ^ 1 for byte in weights.read_bytes()))
    with serve(*repos) as hub:
        done = run(own, hub.url, "--write")
    assert done.returncode == Exit.FAILED and own.read_text("utf-8") == before
    assert f"sha256 of {WEIGHTS} is" in done.stdout and "only one can be" in done.stdout.replace("\n", " ")


def test_a_model_that_is_gone_and_a_commit_that_is_gone(repos: tuple[Repo, Repo], own: Path) -> None:
    with serve(replace(repos[1], commit="a" * 40)) as hub:
        done = run(own, hub.url)
    assert done.returncode == Exit.FAILED
    assert "no such model" in done.stdout and "not at this commit" in done.stdout


def test_a_model_that_was_renamed(repos: tuple[Repo, Repo], own: Path) -> None:
    one, two = repos
    with serve(replace(one, id="new/one", aliases=("org/one",)), two) as hub:
        assert "(it is called new/one now)" in run(own, hub.url).stdout


def refused(own: Path, url: str, **more: str) -> str:
    """What is said when the endpoint is of no use: exit code 5, and the file as it was."""
    before = own.read_bytes()
    done = run(own, url, "--write", **more)
    assert done.returncode == Exit.NETWORK, done.stdout + done.stderr
    assert own.read_bytes() == before and "nothing was changed" in done.stderr
    return done.stderr


def test_nobody_there(own: Path) -> None:
    url = dead_url()
    said = refused(own, url)
    assert url in said and "Connection refused" in said


def test_switched_off(repos: tuple[Repo, Repo], own: Path) -> None:
    with serve(*repos) as hub:
        assert "offline" in refused(own, hub.url, HF_HUB_OFFLINE="1").lower()


@pytest.mark.parametrize(
    "page, says",
    [
        (Page(200, {"Content-Type": "text/html"}, b"<html>Please log in</html>"), "not a Hub's answer"),
        (Page(200, {"Content-Type": "application/json"}, b"[]"), "not a Hub's answer"),
        (Page(200, {"Content-Type": "application/json"}, b'{"id": "org/one", "sha": "abc"}'), "commit abc"),
        (Page(503, {}, b"busy"), "HTTP 503"),
        (Page(429, {"Retry-After": "300"}, b""), "HTTP 429"),
    ],
)
def test_an_answer_that_is_none(own: Path, page: Page, says: str) -> None:
    with serve_web(lambda path: page) as web:
        assert says in refused(own, web.url)


def test_a_mirror_that_passes_on_names_alone(repos: tuple[Repo, Repo], own: Path) -> None:
    commit = repos[0].commit
    names = {"id": "org/one", "sha": commit, "siblings": [{"rfilename": "config.json"}]}
    with serve_web(lambda path: Page(200, {}, json.dumps(names).encode())) as web:
        assert "no size or no hash of config.json" in refused(own, web.url)


def test_one_silent_model_and_no_file_is_touched(repos: tuple[Repo, Repo], own: Path) -> None:
    with serve(*repos, faults=(Fault("org/two", "status", status=500),)) as hub:
        assert "org/two" in refused(own, hub.url)


def test_bad_words_are_told(own: Path) -> None:
    assert run(own, "hub.example").returncode == Exit.USAGE
    assert "no set 'lectur'" in run(own, dead_url(), "lectur").stderr
