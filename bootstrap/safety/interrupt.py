"""Ctrl-C, SIGTERM and a closed terminal end a word in one orderly way, from its first moment to its last."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

from doctor.errors import Exit, Trouble
from doctor.text import Text, pick_lang

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


_terminals: list[int] = []  # which of our streams; one that is gone no longer says that it was one


def listen() -> None:
    """Let each of them raise KeyboardInterrupt in the main thread; what nohup has switched off stays so."""
    _terminals[:] = [stream for stream in (1, 2) if os.isatty(stream)]
    for number in ENDING:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Once: what comes while programs are being ended must not leave half of them behind."""
    for other in ENDING:
        signal.signal(other, signal.SIG_IGN)
    if number == signal.SIGHUP:
        _mute()
    raise KeyboardInterrupt


def _mute() -> None:
    """The terminal is gone, and writing to it fails: what is still said goes nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in _terminals:
        os.dup2(nowhere, stream)


def leave(words: list[str]) -> NoReturn:
    """The end of a word that had not even begun."""
    said = interrupted(" ".join(words) or "setup")
    print(f"✗ {said.message.get(pick_lang())}", file=sys.stderr)
    sys.exit(int(said.code))


def interrupted(word: str) -> Trouble:
    return Trouble(
        Text("interrupted; nothing is lost", "已中断，进度不会丢失"),
        Exit.INTERRUPTED,
        Text(f"to go on from here: make {word}", f"继续请运行：make {word}"),
    )
