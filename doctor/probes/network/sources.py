"""Which sources answer, and how fast: one small request each, all at the same time."""

from __future__ import annotations

import platform
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx

from doctor.facts import Answer
from doctor.goal import Goal
from doctor.mirrors import Source, installers

SECONDS = 6.0  # for the whole request: a host that takes longer for its first byte is of no use


def ask_sources(wanted: Sequence[Source], goal: Goal) -> tuple[Answer, ...]:
    """Ask each source for the first bytes of what is needed of it. Order as given."""
    if not wanted:
        return ()
    timeout = httpx.Timeout(SECONDS, connect=SECONDS / 2)
    with httpx.Client(timeout=timeout, follow_redirects=True) as client, ThreadPoolExecutor(16) as pool:
        return tuple(pool.map(lambda source: ask_source(client, source, goal), wanted))


def ask_source(client: httpx.Client, source: Source, goal: Goal) -> Answer:
    """One request, until the first byte of the answer."""
    url = sample_url(source, goal)
    began = time.monotonic()
    try:
        with client.stream("GET", url, headers={"Range": "bytes=0-1023"}) as reply:
            next(reply.iter_raw(1), b"")
            took = time.monotonic() - began
            error = None if reply.status_code < 400 else f"HTTP {reply.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL) as trouble:
        error, took = str(trouble) or type(trouble).__name__, 0.0
    return Answer(
        kind=source.kind, name=source.name, url=source.url, seconds=None if error else took, error=error
    )


def sample_url(source: Source, goal: Goal) -> str:
    """A small thing that a working source of this kind must have."""
    if source.kind == "conda_installer":
        pinned = installers(platform.machine())
        return source.url.format(file=pinned[0].file) if pinned else source.url
    if source.kind == "conda_channel":
        return f"{source.url.rstrip('/')}/noarch/repodata.json"
    if source.kind == "torch_index":
        return f"{source.url.format(variant='cpu')}/torch/"
    if source.kind == "package_index":
        return f"{source.url}/pip/"
    if source.kind == "hub" and goal.models:
        model = goal.models[0]
        return f"{source.url}/{model.id}/resolve/{model.revision}/config.json"
    return source.url
