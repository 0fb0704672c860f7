"""What killed programs left in shared memory: each segment stays until somebody removes it, or the machine is started anew."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from doctor.facts.disk import Leftovers
from doctor.probes.listing import names_in, processes, shown
from doctor.reading.peek import is_there, peek

SHM = Path("/dev/shm")
MOST, NAMED = 20_000, 3
# Of what makes them: multiprocessing, torch, NCCL, joblib's semaphores, CUDA, Ray's store, MPI.
MADE = re.compile(
    r"psm_|torch_|nccl-|sem\.|cuda\.shm\.|plasma|wnsm_|mp-|pym-|joblib_memmapping|vader_segment|loky|vllm|sglang|sgl_"
)
MAPS = 16_000_000  # bytes of one process's list


def leftovers() -> Leftovers | None:
    """All of them, or None where there are none."""
    found = dict(_segments(SHM))
    for name in (
        _used() if found else ()
    ):  # after they were listed: whoever makes one has it open from the start
        found.pop(name, None)
    found = {name: size for name, size in found.items() if is_there(SHM / name)}
    if not found:
        return None
    return Leftovers(
        count=len(found),
        bytes=sum(found.values()),
        names=tuple(map(shown, sorted(found, key=lambda name: -found[name])[:NAMED])),
        patterns=tuple(sorted({_pattern(name) for name in found}))[:8],
    )


def _segments(folder: Path) -> Iterator[tuple[str, int]]:
    """Names and sizes. What other users have open is seen by root only."""
    everybody, mine = os.geteuid() == 0, os.geteuid()
    for name in names_in(folder)[:MOST]:
        try:
            seen = (folder / name).lstat()
        except OSError:
            continue  # gone since
        if stat.S_ISREG(seen.st_mode) and MADE.match(name) and (everybody or seen.st_uid == mine):
            yield name, seen.st_blocks * 512


def _used() -> Iterator[str]:
    """Names that some process has mapped or open; those of others are seen by root only."""
    start = f"{SHM}/"
    for pid in processes():
        maps = peek(f"/proc/{pid}/maps", MAPS) or b""
        yield from (os.fsdecode(name) for name in re.findall(rb" /dev/shm/([^\n]+)", maps))
        folder = Path(f"/proc/{pid}/fd")
        for number in names_in(folder):
            try:
                target = os.readlink(folder / number)  # noqa: PTH115 - a text, not a path
            except OSError:
                continue
            if target.startswith(start):
                yield target.removeprefix(start)


def _pattern(name: str) -> str:
    match = MADE.match(name)
    return f"{match[0]}*" if match else name
