"""Fetch models into the Hugging Face cache: `python -m bootstrap.hub < JOB`.

A program of its own, so that its memory and a transfer that hangs end with its process. Reads a Job as JSON on standard
input, writes one Event a line on standard output. Exit code 0 when every model is there, 1 otherwise.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from bootstrap.hub.file import Failure, File
from bootstrap.hub.job import Event, Job, Kind, tell
from bootstrap.hub.link import Broke, Gated, Refused, Resting
from bootstrap.hub.listing import Offer, offers
from bootstrap.hub.place import blob_path, clear, has_blob, is_shown, show
from bootstrap.hub.sources import Meter, Source
from bootstrap.hub.transfer import BACK_OFF, LONGEST_PAUSE, PAUSE, TRIES, Transfer
from bootstrap.hub.verify import BadBytes
from doctor.goal.profile import ModelWant

LISTED_AT_ONCE = 16
LEAST = 1_000_000  # bytes that have to move within `patience`; a slower link would need days
TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")  # variables
TICK = 0.5  # seconds between two words on how far it is
Failures = dict[str, Failure]  # by endpoint


class Model:
    """One model of the job: its files, those that were there and those to fetch, or why its files are not known."""

    def __init__(self, want: ModelWant) -> None:
        self.want = want
        self.there = 0  # bytes
        self.files: list[File] = []
        self.failures: Failures = {}  # at the endpoints that cannot have it
        self.stumbled: Failures = {}  # at those that did not answer as they should, and may yet

    @property
    def bytes(self) -> int:
        return self.there + sum(file.bytes for file in self.files)

    @property
    def size(self) -> int:
        return self.there + sum(file.offer.size for file in self.files)


def main() -> int:
    told = sys.stdin.buffer.read()
    return fetch(msgspec.json.decode(told, type=Job)) if told else 1  # started ahead, and not needed


def fetch(job: Job) -> int:
    """Do the job, telling how it goes. Returns the exit code."""
    token = _token(job)
    models = [Model(want) for want in job.models]
    with ThreadPoolExecutor(LISTED_AT_ONCE) as pool:
        list(pool.map(lambda model: _look(model, job, token), models))
    files = [file for model in models for file in model.files]
    sources = [Source(endpoint) for endpoint in job.endpoints]
    transfer = Transfer(files, sources, job.connections, job.silence, token)
    ended, meter = threading.Event(), Meter(sources)
    watch = threading.Thread(target=_watch, args=(job, models, transfer, meter, ended), daemon=True)
    watch.start()
    transfer.run()
    ended.set()
    watch.join()
    tell(_progress(models, meter))
    failed = [_end(model) for model in models]  # each is told
    return 1 if any(failed) else 0


def _token(job: Job) -> str | None:
    """The person's, where an endpoint may see it. The client knows it; loading that takes longer than to ask for all files."""
    if not any(endpoint.token for endpoint in job.endpoints):
        return None
    from huggingface_hub import constants

    if not any(os.environ.get(name) for name in TOKENS) and not Path(constants.HF_TOKEN_PATH).exists():
        return None
    from huggingface_hub import get_token

    return get_token()


# --- what there is -----------------------------------------------------------------------------------


def _look(model: Model, job: Job, token: str | None) -> None:
    """Find out which files are to be fetched, and from whom they may come."""
    offered = _offers(model, job, token)
    by_hash: dict[str, list[Offer]] = {}
    for offer in offered:
        by_hash.setdefault(offer.hash, []).append(offer)
    hub, want = Path(job.hub), model.want
    askable = tuple(e for e in job.endpoints if e.name not in model.failures)
    for same in by_hash.values():
        names = tuple(o.name for o in same if not is_shown(hub, want, o.name, o.size))
        blob = blob_path(hub, want.id, same[0].hash)
        if names and has_blob(blob, same[0].size):
            show(hub, want, names, blob)
            names = ()
        if names:
            model.files.append(File(hub, want, same[0], names, askable))
        else:
            model.there += same[0].size
            clear(hub, want.id, same[0].hash)


def _offers(model: Model, job: Job, token: str | None) -> tuple[Offer, ...]:
    """From the first endpoint that tells; those that cannot have the model are noted in `failures`."""
    pause = threading.Event()
    for attempt in range(TRIES):
        wait = BACK_OFF * 2**attempt
        for endpoint in job.endpoints:
            if endpoint.name in model.failures:
                continue
            try:
                return offers(endpoint, model.want, token if endpoint.token else None, job.silence)
            except (Refused, BadBytes) as error:
                model.failures[endpoint.name] = Failure(_kind(error), str(error))
            except Resting as error:
                wait = max(wait, PAUSE if error.wait is None else error.wait)
                tell(Event(endpoint=endpoint.name, reason=str(error), pause=wait))
                model.stumbled[endpoint.name] = Failure("busy", str(error), error.wait)
            except Broke as error:
                model.stumbled[endpoint.name] = Failure("network", str(error))
        if len(model.failures) == len(job.endpoints) or wait > LONGEST_PAUSE:
            break
        pause.wait(wait)
    model.failures = model.stumbled | model.failures
    return ()


def _kind(error: Exception) -> Kind:
    if isinstance(error, BadBytes):
        return "bytes"
    return "gated" if isinstance(error, Gated) else "refused"


# --- how it goes, and how it ended -------------------------------------------------------------------


def _watch(job: Job, models: list[Model], transfer: Transfer, meter: Meter, ended: threading.Event) -> None:
    """Tell how far it is, and end the process when nothing moves: a drip would keep it waiting for ever."""
    mark, since = 0, time.monotonic()
    while not ended.wait(TICK):
        tell(_progress(models, meter))
        if transfer.moved - mark >= LEAST or transfer.resting():
            mark, since = transfer.moved, time.monotonic()
        elif time.monotonic() - since > job.patience:
            tell(Event(kind="network", reason=f"less than {LEAST // 1000} kB in {job.patience:.0f} s"))
            os._exit(1)


def _progress(models: list[Model], meter: Meter) -> Event:
    rates = meter.read()
    rate = sum(rates.values())
    by_model = {model.want.id: (model.bytes, model.size) for model in models}
    done = sum(come for come, _ in by_model.values())
    rest = sum(size for _, size in by_model.values()) - done
    return Event(done=done, rate=rate, rates=rates, left=rest // rate if rate else None, models=by_model)


def _end(model: Model) -> bool:
    """Tell how a model ended: first what is held against whom, then whether it is whole. Returns whether it failed."""
    for endpoint, failure in _failures(model).items():
        tell(
            Event(
                model=model.want.id,
                endpoint=endpoint,
                kind=failure.kind,
                reason=failure.reason,
                wait=failure.wait,
            )
        )
    whole = all(file.done for file in model.files) and bool(model.files or model.there)
    if whole:
        givers = sorted({name for file in model.files for name in file.givers})
        tell(Event(model=model.want.id, endpoint=", ".join(givers)))
    return not whole


def _failures(model: Model) -> Failures:
    """What went wrong, by endpoint; under no name what no endpoint can help."""
    found = model.stumbled | model.failures
    for file in model.files:
        found |= file.rested | file.failed
    errors = [file.error for file in model.files if file.error]
    unfinished = any(not file.ended for file in model.files)
    if errors or unfinished:
        found[""] = errors[0] if errors else Failure("disk", "not finished: the disk is full")
    return found
