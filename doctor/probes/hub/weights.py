"""Is a weights file what its name says? Told from its first bytes and its size; nothing is loaded."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from doctor.facts.hub import BadFile, BadKind
from doctor.probes.listing import names_in, shown
from doctor.reading.peek import fails, is_folder, is_there, peek

SUFFIXES = (".safetensors", ".bin", ".pt", ".pth", ".gguf", ".onnx", ".h5", ".msgpack", ".model")
POINTER = b"version https://git-lfs.github.com/spec/"
LONGEST_HEADER = 8 << 20  # a header longer than that is believed
CONTROL = ".aria2"  # what aria2 keeps beside a file until all of it has come
ADAPTER = "adapter_config.json"
UNFINISHED = (CONTROL, ".incomplete", ".part", ".crdownload")
END = 1 << 16  # bytes at the end of a file: more zeros than the last tensor of a model would have
ZIP, ZIP_END = b"PK\x03\x04", b"PK\x05\x06"
ZIP_TAIL = 66_000
LINK, LONGEST_LINK = b"../../blobs/", 200  # what a link of the cache says, as the text of a file


def is_weights(name: str) -> bool:
    return name.endswith(SUFFIXES)


def bad(path: Path, repo: str | None) -> BadFile | None:
    """What is wrong with one file; None when nothing is, or when it cannot be looked at."""
    try:
        about = path.stat()
    except OSError:
        return None
    kind: BadKind | None = (
        "special" if not stat.S_ISREG(about.st_mode) else judged(path, about.st_size, _kind)
    )
    if kind is None and repo is None and is_there(f"{path}{CONTROL}"):
        kind = "cut"
    if kind is None:
        return None
    blob = shown(path.resolve()) if path.is_symlink() else None
    return BadFile(path=shown(path), kind=kind, bytes=about.st_size, repo=repo, blob=blob)


def judged(path: Path, size: int, judge: Callable[[Path, int], BadKind | None]) -> BadKind | None:
    """What `judge` says, unless the disk cannot give the file back: what was not read proves nothing."""
    kind = judge(path, size)
    return "failing" if kind and kind not in ("empty", "pointer", "link") and fails(path) else kind


def _kind(path: Path, size: int) -> BadKind | None:
    head = peek(path, 512)
    if head is None:
        return "failing" if fails(path) else None
    if known := kind_of_head(head, size):
        return known
    if size > END and _ends_in_a_hole(path, size):
        return "cut"
    if path.name.endswith(".safetensors"):
        return _safetensors(path, head, size)
    cut_zip = head.startswith(ZIP) and ZIP_END not in (peek(path, ZIP_TAIL, end=True) or b"")
    return "cut" if cut_zip else None


def _ends_in_a_hole(path: Path, size: int) -> bool:
    """Whether its end was never written, though its size is right: a download that made room for all of it first and then ended."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        os.lseek(descriptor, size - END, os.SEEK_DATA)
    except OSError as error:
        if error.errno != errno.ENXIO:  # there is none from there on
            return False
    else:
        return False
    finally:
        os.close(descriptor)
    return not any(peek(path, END, end=True) or b"x")


def kind_of_head(head: bytes, size: int) -> BadKind | None:
    """What lies in the place of any file of a model: told by how it begins."""
    if size == 0:
        return "empty"
    if head.startswith(POINTER):
        return "pointer"
    if head.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        return "html"
    return "link" if size < LONGEST_LINK and head.startswith(LINK) else None


def is_whole(path: Path) -> bool:
    """Whether a file of weights, whatever its name, says of itself that it is all there."""
    try:
        size = path.stat().st_size
    except OSError:
        return False
    head = peek(path, 512) or b""
    if head.startswith(ZIP):
        return ZIP_END in (peek(path, ZIP_TAIL, end=True) or b"") and not _ends_in_a_hole(path, size)
    length = int.from_bytes(head[:8], "little")
    if head[8:9] != b"{" or length > LONGEST_HEADER or size < length + 8:
        return False
    return _data_end((peek(path, length + 8) or b"")[8:]) == size - length - 8 and not _ends_in_a_hole(
        path, size
    )


def _safetensors(path: Path, head: bytes, size: int) -> BadKind | None:
    """Eight bytes of length, a JSON header of that length, then data up to the largest offset in it."""
    length = int.from_bytes(head[:8], "little")
    if len(head) < 9 or head[8:9] != b"{":
        return "header"
    if length + 8 > size:
        return "cut" if length < LONGEST_HEADER else "header"
    if length > LONGEST_HEADER:
        return None
    end = _data_end((peek(path, length + 8) or b"")[8:])
    if end is None:
        return "header"
    return None if length + 8 + end == size else "cut"


class _Tensor(msgspec.Struct):
    data_offsets: tuple[int, int] = (0, 0)


def _data_end(header: bytes) -> int | None:
    try:
        tensors = msgspec.json.decode(header, type=dict[str, _Tensor])
    except ValueError:
        return None
    return max((tensor.data_offsets[1] for tensor in tensors.values()), default=0)


def folders_of_models(root: Path, most: int) -> Iterator[Path]:
    """Folders below `root`, two levels deep, that look like a downloaded or cloned model; hidden ones left out."""
    looked, level = 0, [root]
    for _ in range(3):
        below: list[Path] = []
        for folder in level:
            names = names_in(folder)
            looked += len(names)
            if looked > most:
                return
            if "config.json" in names or ADAPTER in names:
                yield folder
            below += [folder / name for name in names if _may_be_folder(name)]
        level = [folder for folder in below if is_folder(folder) and not folder.is_symlink()]


def _may_be_folder(name: str) -> bool:
    """By its name, before anybody is asked: `Llama-3.1-8B` is one, `model.safetensors` is none."""
    after = name.rpartition(".")[2]
    return not name.startswith(".") and ("." not in name or after[:1].isdigit())
