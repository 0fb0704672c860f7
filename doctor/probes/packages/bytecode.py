"""Compiled files that Python would take and cannot read. Only the environment's own Python can tell, so it is asked (--deep)."""

from __future__ import annotations

from pathlib import Path

from doctor.facts import Unknown
from doctor.reading.ask import APART, ask

SECONDS = 30
KEPT = 6
# What Python itself checks before it takes a compiled file: its magic number, and the time and size of the source.
QUESTION = """
import importlib.util, marshal, os, sys, time
end, tag = time.monotonic() + 25, sys.implementation.cache_tag
for folder, names, files in os.walk(sys.argv[1]):
    if os.path.basename(folder) != '__pycache__':
        continue
    for file in files:
        if not file.endswith('.' + tag + '.pyc') or time.monotonic() > end:
            continue
        path = os.path.join(folder, file)
        try:
            with open(path, 'rb') as opened:
                data = opened.read()
            source = os.stat(importlib.util.source_from_cache(path))
        except (OSError, ValueError):
            continue
        if len(data) < 16 or data[:4] != importlib.util.MAGIC_NUMBER or any(data[4:8]):
            continue
        when, size = int.from_bytes(data[8:12], 'little'), int.from_bytes(data[12:16], 'little')
        if when != int(source.st_mtime) & 0xFFFFFFFF or size != source.st_size & 0xFFFFFFFF:
            continue
        try:
            marshal.loads(memoryview(data)[16:])
        except (EOFError, ValueError, TypeError):
            print(path)
"""


def damaged(interpreter: str, site: Path) -> tuple[str, ...]:
    """Paths below the site; empty where the interpreter does not answer."""
    said = ask([interpreter, *APART, "-B", "-c", QUESTION, str(site)], seconds=SECONDS)
    if isinstance(said, Unknown):
        return ()
    return tuple(line.removeprefix(f"{site}/") for line in said.stdout.splitlines()[:KEPT])
