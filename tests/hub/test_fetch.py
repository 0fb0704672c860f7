"""The fetching engine against a Hub that misbehaves in every way, alone and in pairs: the right file, or a clear word."""

from __future__ import annotations

import errno
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from huggingface_hub import constants

from bootstrap.hub import fetch as program
from bootstrap.hub import transfer
from bootstrap.hub.job import Endpoint, Event, Job
from bootstrap.hub.partial import ENDING
from doctor.goal.profile import ModelWant
from doctor.probes.hub import missing_files, repo_folder, snapshot_folder
from tests.hub.models import WEIGHTS, make_repo, want
from tests.hub.server import Fault, Hub, Kind, Repo, dead_url, serve

ROOT = Path(__file__).resolve().parents[2]
SIZE = 5_000_000  # bytes: several pieces
SMALL = 20_000
LONGEST = 25.0  # seconds for whatever happens; nothing here takes half as long

# Each goes wrong with the weights; the first number of times only, or always.
ALWAYS: dict[str, Fault] = {
    "wrong bytes": Fault("/cdn/", "wrong"),
    "a web page": Fault("/cdn/", "html"),
    "too long": Fault("/cdn/", "long"),
    "too short": Fault("/cdn/", "short"),
    "a dead host": Fault(f"resolve/{{}}/{WEIGHTS}", "dead-cdn"),
    "a circle": Fault(f"resolve/{{}}/{WEIGHTS}", "circle"),
    "gated": Fault("resolve/", "status", status=403),
    "gone": Fault("resolve/", "status", status=404),
    "broken": Fault("resolve/", "status", status=502),
    "wrong small file": Fault("config.json", "wrong"),
}
FOR_A_WHILE: dict[str, Fault] = {
    "cut": Fault("/cdn/", "cut", after=1_000_000, times=3),
    "reset": Fault("/cdn/", "reset", after=1_000_000, times=3),
    "stall": Fault("/cdn/", "stall", after=1_000_000, times=2),
    "500": Fault("/cdn/", "status", status=500, times=3),
    "429": Fault("/cdn/", "status", status=429, wait="1", times=2),
    "503": Fault("resolve/", "status", status=503, wait="1", times=2),
    "expired": Fault("/cdn/", "status", status=403, times=1),
    "chunked": Fault("/cdn/", "chunked"),
    "no ranges": Fault("/cdn/", "no-ranges"),
    "busy api": Fault("/api/", "status", status=429, wait="1", times=2),
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "BACK_OFF", 0.02)
    monkeypatch.setattr(program, "BACK_OFF", 0.02)


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    return make_repo(tmp_path_factory.mktemp("repos"), "org/model", SIZE)


def faults(repo: Repo, *names: str) -> tuple[Fault, ...]:
    known = ALWAYS | FOR_A_WHILE
    return tuple(
        Fault(**{**vars(known[name]), "path": known[name].path.replace("{}", repo.commit)}) for name in names
    )


def job_of(hub: Path, *hubs: Hub | str, models: tuple[ModelWant, ...], **more: float) -> Job:
    urls = [h if isinstance(h, str) else h.url for h in hubs]
    endpoints = tuple(Endpoint(f"hub{n}", url) for n, url in enumerate(urls))
    job = Job(models=models, hub=str(hub), endpoints=endpoints, silence=1.0)
    return msgspec.structs.replace(job, **more)


def run(job: Job, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[Event]]:
    began = time.monotonic()
    code = program.fetch(job)
    assert time.monotonic() - began < LONGEST
    return code, [msgspec.json.decode(line, type=Event) for line in capsys.readouterr().out.splitlines()]


def assert_right(hub: Path, repo: Repo) -> None:
    for name in ("config.json", "vocab.txt", WEIGHTS):
        shown = snapshot_folder(hub, want(repo)) / name
        assert shown.is_symlink() and shown.read_bytes() == (repo.folder / name).read_bytes()


def assert_nothing_wrong(hub: Path, repo: Repo) -> None:
    """What is shown is right, and nothing that is not whole has the name of something whole."""
    for path in snapshot_folder(hub, want(repo)).glob("*"):
        assert path.read_bytes() == (repo.folder / path.name).read_bytes()
    right = {repo.etag(name) for name in repo.names()}
    blobs = [path for path in (repo_folder(hub, repo.id) / "blobs").glob("*") if path.suffix != ".incomplete"]
    assert {path.name for path in blobs} <= right


@pytest.mark.parametrize("names", list(itertools.combinations(FOR_A_WHILE, 2)), ids=" and ".join)
def test_what_passes_is_lived_through(
    tmp_path: Path, repo: Repo, capsys: pytest.CaptureFixture[str], names: tuple[str, str]
) -> None:
    with serve(repo, faults=faults(repo, *names)) as hub:
        code, events = run(job_of(tmp_path, hub, models=(want(repo),)), capsys)
    assert code == 0, events
    assert_right(tmp_path, repo)


