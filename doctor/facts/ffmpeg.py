"""Facts of ffmpeg."""

from __future__ import annotations

import msgspec


class Ffmpeg(msgspec.Struct, frozen=True, kw_only=True, tag="ffmpeg"):
    path: str | None  # the command as a process of the environment would find it
    version: str | None
    error: str | None = None
    machine: str | None = None  # the kind of processor that the program is for; None: not an ELF file
    script: str | None = None  # its first line, where it is a script
    damaged: str | None = None  # why it is neither
    not_executable: str | None = None  # a file of that name on the path that may not be run
    lacks: tuple[str, ...] = ()  # formats that it cannot decode
    cannot_write: tuple[str, ...] = ()  # encoders that it was built without
    snap: str | None = None  # the snap that the command starts, where that is kept apart from most folders
    others: tuple[str, ...] = ()  # commands of that name further on in the path
