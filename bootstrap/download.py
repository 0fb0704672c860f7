"""One file from several hosts: resumed where it broke, refused when its bytes are not the pinned ones."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec

from bootstrap.process import check_stop
from bootstrap.safety import no_room
from doctor.errors import Exit, Trouble
from doctor.measure.race import new_session
from doctor.probes.disk import place
from doctor.text import Text, human_bytes

CONNECT = 5.0  # seconds
SILENCE = 20.0  # seconds without a byte
WINDOW = 30.0  # seconds over which the rate is judged
SLOWEST = 20_000  # bytes a second over a window: below that another host is better, or none
LARGEST = 2_000_000_000  # bytes; a host that sends without end must not fill the disk
ROUNDS = 3  # times that a host whose link broke is asked to go on
BLOCK = 1 << 20


class Candidate(msgspec.Struct, frozen=True):
    """One host that offers the file."""

    name: str
    url: str


class Refused(Exception):
    """What this host sends is not the file; asking it again is of no use."""


class Broke(Exception):
    """The link to this host broke or is too slow; what came so far is kept."""


Progress = Callable[[int, int], None]


def fetch(
    candidates: Sequence[Candidate],
    sha256: str,
    target: Path,
    *,
    tell: Callable[[str], None] = lambda text: None,
    failed: Callable[[str, str], None] = lambda name, why: None,
    progress: Progress = lambda done, total: None,
) -> Path:
    """Download to `target`, which gets its name only when its SHA-256 is `sha256`. Returns `target`.

    `tell` gets one line for each host that failed, `failed` its name and why, `progress` bytes done and in all
    (0: not known).
    Raises Trouble: exit code 5 with what each host said, or exit code 4 when the disk is full.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    if _settled(target, part, sha256):
        return target
    said: dict[str, str] = {}
    refused: set[Candidate] = set()
    with _client() as client:
        for candidate in _turns(candidates, refused, part):
            try:
                _whole(client, candidate, part, sha256, progress)
                part.replace(target)
                return target
            except Refused as trouble:
                refused.add(candidate)
                said[candidate.name] = str(trouble)
            except (Broke, httpx.HTTPError, httpx.InvalidURL) as trouble:
                said[candidate.name] = str(trouble) or type(trouble).__name__
            tell(f"{candidate.name}: {said[candidate.name]}")
            failed(candidate.name, said[candidate.name])
    raise _nowhere(target.name, said)


def _settled(target: Path, part: Path, sha256: str) -> bool:
    """Whether the file is there already, under its name or (killed before the renaming) as its part."""
    if part.is_file() and not target.exists() and sha256_of(part).hexdigest() == sha256:
        part.replace(target)
    if target.is_file():
        if sha256_of(target).hexdigest() == sha256:
            return True
        target.unlink()  # an earlier pin, or bytes that rotted
    return False


def _client() -> httpx.Client:
    try:
        return new_session(SILENCE, CONNECT)
    except (ImportError, ValueError, OSError) as error:  # a proxy or CA setting that cannot be followed
        message = Text(
            f"the proxy or CA settings cannot be used: {error}", f"代理或证书设置无法使用：{error}"
        )
        raise Trouble(message, Exit.NETWORK) from error


def _turns(candidates: Sequence[Candidate], refused: set[Candidate], part: Path) -> Iterator[Candidate]:
    """Every host in turn; further rounds only while rounds bring bytes, and only with hosts that may have them."""
    for _ in range(ROUNDS):
        before = _size(part)
        yield from (candidate for candidate in candidates if candidate not in refused)
        if _size(part) <= before:
            return


