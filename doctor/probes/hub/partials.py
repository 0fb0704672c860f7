"""Unfinished downloads that are finished: the client was ended after the last byte and before the new name."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from doctor.probes.hub.blobs import digest
from doctor.probes.hub.weights import is_whole
from doctor.reading.peek import is_there

NAME = re.compile(r"([0-9a-f]{64})\.incomplete")
RESTING = 120.0  # seconds without a byte: else it is just being finished
MOST = 20


def whole_partials(repos: list[Path], until: float) -> Iterator[Path]:
    """Those of the old client, whose name holds the hash. Until then each is hashed, which proves it;
    else a file of weights says by itself how long it is."""
    for path in islice((one for repo in repos for one in (repo / "blobs").glob("*.incomplete")), MOST):
        named = NAME.fullmatch(path.name)
        if named and not is_there(path.with_name(named[1])) and _rests(path):
            deep = time.monotonic() < until
            if (digest(path) == named[1]) if deep else is_whole(path):
                yield path


def _rests(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > RESTING
    except OSError:
        return False
