"""Fetching the same ten repositories (1.5 GB) into an empty cache, with us and with what people use instead."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from benchmarks.hub import COMMIT, LARGE, OTHERS, SMALL, make_models, serving
from benchmarks.measure import Case
from benchmarks.place import Place

IN_PARALLEL = """
import sys
from concurrent.futures import ThreadPoolExecutor
from huggingface_hub import snapshot_download
from huggingface_hub.utils import tqdm
tqdm.set_lock(tqdm.get_lock())  # else downloads at the same time take it from each other
with ThreadPoolExecutor(10) as pool:
    list(pool.map(lambda repo: snapshot_download(repo, cache_dir=sys.argv[1]), sys.argv[2:]))
"""
BYTES = LARGE + sum(OTHERS)


def cases(
    place: Place, rate: float, latency: float, total: float, bars: dict[str, float], warm: bool = False
) -> tuple[Case, ...]:
    """Our command and its peers, those with a bar first. `warm`: the cache is whole."""
    base = Path(
        place.open.enter_context(tempfile.TemporaryDirectory(prefix="groundwork-bench-", dir=memory()))
    )
    repos = make_models(base / "repos")
    url = place.open.enter_context(serving(base / "repos", rate, latency, total))
    environ = {
        **place.environ,
        "HF_ENDPOINT": url,
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "GROUNDWORK_HOME": str(base / "home"),
    }
    # Our own environment is there already where somebody fetches models.
    subprocess.run(place.ours("models", "--help"), env=environ, stdout=subprocess.DEVNULL, check=True)

    def case(name: str, cache: str, *argv: str) -> Case:
        def before() -> None:
            if not warm:
                shutil.rmtree(base / cache, ignore_errors=True)

        return Case(
            name=name, argv=argv, environ=environ, folder=place.root,
            before=before, bar=bars.get(name), floor=lambda: 0.0 if warm or not total else BYTES / total,
            floor_bar=bars.get("floor") if cache == "ours" else None,
        )  # fmt: skip

    profile = ("--profile", make_profile(place, base, repos), "--models", "all")
    found = [
        case("groundwork models", "ours", *place.ours("models", *profile, "--cache", str(base / "ours"))),
        case(
            "snapshot_download, all at once",
            "hub",
            place.python,
            "-c",
            IN_PARALLEL,
            str(base / "hub"),
            *repos,
        ),
    ]
    if not warm:
        found.append(case("aria2c -x16 -s16", "aria2", *aria2(base, url, repos)))
    return tuple(found)


def make_profile(place: Place, base: Path, repos: list[str]) -> str:
    """The course's profile, by its name and with its locks, with these models: fetched as `make setup` would."""
    entries = []
    for repo in repos:
        listed = json.loads((base / "repos" / repo / ".listing.json").read_text())
        files = {one["path"]: one["size"] for one in listed}
        entries.append(
            f'[[model]]\nid = "{repo}"\nrevision = "{COMMIT}"\nlicence = "mit"\nbytes = {sum(files.values())}\n'
            f"files = {json.dumps(list(files))}\n"
        )
    manifest, profile = base / "bench.toml", base / "llm-quickstart.toml"
    manifest.write_text("\n".join(entries))
    course = Path(place.root, "configs/profiles/llm-quickstart.toml").read_text()
    profile.write_text(re.sub(r"(?m)^models = .*$", f"models = {json.dumps([str(manifest)])}", course))
    return str(profile)


def memory() -> str | None:
    """A folder in memory where there is one with room, so that the disk is not what is measured."""
    shared = Path("/dev/shm")
    return str(shared) if shared.is_dir() and shutil.disk_usage(shared).free > 6 * BYTES else None


def aria2(base: Path, url: str, repos: list[str]) -> tuple[str, ...]:
    listing = base / "aria2.txt"
    names = ["model.safetensors", "config.json", *(f"part{number}.json" for number in range(1, SMALL))]
    lines = [f"{url}/{repo}/resolve/{COMMIT}/{name}\n  out={repo}/{name}" for repo in repos for name in names]
    listing.write_text("\n".join(lines))
    return (
        "aria2c",
        "-q",
        "-x16",
        "-s16",
        "-k1M",
        "--file-allocation=none",
        "-d",
        str(base / "aria2"),
        "-i",
        str(listing),
    )
