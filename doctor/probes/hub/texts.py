"""The small files beside the weights: are they the JSON that a model's settings, tokenizer and index are?

Large ones are judged by how they begin and end, so that a look at many models stays cheap.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path

from doctor.facts.hub import BadFile, BadKind
from doctor.probes.hub.weights import judged, kind_of_head
from doctor.probes.listing import shown
from doctor.reading.peek import fails, peek

NAMES = (
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "preprocessor_config.json",
    "processor_config.json",
    "adapter_config.json",
    "model_index.json",
)
PLAIN = ("vocab.txt", "merges.txt")  # no JSON, and never empty
INDEX = ".index.json"
WHOLE = 64 << 10  # bytes: a file up to that is parsed
INDEX_MOST = 4_000_000


def is_text(name: str) -> bool:
    return name in NAMES or name in PLAIN or name.endswith(INDEX)


def bad_text(path: Path, repo: str | None) -> BadFile | None:
    """What is wrong with one file; None when nothing is, or when it cannot be looked at."""
    try:
        about = path.stat()
    except OSError:
        return None
    if not stat.S_ISREG(about.st_mode):
        return None
    kind = judged(path, about.st_size, _kind)
    blob = shown(path.resolve()) if path.is_symlink() else None
    return BadFile(path=shown(path), kind=kind, bytes=about.st_size, repo=repo, blob=blob) if kind else None


def _kind(path: Path, size: int) -> BadKind | None:
    head = peek(path, WHOLE if size <= WHOLE else 512)
    if head is None:
        return "failing" if fails(path) else None
    right = path.name in PLAIN or _holds_json(path, head, size)
    return kind_of_head(head, size) or (None if right else "not-json")


def is_json(path: Path, size: int) -> bool:
    """Whether a file that can be read is JSON."""
    head = peek(path, WHOLE if size <= WHOLE else 512)
    return head is None or _holds_json(path, head, size)


def _holds_json(path: Path, head: bytes, size: int) -> bool:
    if size > WHOLE:
        ends = (peek(path, 512, end=True) or b"").rstrip()[-1:]
        return head.lstrip()[:1] in (b"{", b"[") and ends in (b"}", b"]")
    try:
        json.loads(head.decode())  # as the libraries read it: NaN is allowed, a byte order mark is not
    except ValueError:
        return False
    return True


def lost_shards(files: list[Path]) -> Iterator[str]:
    """Parts that an index names and that are not beside it, where others of its parts are."""
    there = {str(file) for file in files}
    for index in (file for file in files if file.name.endswith(INDEX)):
        parts = sorted(_parts(index))
        lost = [part for part in parts if str(index.parent / part) not in there]
        if 0 < len(lost) < len(parts):
            yield from (shown(part) for part in lost)


def _parts(index: Path) -> set[str]:
    try:
        said = json.loads(peek(index, INDEX_MOST) or b"")
        return {str(part) for part in said["weight_map"].values()}
    except (ValueError, TypeError, KeyError, AttributeError):
        return set()
