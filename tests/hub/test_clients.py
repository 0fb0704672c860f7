"""Our cache and the real huggingface_hub, of both lines: each goes on with what the other left, and neither misleads the other.

0.36 is the one of the tool environment. The other is the newest that the index has: 2.4.0 when this was written; it names a
file under way anew in every process, so that it never goes on with one itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bootstrap.hub import fetch as program
from bootstrap.hub.job import Endpoint, Job
from bootstrap.hub.names import give_names
from bootstrap.hub.partial import ENDING, bytes_come
from doctor.probes.hub import repo_folder, snapshot_folder
from tests.conftest import ROOT, missing
from tests.hub.models import WEIGHTS, make_repo, want
from tests.hub.server import Fault, Hub, Repo, serve
from tests.steps.models.course import start_fetch
from tests.wait import until

SIZE = 26_000_000  # bytes: the clients write what they get in portions of 10 MiB
STALLS_AT = 22_000_000
SNAPSHOT = (
    "import sys, huggingface_hub as hub\n"
    "print(hub.snapshot_download(sys.argv[1], cache_dir=sys.argv[2], allow_patterns=sys.argv[3:]))"
)
ONE_FILE = (
    "import sys, huggingface_hub as hub\n"
    "print(hub.hf_hub_download(sys.argv[1], sys.argv[3], cache_dir=sys.argv[2]))"
)
NEEDED = ("config.json", "vocab.txt", WEIGHTS)


@pytest.fixture(
    scope="module", params=["0.36", pytest.param("newest", marks=pytest.mark.index)], ids=["0.36", "newest"]
)
def python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has this huggingface_hub."""
    if request.param == "0.36":
        return Path(sys.executable)
    uv, folder = request.getfixturevalue("uv"), tmp_path_factory.mktemp("client")
    found = folder / "bin" / "python"
    for argv in (
        [uv, "venv", "--quiet", "--python", sys.executable, "--allow-existing", str(folder)],
        [uv, "pip", "install", "--quiet", "--python", str(found), "huggingface_hub>=2"],
    ):
        done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode != 0:
            missing("index", f"huggingface_hub 2 cannot be installed: {done.stderr[-500:]}")
    return found


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return make_repo(tmp_path / "repos", "openai-community/gpt2", SIZE, aliases=("gpt2",))


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "hub"


def client(python: Path, code: str, hub: Hub, *words: object, **more: str) -> subprocess.Popen[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environ = {**own, "HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_PROGRESS_BARS": "1", **more}
    argv = [str(python), "-I", "-c", code, *map(str, words)]
    return subprocess.Popen(argv, env=environ, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def path_of(running: subprocess.Popen[str]) -> Path:
    """Where the client says that it is."""
    out, _ = running.communicate(timeout=60)
    assert running.returncode == 0
    return Path(out.strip())


def job_of(cache: Path, hub: Hub, repo: Repo) -> Job:
    return Job(models=(want(repo),), hub=str(cache), endpoints=(Endpoint("hub", hub.url),))


def ours(cache: Path, hub: Hub, repo: Repo) -> None:
    assert program.fetch(job_of(cache, hub, repo)) == 0


def blobs(cache: Path, repo: Repo) -> Path:
    return repo_folder(cache, repo.id) / "blobs"


def assert_right(folder: Path, repo: Repo) -> None:
    for name in NEEDED:
        assert (folder / name).read_bytes() == (repo.folder / name).read_bytes()


def test_what_we_fetched_loads_offline_without_a_request(python: Path, cache: Path, repo: Repo) -> None:
    with serve(repo) as hub:
        ours(cache, hub, repo)
        give_names(cache, want(repo))
        hub.asked.clear()
        for name in (repo.id, "gpt2"):
            snapshot = path_of(client(python, SNAPSHOT, hub, name, cache, *NEEDED, HF_HUB_OFFLINE="1"))
            assert_right(snapshot, repo)
            one = path_of(client(python, ONE_FILE, hub, name, cache, WEIGHTS, HF_HUB_OFFLINE="1"))
            assert one.read_bytes() == (repo.folder / WEIGHTS).read_bytes()
        assert hub.asked == []


def test_what_we_fetched_is_not_fetched_again(python: Path, cache: Path, repo: Repo) -> None:
    with serve(repo) as hub:
        ours(cache, hub, repo)
        hub.sent.clear()
        assert_right(path_of(client(python, SNAPSHOT, hub, repo.id, cache, *NEEDED)), repo)
        assert hub.total_sent(WEIGHTS) == 0


def test_what_the_killed_client_left_is_gone_on_with(python: Path, cache: Path, repo: Repo) -> None:
    with serve(repo, faults=(Fault("/cdn/", "stall", after=STALLS_AT, times=1),)) as hub:
        running = client(python, SNAPSHOT, hub, repo.id, cache, *NEEDED)
        assert until(lambda: left_of(cache, repo) >= 2 * 10 * 1024 * 1024, 60)
        running.kill()
        running.wait()
        begun = left_of(cache, repo)
        hub.sent.clear()
        ours(cache, hub, repo)
        assert hub.total_sent(WEIGHTS) == SIZE - begun
    assert_right(snapshot_folder(cache, want(repo)), repo)
    assert list(blobs(cache, repo).glob("*.incomplete")) == []


def left_of(cache: Path, repo: Repo) -> int:
    return sum(path.stat().st_size for path in blobs(cache, repo).glob(f"{repo.etag(WEIGHTS)}*.incomplete"))


def test_what_we_left_when_killed_does_not_mislead_the_client(python: Path, cache: Path, repo: Repo) -> None:
    part = blobs(cache, repo) / f"{repo.etag(WEIGHTS)}{ENDING}"
    with serve(repo, faults=(Fault("/cdn/", "stall", after=1_000_000),)) as hub:
        running = start_fetch(job_of(cache, hub, repo))
        assert until(lambda: part.exists() and bytes_come(part) > 4_000_000, 60)
        running.kill()
        running.wait()
        hub.faults.clear()
        assert_right(path_of(client(python, SNAPSHOT, hub, repo.id, cache, *NEEDED)), repo)
        assert part.exists()  # what it knows nothing of it leaves
        hub.sent.clear()
        ours(cache, hub, repo)
        assert hub.total_sent(WEIGHTS) == 0 and not part.exists()
