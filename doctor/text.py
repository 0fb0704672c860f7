"""Text for people, always in both languages, so that no message can forget one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal

import msgspec

Lang = Literal["en", "zh"]


class Text(msgspec.Struct, frozen=True, array_like=True):
    """One message in English and in Chinese. Placeholders are filled in before it is made."""

    en: str
    zh: str

    def get(self, lang: Lang) -> str:
        return self.zh if lang == "zh" else self.en


def both(said: str) -> Text:
    """What needs no translation: names, paths, numbers."""
    return Text(said, said)


def pick_lang(environ: Mapping[str, str] = os.environ) -> Lang:
    """The reader's language: GROUNDWORK_LANG, else the locale variables in POSIX order, else English."""
    for name in ("GROUNDWORK_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = environ.get(name, "")
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def human_bytes(count: float) -> str:
    """Bytes as people read them (decimal units, as disks and links are sold): 1.2 GB."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{count:.0f} {unit}" if unit in ("B", "kB") else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def human_seconds(seconds: float) -> str:
    """A duration as people read it: 8 s, 3 min, 1 h 20 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