def _whole(client: httpx.Client, candidate: Candidate, part: Path, sha256: str, progress: Progress) -> None:
    """Bring `part` to the wanted bytes from one host. Bytes of another host are not held against this one."""
    if _size(part):
        if _stream(client, candidate, part, progress) == sha256:
            return
        part.unlink(missing_ok=True)
    said = _stream(client, candidate, part, progress)
    if said != sha256:
        size = _size(part)
        part.unlink(missing_ok=True)
        raise Refused(f"sent other bytes: {size} of them, SHA-256 {said[:16]}…, wanted {sha256[:16]}…")


def _stream(client: httpx.Client, candidate: Candidate, part: Path, progress: Progress) -> str:
    """One request, from where `part` ends. Returns the SHA-256 of all bytes then in `part`."""
    have = _size(part)
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with client.stream("GET", candidate.url, headers=headers) as reply:
        if reply.status_code == 416:  # nothing behind the end: what is there has to be the file, or is refuse
            return str(sha256_of(part).hexdigest())
        if reply.status_code >= 400:
            raise Refused(f"HTTP {reply.status_code}")
        start = have if _continues(reply, have) else 0
        return _write(reply, part, start, progress)


def _continues(reply: httpx.Response, have: int) -> bool:
    """Whether the host sends the rest, and not, as it may, the whole file again."""
    said = reply.headers.get("content-range", "")
    return bool(have) and reply.status_code == 206 and said.startswith(f"bytes {have}-")


def _write(reply: httpx.Response, part: Path, start: int, progress: Progress) -> str:
    total = start + int(reply.headers.get("content-length") or 0)
    chunks = _vetted(reply, start)
    first = next(chunks, b"")
    if not first and not start:
        raise Refused("sent an empty file")
    _room_for(total - start, part)
    digest = sha256_of(part) if start else hashlib.sha256()
    done = start
    try:
        with part.open("ab" if start else "wb") as out:
            for chunk in _each(first, chunks):
                out.write(chunk)
                digest.update(chunk)
                done += len(chunk)
                progress(done, total)
    except OSError as error:
        raise _unwritable(error, part, total - done) from error
    return str(digest.hexdigest())


def _each(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _vetted(reply: httpx.Response, start: int) -> Iterator[bytes]:
    """The bytes as they come. Raises on a web page, on a drip, on a flood, and when the run is being stopped."""
    began, window_bytes, done = time.monotonic(), 0, start
    for chunk in reply.iter_raw():
        check_stop()
        if done == 0 and chunk[:200].lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml")):
            raise Refused("sent a web page, not the file (a login page of the network?)")
        done += len(chunk)
        window_bytes += len(chunk)
        if done > LARGEST:
            raise Refused(f"sent more than {human_bytes(LARGEST)}")
        yield chunk
        took = time.monotonic() - began
        if took >= WINDOW:
            if window_bytes / took < SLOWEST:
                raise Broke(f"too slow: {human_bytes(window_bytes / took)}/s")
            began, window_bytes = time.monotonic(), 0


def _room_for(needed: int, part: Path) -> None:
    missing = needed - shutil.disk_usage(part.parent).free
    if missing > 0:
        raise no_room.full(place("downloads", part.parent), missing)


def _unwritable(error: OSError, part: Path, missing: int) -> Trouble:
    return no_room.of_error(error, (part.parent,), missing) or Trouble(
        Text(f"cannot write {part}: {error.strerror}", f"无法写入 {part}：{error.strerror}"), Exit.FAILED
    )


def _nowhere(name: str, said: dict[str, str]) -> Trouble:
    lines = "\n".join(f"    {host}: {why}" for host, why in said.items()) or "    -"
    return Trouble(
        Text(f"no host gave {name}:\n{lines}", f"没有任何站点提供 {name}：\n{lines}"),
        Exit.NETWORK,
        Text(
            "check the network or proxy (https_proxy), then: make setup; what came so far is kept",
            "请检查网络或代理（https_proxy），然后运行：make setup；已下载的部分会保留",
        ),
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def sha256_of(path: Path) -> Any:
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while block := source.read(BLOCK):
            check_stop()
            digest.update(block)
    return digest
