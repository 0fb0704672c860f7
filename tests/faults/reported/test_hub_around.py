"""What lies around the Hub: its token, its disk, its names, as people have reported them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.faults.cache import fill_cache
from tests.faults.dists import install
from tests.faults.patient import Diagnosis, diagnose
from tests.faults.reported.whoami import with_token
from tests.hub.models import safetensors
from tests.no_flock import no_flock
from tests.no_mmap import no_mmap

CELL = "from transformers import GPT2LMHeadModel\nmodel = GPT2LMHeadModel.from_pretrained('gpt2')"


def notebook(path: Path, code: str) -> None:
    cell: dict[str, object] = {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": [code],
    }
    path.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))


def look(environ: dict[str, str], env: Path, **more: str) -> Diagnosis:
    return diagnose({**environ, **more, "TARGET": str(env)}, "--area", "hub,packages")


@pytest.mark.parametrize("inside", [(), ("config.json",), ("train.py",)])
def test_a_folder_with_the_name_of_a_model(
    course_like: Path, environ: dict[str, str], home: Path, inside: tuple[str, ...]
) -> None:
    """https://github.com/karpathy/build-nanogpt/issues/103: "Error no file named … found in directory gpt2"."""
    notebook(home / "lecture.ipynb", CELL)
    assert look(environ, course_like).complaints == []
    (home / "gpt2").mkdir()
    for name in inside:
        (home / "gpt2" / name).write_text("{}")
    said = look(environ, course_like)
    assert said.complaints == ["local-folder-hides-model"]
    assert "lecture.ipynb" in said.of("local-folder-hides-model")["evidence"]
    (home / "gpt2/config.json").write_text("{}")
    (home / "gpt2/model.safetensors").write_bytes(safetensors(b"x"))
    assert look(environ, course_like).complaints == []


def test_a_folder_of_ones_own_is_only_mentioned(
    course_like: Path, environ: dict[str, str], home: Path
) -> None:
    notebook(home / "lecture.ipynb", CELL.replace("'gpt2'", "'results'"))
    (home / "results").mkdir()
    said = look(environ, course_like)
    assert said.complaints == [] and said.of("local-folder-hides-model")["severity"] == "info"


@pytest.mark.parametrize(
    ("call", "severity"),
    [
        ("load_dataset('ds4sd/DocLayNet')", "warn"),
        ("load_dataset('mine/data', trust_remote_code=True)", "info"),
        ("load_dataset('json', data_files='x.json')", None),
    ],
)
def test_a_dataset_that_is_a_script(
    course_like: Path, environ: dict[str, str], home: Path, call: str, severity: str | None
) -> None:
    """https://github.com/DS4SD/DocLayNet/issues/25: "Dataset scripts are no longer supported, but found DocLayNet.py"."""
    notebook(home / "layout.ipynb", f"from datasets import load_dataset\ndata = {call}")
    install(course_like, "datasets", "4.0.0")
    found = {f["id"]: f["severity"] for f in look(environ, course_like).findings}
    assert found.get("dataset-script-dropped") == severity


@pytest.mark.parametrize(
    ("lines", "severity"),
    [
        ("machine huggingface.co login someone password oldpass\n", "warn"),
        ("machine huggingface.co\n  login someone\n  password hf_abcdefgh\n", "info"),
        ("machine example.org login a password b\ndefault login me password x\n", "info"),
        ("machine example.org login a password b\n", None),
    ],
)
def test_a_login_in_netrc(
    course_like: Path, environ: dict[str, str], home: Path, lines: str, severity: str | None
) -> None:
    """https://github.com/huggingface/huggingface_hub/issues/2765: "Invalid user token", which is valid elsewhere."""
    (home / ".netrc").write_text(lines)
    said = look(environ, course_like)
    found = {f["id"]: f["severity"] for f in said.findings}
    assert found.get("hf-netrc-overrides-token") == severity
    assert "oldpass" not in str(said.findings) and "hf_abcdefgh" not in str(said.findings)


@pytest.mark.parametrize(
    ("token", "pushes", "severity"),
    [
        ({"role": "read"}, True, "warn"),
        ({"role": "read"}, False, "info"),
        ({"role": "write"}, True, None),
        ({"role": "fineGrained", "fineGrained": {"scoped": [{"permissions": ["repo.write"]}]}}, True, None),
        (
            {"role": "fineGrained", "fineGrained": {"scoped": [{"permissions": ["repo.content.read"]}]}},
            True,
            "warn",
        ),
    ],
)
def test_a_token_that_only_reads(
    course_like: Path,
    environ: dict[str, str],
    home: Path,
    tmp_path: Path,
    token: dict[str, object],
    pushes: bool,
    severity: str | None,
) -> None:
    """https://github.com/huggingface/huggingface_hub/pull/2053: "You don't have the rights to create a model under this namespace"."""
    notebook(home / "train.ipynb", "model.push_to_hub('me/model')" if pushes else "1 + 1")
    said = with_token(token, environ, course_like, tmp_path)
    found = {f["id"]: f["severity"] for f in said.findings}
    assert found.get("hf-token-read-only") == severity


def on_disk(person: dict[str, str], kind: str, options: str = "rw") -> Diagnosis:
    """The kernel's table says of the cache's disk that it is of another kind."""
    if os.geteuid() != 0:
        missing("root", "mounting needs root")
    place = f"{person['HOME']}/disk"
    told = f"sed -E 's#^(.* {place} [^-]*)- .*$#\\1- {kind} srv:/x {options}#' /proc/self/mountinfo > {place}.table"
    mounting = f"mount --bind {place} {place}; {told}; mount --bind {place}.table /proc/$$/mountinfo"
    prefix = ["unshare", "-m", "sh", "-ec", f'{mounting}; exec "$@"', "sh"]
    return diagnose(person, "--area", "disk,packages", prefix=prefix)


@pytest.fixture
def cached(environ: dict[str, str], course_like: Path, home: Path) -> dict[str, str]:
    fill_cache(home / "disk/hf/hub")
    return {**environ, "TARGET": str(course_like), "HF_HOME": str(home / "disk/hf")}


def test_lustre_without_locks(cached: dict[str, str], tmp_path: Path) -> None:
    """https://github.com/huggingface/huggingface_hub/issues/2399: "[Errno 38] Function not implemented"."""
    assert on_disk(cached, "lustre", "rw,flock,lazystatfs").complaints == []
    said = on_disk({**cached, **no_flock(tmp_path, "ENOSYS")}, "lustre", "rw,checksum,lruresize")
    assert said.complaints == ["cache-cannot-lock"]
    assert "lustre" in said.of("cache-cannot-lock")["evidence"]


def test_locks_that_only_fail_when_they_are_tried(cached: dict[str, str], tmp_path: Path) -> None:
    assert on_disk(cached, "fuse.mergerfs").complaints == []
    assert on_disk({**cached, **no_flock(tmp_path, "ENOLCK")}, "fuse.mergerfs").complaints == [
        "cache-cannot-lock"
    ]


def test_a_mount_without_maps(cached: dict[str, str], tmp_path: Path) -> None:
    """https://github.com/safetensors/safetensors/issues/195: "No such device (os error 19)" on mergerfs."""
    said = on_disk({**cached, **no_mmap(tmp_path)}, "fuse.mergerfs")
    assert said.complaints == ["cache-cannot-map"]
    assert "mergerfs" in said.of("cache-cannot-map")["evidence"]
