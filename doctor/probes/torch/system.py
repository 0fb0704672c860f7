"""Libraries and programs of the system that packages of pure Python call: no metadata names them, and pip brings none.

And what torchaudio reads and writes files with, which is no part of it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from packaging.version import InvalidVersion, Version

from doctor.elf.linker import Linker
from doctor.facts.torch import SystemNeed
from doctor.goal import Goal

# Distribution: libraries of which it opens the first that is there, and the package of Debian and Ubuntu that brings one.
LIBRARIES = {
    "sounddevice": (("libportaudio.so.2",), "libportaudio2"),
    "pyzbar": (("libzbar.so.0",), "libzbar0"),
    "python-magic": (("libmagic.so.1",), "libmagic1"),
    "weasyprint": (("libpango-1.0.so.0",), "libpango-1.0-0"),
    "cairosvg": (("libcairo.so.2",), "libcairo2"),
    "cairocffi": (("libcairo.so.2",), "libcairo2"),
    "phonemizer": (("libespeak-ng.so.1", "libespeak.so.1"), "espeak-ng"),
}
PROGRAMS = {
    "pytesseract": ("tesseract", "tesseract-ocr"),
    "pdf2image": ("pdftoppm", "poppler-utils"),
    "sox": ("sox", "sox"),
    "gitpython": ("git", "git"),
}
BROUGHT = {
    "python-magic": ("python-magic-bin", "pylibmagic"),
    "phonemizer": ("espeakng-loader", "py-espeak-ng"),
}
SET_BY = {"phonemizer": "PHONEMIZER_ESPEAK_LIBRARY", "gitpython": "GIT_PYTHON_GIT_EXECUTABLE"}
OF_FFMPEG = (
    "libavutil.so.56",
    "libavutil.so.57",
    "libavutil.so.58",
)  # FFmpeg 4 to 6: torchaudio knows no later one
CHOOSES, GIVES_UP = (
    Version("2.1"),
    Version("2.9"),
)  # torchaudio: back ends of its own choice in between, torchcodec since


def system_needs(installed: Mapping[str, str], linker: Linker, goal: Goal) -> tuple[SystemNeed, ...]:
    """What is asked for and not there."""
    return tuple(_needs(installed, linker, goal))


def _needs(installed: Mapping[str, str], linker: Linker, goal: Goal) -> Iterator[SystemNeed]:
    for name in (*LIBRARIES, *PROGRAMS):
        if (
            name not in installed
            or SET_BY.get(name, "") in os.environ
            or any(one in installed for one in BROUGHT.get(name, ()))
        ):
            continue
        if name in LIBRARIES:
            libraries, package = LIBRARIES[name]
            if not any(_is_found(library, linker, goal) for library in libraries):
                yield SystemNeed(by=f"{name} {installed[name]}", what=libraries[0], package=package)
        else:
            program, package = PROGRAMS[name]
            if not shutil.which(program, path=f"{goal.prefix}/bin:{os.environ.get('PATH', os.defpath)}"):
                yield SystemNeed(by=f"{name} {installed[name]}", what=program, package=package, program=True)


def _is_found(library: str, linker: Linker, goal: Goal) -> bool:
    """By the linker, or in the environment itself, where conda puts it."""
    stem = library.partition(".so")[0]
    return linker.find(library, linker.program, ()) is not None or any(
        Path(goal.prefix, "lib").glob(f"{stem}.so*")
    )


def audio_backends(
    installed: Mapping[str, str], sndfile: str | None, linker: Linker, goal: Goal
) -> tuple[str, ...] | None:
    """What torchaudio could read and write files with; None where there is no torchaudio that would ask."""
    try:
        version = Version(installed["torchaudio"])
    except (KeyError, InvalidVersion):
        return None
    if version >= GIVES_UP:
        return ("torchcodec",) if "torchcodec" in installed else ()
    if version < CHOOSES:  # those bring SoX along
        return None
    found = {
        "soundfile": "soundfile" in installed and sndfile is not None,
        "sox": _is_found("libsox.so", linker, goal),
        "ffmpeg": any(_is_found(library, linker, goal) for library in OF_FFMPEG),
    }
    return tuple(name for name, there in found.items() if there)
