"""Through the third-party caching mirror olah, as people run it in front of the Hub: what arrives is verified too."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from doctor.goal import Goal
from doctor.probes.hub import cached_models, hub_folder, repo_folder
from tests.conftest import missing
from tests.hub.models import WEIGHTS, make_repo, run, want, write_mirrors
from tests.hub.server import Hub, serve
from tests.lab_env import free_port

pytestmark = pytest.mark.index
OLAH = "olah==0.5.4"


@pytest.fixture(scope="module")
def olah(uv: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, in an environment of its own."""
    folder = tmp_path_factory.mktemp("olah")
    python = folder / "bin" / "python"
    for argv in (
        [uv, "venv", "--quiet", "--python", sys.executable, str(folder), "--allow-existing"],
        [uv, "pip", "install", "--quiet", "--python", str(python), OLAH],
    ):
        done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode != 0:
            missing("index", f"{OLAH} cannot be installed: {done.stderr[-500:]}")
    return folder / "bin" / "olah-cli"


@contextlib.contextmanager
def mirror(program: Path, hub: Hub, folder: Path) -> Iterator[str]:
    """olah in front of `hub`. Yields its URL once it accepts connections."""
    folder.mkdir(parents=True)
    url, upstream = f"http://127.0.0.1:{free_port()}", urlsplit(hub.url).netloc
    own = urlsplit(url)
    argv = [str(program), "--host", "127.0.0.1", "--port", str(own.port)]
    argv += ["--hf-scheme", "http", "--hf-netloc", upstream, "--hf-lfs-netloc", urlsplit(hub.cdn).netloc]
    argv += ["--mirror-scheme", "http", "--mirror-netloc", own.netloc, "--mirror-lfs-netloc", own.netloc]
    argv += ["--repos-path", str(folder / "repos"), "--log-path", str(folder / "logs")]
    with (folder / "out").open("w") as out:
        child = subprocess.Popen(argv, cwd=folder, stdout=out, stderr=subprocess.STDOUT)
    try:
        wait_for_port(own.port or 0, child)
        yield url
    finally:
        child.terminate()
        child.wait(15)


def wait_for_port(port: int, child: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while child.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    pytest.fail(f"olah did not start: exit code {child.poll()}")


def test_models_arrive_through_a_caching_mirror(
    goal: Goal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, olah: Path
) -> None:
    for name in [name for name in os.environ if name.startswith("HF_")]:
        monkeypatch.delenv(name)
    repo = make_repo(tmp_path / "repos", "org/model", 3_000_000)
    goal = msgspec.structs.replace(goal, models=(want(repo),))
    with serve(repo) as hub, mirror(olah, hub, tmp_path / "mirror") as url:
        monkeypatch.setenv("GROUNDWORK_MIRRORS_FILE", str(write_mirrors(tmp_path / "mirrors.toml", url)))
        run(goal, tmp_path)
    assert [model.state for model in cached_models(goal)] == ["complete"]
    snapshot = repo_folder(hub_folder(goal.cache), repo.id) / "snapshots" / repo.commit
    assert (snapshot / WEIGHTS).read_bytes() == (repo.folder / WEIGHTS).read_bytes()