@pytest.mark.parametrize("name", ALWAYS)
def test_what_stays_is_said_of_the_endpoint_by_name(
    tmp_path: Path, repo: Repo, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    with serve(repo, faults=faults(repo, name)) as hub:
        code, events = run(job_of(tmp_path, hub, models=(want(repo),)), capsys)
    said = [event for event in events if event.kind]
    assert code == 1 and [(e.model, e.endpoint) for e in said] == [(repo.id, "hub0")]
    assert_nothing_wrong(tmp_path, repo)


@pytest.mark.parametrize(
    "names", list(itertools.product(ALWAYS, [*ALWAYS, *FOR_A_WHILE][::3])), ids=" and ".join
)
def test_the_next_endpoint_gives_what_the_first_does_not(
    tmp_path: Path, repo: Repo, capsys: pytest.CaptureFixture[str], names: tuple[str, str]
) -> None:
    with serve(repo, faults=faults(repo, *dict.fromkeys(names))) as bad, serve(repo) as good:
        code, events = run(job_of(tmp_path, bad, good, models=(want(repo),)), capsys)
    assert code == 0, events
    assert_right(tmp_path, repo)
    # Who asks for a pause is left for the other without a word.
    assert "503" in names or "hub0" in {event.endpoint for event in events if event.kind}


def test_many_connections_share_a_file(
    tmp_path: Path, repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    with serve(repo) as hub:
        run(job_of(tmp_path, hub, models=(want(repo),)), capsys)
        ranges = {a.range for a in hub.downloads() if "/cdn/" in a.path}
        assert len(ranges) == 3 and hub.total_sent(WEIGHTS) == SIZE
        pages = [a for a in hub.downloads() if WEIGHTS in a.path and "/resolve/" in a.path]
    assert len(pages) <= 3  # the signed address is good for all pieces


def test_a_connection_is_used_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repo = make_repo(tmp_path / "repos", "org/large", 40_000_000)
    with serve(repo) as hub:
        assert (
            run(job_of(tmp_path / "hub", hub, models=(want(repo),), connections=4, silence=20), capsys)[0]
            == 0
        )
        assert len(hub.downloads()) > 19 and hub.connections <= 10  # four to each host, and the listing's


def test_several_endpoints_share_a_large_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repo = make_repo(tmp_path / "repos", "org/large", 30_000_000)
    with serve(repo, latency=0.05) as one, serve(repo, latency=0.05) as two:
        code, _ = run(job_of(tmp_path / "hub", one, two, models=(want(repo),)), capsys)
        assert code == 0 and one.total_sent(WEIGHTS) and two.total_sent(WEIGHTS)
        assert one.total_sent(WEIGHTS) + two.total_sent(WEIGHTS) == 30_000_000
        assert two.total_sent("config.json") == 0
    assert_right(tmp_path / "hub", repo)


def test_wrong_bytes_of_one_of_two_that_share_are_found_to_be_its(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = make_repo(tmp_path / "repos", "org/large", 20_000_000)
    with (
        serve(repo, latency=0.05) as good,
        serve(repo, latency=0.05, faults=(Fault("/cdn/", "wrong"),)) as bad,
    ):
        code, events = run(job_of(tmp_path / "hub", bad, good, models=(want(repo),)), capsys)
    assert code == 0
    assert {event.endpoint for event in events if event.kind} == {"hub0"}
    assert_right(tmp_path / "hub", repo)


def test_a_drip_is_left_for_one_that_is_quick(
    tmp_path: Path, repo: Repo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(transfer, "JUDGED", 1.0)
    with serve(repo, faults=(Fault("/cdn/", "drip", times=1),)) as hub:
        code, _ = run(job_of(tmp_path, hub, models=(want(repo),)), capsys)
    assert code == 0
    assert_right(tmp_path, repo)


def test_a_dead_endpoint_costs_little(tmp_path: Path, repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    with serve(repo) as hub:
        code, events = run(job_of(tmp_path, dead_url(), hub, models=(want(repo),)), capsys)
    assert code == 0
    assert [event.endpoint for event in events if event.kind] == ["hub0"]


@pytest.mark.parametrize("left", [".incomplete", ".0123abcd.incomplete"], ids=["0.36", "2.x"])
def test_what_other_clients_left_is_gone_on_with(
    tmp_path: Path, repo: Repo, capsys: pytest.CaptureFixture[str], left: str
) -> None:
    blobs = repo_folder(tmp_path, repo.id) / "blobs"
    blobs.mkdir(parents=True)
    beginning = (repo.folder / WEIGHTS).read_bytes()[:3_000_000]
    (blobs / f"{repo.etag(WEIGHTS)}{left}").write_bytes(beginning)
    (blobs / f"{repo.etag(WEIGHTS)}.89abcdef.incomplete").write_bytes(b"an orphan")
    with serve(repo) as hub:
        run(job_of(tmp_path, hub, models=(want(repo),)), capsys)
        assert hub.total_sent(WEIGHTS) == SIZE - len(beginning)
    assert_right(tmp_path, repo)
    assert list(blobs.glob("*.incomplete")) == []


def test_a_map_that_lies_costs_the_file_once_more_and_nothing_else(
    tmp_path: Path, repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    """As after a power failure: the map says that it is there, and the disk holds zeros."""
    blobs = repo_folder(tmp_path, repo.id) / "blobs"
    blobs.mkdir(parents=True)
    (blobs / f"{repo.etag(WEIGHTS)}{ENDING}").write_bytes(bytes(SIZE))
    with serve(repo) as hub:
        code, events = run(job_of(tmp_path, hub, models=(want(repo),)), capsys)
        assert hub.total_sent(WEIGHTS) == SIZE
    assert code == 0 and not [event for event in events if event.kind]
    assert_right(tmp_path, repo)


def without_links(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def refuse(self: Path, target: Path | str, **how: bool) -> None:
        raise OSError(code, os.strerror(code), str(self))

    monkeypatch.setattr(Path, "symlink_to", refuse)


@pytest.mark.parametrize("code", (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS))
def test_where_there_are_no_links_the_snapshot_holds_the_files_themselves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """As on FAT, on a mounted drive, and on some network shares. A content of two names is there twice, and fetched once."""
    repo = make_repo(tmp_path / "repos", "org/twins", SMALL)
    (repo.folder / "copy.safetensors").write_bytes((repo.folder / WEIGHTS).read_bytes())
    both = want(repo, files=("config.json", WEIGHTS, "copy.safetensors"), bytes=2 * SMALL)
    without_links(monkeypatch, code)
    with serve(repo) as hub:
        job = job_of(tmp_path / "hub", hub, models=(both,))
        assert run(job, capsys)[0] == 0
        snapshot = snapshot_folder(tmp_path / "hub", both)
        assert {path.name for path in snapshot.iterdir()} == set(both.files)
        for path in snapshot.iterdir():
            assert not path.is_symlink() and path.read_bytes() == (repo.folder / path.name).read_bytes()
        assert not list((snapshot.parent.parent / "blobs").iterdir())
        assert run(job, capsys)[0] == 0
        assert hub.total_sent(".safetensors") == SMALL


def test_a_disk_too_full_for_a_link_is_not_taken_for_one_without_links(
    tmp_path: Path, repo: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    without_links(monkeypatch, errno.ENOSPC)
    with serve(repo) as hub:
        code, events = run(job_of(tmp_path, hub, models=(want(repo),)), capsys)
    said = [event for event in events if event.kind]
    assert code == 1 and {event.kind for event in said} == {"disk"}
    assert not list(snapshot_folder(tmp_path, want(repo)).iterdir())


def test_two_files_of_one_content_are_fetched_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = make_repo(tmp_path / "repos", "org/twins", SMALL)
    (repo.folder / "copy.safetensors").write_bytes((repo.folder / WEIGHTS).read_bytes())
    both = want(repo, files=(WEIGHTS, "copy.safetensors"), bytes=2 * SMALL)
    with serve(repo) as hub:
        run(job_of(tmp_path / "hub", hub, models=(both,)), capsys)
        assert hub.total_sent(".safetensors") == SMALL
    assert missing_files(tmp_path / "hub", both) == ()


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small disk needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_keeps_what_came_and_the_next_run_goes_on(
    tmp_path: Path, repo: Repo, capsys: pytest.CaptureFixture[str], tiny_disk: Path
) -> None:
    with serve(repo) as hub:
        job = job_of(tiny_disk, hub, models=(want(repo),))
        code, events = run(job, capsys)
        (said,) = [event for event in events if event.kind]
        assert (code, said.kind) == (1, "disk")
        assert said.reason and "No space left" in said.reason and "bytes are still to come" in said.reason
        assert_nothing_wrong(tiny_disk, repo)
        subprocess.run(["mount", "-o", "remount,size=12m", str(tiny_disk)], check=True)
        hub.sent.clear()
        assert run(job, capsys)[0] == 0
        assert hub.total_sent(WEIGHTS) < SIZE - 1_000_000
    assert_right(tiny_disk, repo)


@pytest.mark.parametrize("kept", ("in a variable", "in a file", "nowhere"))
def test_the_token_is_the_clients_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: str) -> None:
    path = tmp_path / "token"
    for name in program.TOKENS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(path))
    if kept == "in a variable":
        monkeypatch.setenv("HF_TOKEN", " hf_mine\n")
    elif kept == "in a file":
        path.write_text("hf_mine\n")
    asked = Job(models=(), hub=str(tmp_path), endpoints=(Endpoint("one", "http://127.0.0.1:9", token=True),))
    assert program._token(asked) == (None if kept == "nowhere" else "hf_mine")
    strangers = msgspec.structs.replace(asked, endpoints=(Endpoint("two", "http://127.0.0.1:9"),))
    assert program._token(strangers) is None


def test_the_client_is_not_loaded_before_it_is_needed() -> None:
    """It would cost every run as much as all else that is loaded."""
    code = "import sys, bootstrap.hub.fetch; sys.exit('huggingface_hub' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, check=False).returncode == 0


def test_every_kind_of_fault_of_the_server_is_tried() -> None:
    tried = {fault.kind for fault in (ALWAYS | FOR_A_WHILE).values()} | {"drip"}
    assert tried == set(get_args(Kind))
