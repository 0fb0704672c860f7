"""Fetch models from one endpoint into the Hugging Face cache: `python -m bootstrap.hub.fetch < JOB`.

A program of its own, because huggingface_hub reads its settings when it is imported, and because a transfer
that hangs can only be ended with its process. Reads a Job as JSON on standard input, writes one Event a line
on standard output. Exit code 0 when every model is there, 1 otherwise.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Literal

import msgspec

from bootstrap.hub import verify as hub_verify
from doctor.probes.hub import cached_model, missing_files, repo_folder, snapshot_folder
from doctor.profile import ModelWant

MODELS_AT_ONCE = 3
FILES_AT_ONCE = 4  # of one model
TRIES = 6  # as long as each brings something
LEAST = 1_000_000  # bytes that have to move within `patience`; a slower link would need days
# The client writes to disk chunk by chunk: with its own 10 MB a slow link would show nothing for minutes,
# and lose that much of every file each time it breaks.
CHUNK = 256 * 1024
TICK = 1.0  # seconds between two looks at the cache

Kind = Literal["bytes", "busy", "disk", "network", "refused"]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    models: tuple[ModelWant, ...]  # to fetch
    hub: str  # HF_HOME/hub
    endpoint: str
    token: bool  # may the person's token be sent there?
    patience: float = 90.0  # seconds without noteworthy progress


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is told while it runs: bytes that the cache holds of the job's models, or how one model ended."""

    done: int | None = None
    model: str | None = None
    kind: Kind | None = None  # of failure
    reason: str | None = None
    wait: float | None = None  # seconds until it may be asked again, where the endpoint said so


def main() -> int:
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    hub_verify.install(job.models)
    _write_often()
    ended = threading.Event()
    watch = threading.Thread(target=_watch, args=(job, ended), daemon=True)
    watch.start()
    with ThreadPoolExecutor(MODELS_AT_ONCE) as pool:
        failures = list(pool.map(lambda want: _fetch(want, job), job.models))
    ended.set()
    watch.join()
    tell(Event(done=_done(job)))
    return 1 if any(failures) else 0


def _write_often() -> None:
    from huggingface_hub import constants

    constants.DOWNLOAD_CHUNK_SIZE = CHUNK


def _fetch(want: ModelWant, job: Job) -> Event | None:
    """One model, again as long as a broken transfer brought something. Tells and returns how it failed."""
    hub, failure = Path(job.hub), Event(model=want.id)
    for _ in range(TRIES):
        held = bytes_held(hub, (want,))
        begun = {path.stem for path in _blobs(hub, want).glob("*.incomplete")}
        try:
            _download(want, job)
        except Exception as error:  # the client lets through whatever its libraries raise
            failure = explain(want, error)
        else:
            tell(Event(model=want.id))
            return None
        # The beginning of a file may be another endpoint's: only wrong bytes of its own count against this one.
        adopted = failure.kind == "bytes" and hub_verify.refused(_blobs(hub, want)) & begun
        grown = failure.kind == "network" and bytes_held(hub, (want,)) > held
        if not adopted and not grown:
            break
    tell(failure)
    return failure


def _download(want: ModelWant, job: Job) -> None:
    from huggingface_hub import snapshot_download

    hub = Path(job.hub)
    _drop_cut_files(hub, want)
    snapshot_download(
        want.id,
        revision=want.revision,
        cache_dir=hub,
        endpoint=job.endpoint,
        token=None if job.token else False,
        allow_patterns=[*want.files, *want.optional],
        max_workers=FILES_AT_ONCE,
    )
    # The client calls a snapshot that it could not complete a success when its folder exists.
    missing = missing_files(hub, want)
    if missing:
        raise Incomplete(f"did not give {', '.join(missing)}")


class Incomplete(Exception):
    """The client reported success, and files are not there."""


def _drop_cut_files(hub: Path, want: ModelWant) -> None:
    """Remove files that are there in the wrong size: the client would take them as they are."""
    for name in missing_files(hub, want):
        link = snapshot_folder(hub, want) / name
        if link.exists():
            link.resolve().unlink()
            link.unlink(missing_ok=True)


def explain(want: ModelWant, error: Exception) -> Event:
    """How a model failed, in one line without the query strings that may carry signatures."""
    from huggingface_hub.errors import HfHubHTTPError

    causes = _causes(error)
    bad = next((e for e in causes if isinstance(e, hub_verify.BadBytes)), None)
    if bad:
        return Event(model=want.id, kind="bytes", reason=str(bad))
    if any(isinstance(e, OSError) and e.errno in hub_verify.DISK_ERRORS for e in causes):
        return Event(model=want.id, kind="disk", reason=str(error))
    reply = next(
        (e.response for e in causes if isinstance(e, HfHubHTTPError) and e.response is not None), None
    )
    if reply is not None:
        said = f"HTTP {reply.status_code} {reply.reason or ''}".strip()
        if reply.status_code == 429:
            return Event(model=want.id, kind="busy", reason=said, wait=wait_of(reply.headers))
        return Event(model=want.id, kind="refused", reason=said)
    kind: Kind = "refused" if isinstance(error, Incomplete) else "network"
    said = " ".join(str(causes[-1]).split()) or type(causes[-1]).__name__
    return Event(model=want.id, kind=kind, reason=hub_verify.without_queries(said)[:300])


def wait_of(headers: Mapping[str, str]) -> float | None:
    """Seconds until the next request is welcome: Retry-After (seconds or a date), else the window of RateLimit."""
    said = headers.get("Retry-After", "")
    window = re.search(r"\bt=(\d+)", headers.get("RateLimit", ""))
    if said.isdigit():
        return float(said)
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except ValueError:
        return float(window[1]) if window else None


def _causes(error: BaseException) -> list[BaseException]:
    """The error and what led to it, outermost first."""
    chain = [error]
    while (cause := chain[-1].__cause__) is not None and cause not in chain:
        chain.append(cause)
    return chain


def _watch(job: Job, ended: threading.Event) -> None:
    """Tell how much is there, and end the process when nothing moves: a drip keeps the client waiting for ever."""
    told = -1
    mark, since = _moved(job), time.monotonic()
    while not ended.wait(TICK):
        done = _done(job)
        if done != told:
            tell(Event(done=done))
            told = done
        if _moved(job) - mark >= LEAST:
            mark, since = _moved(job), time.monotonic()
        elif time.monotonic() - since > job.patience:
            tell(Event(kind="network", reason=f"less than {LEAST // 1000} kB in {job.patience:.0f} s"))
            os._exit(1)


def _done(job: Job) -> int:
    return sum(cached_model(Path(job.hub), want).cached_bytes for want in job.models)


def _moved(job: Job) -> int:
    return bytes_held(Path(job.hub), job.models) + hub_verify.hashed


def bytes_held(hub: Path, models: tuple[ModelWant, ...]) -> int:
    """Bytes in the blobs of these models, whole and under way; where there are no links, whole files leave the blobs."""
    blobs = sum(_size(path) for want in models for path in _blobs(hub, want).glob("*"))
    return blobs + sum(
        _size(path)
        for want in models
        for path in (snapshot_folder(hub, want) / name for name in want.files)
        if not path.is_symlink()
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # renamed while we looked, or not there yet
        return 0


def _blobs(hub: Path, want: ModelWant) -> Path:
    return repo_folder(hub, want.id) / "blobs"


def tell(event: Event) -> None:
    try:
        sys.stdout.write(msgspec.json.encode(event).decode() + "\n")
        sys.stdout.flush()
    except BrokenPipeError:  # whoever started us was killed; the next run must find the cache to itself
        os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
