"""Values that uv cannot take, in its settings files and in its variables. tests ask the pinned uv."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

YES, NO = ("1", "true", "yes", "on", "y", "t"), ("0", "false", "no", "off", "n", "f")
# By the name in a file; the variable is UV_ and the same in capitals.
CHOICES = {
    "link-mode": ("clone", "reflink", "copy", "hardlink", "symlink"),
    "index-strategy": ("first-index", "unsafe-any-match", "unsafe-first-match", "unsafe-best-match"),
    "resolution": ("highest", "lowest", "lowest-direct"),
    "prerelease": ("disallow", "allow", "if-necessary", "explicit", "if-necessary-or-explicit"),
    "fork-strategy": ("fewest", "requires-python"),
    "python-preference": ("only-managed", "managed", "system", "only-system"),
    "python-downloads": ("auto", "automatic", "manual", "never"),
}
BACKEND = re.compile(r"auto|cpu|xpu|cu\d+|rocm\d+(\.\d+)*")  # a later uv knows later ones
LOGIN = r"//[^/@\s]*@"
DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?![\d-])")
SHAPES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "booleans": ("true / false", lambda value: isinstance(value, bool)),
    "lists": ("[…]", lambda value: isinstance(value, list)),
    "counts": ("1, 2, …", lambda value: type(value) is int and value > 0),
    "texts": ('"…"', lambda value: isinstance(value, str)),
}
SPAN = re.compile(r"[+-]?\s*P?\s*\d+(\.\d+)?\s*[A-Za-z]")  # 3 days, 7d, P3D


def wrong_in_file(key: str, value: Any, kinds: Mapping[str, Sequence[str]], table: str) -> str:
    """How a value is wrong, "" where nothing is known against it: ` = "true" → true / false`."""
    kind = "lists" if key == "no-binary" and table else "booleans" if key == "no-binary" else ""
    kind = kind or next((name for name in SHAPES if key in kinds[name]), "")
    right, fits = SHAPES.get(kind, ("", lambda value: True))
    if not fits(value):
        return _wanted(value, "[[index]]" if key == "index" else right)
    said = wrong_text(key, value) if isinstance(value, str) else ""
    return _wanted(value, said) if said else ""


def _wanted(value: Any, right: str) -> str:
    """The value as it would stand in the file, without a login."""
    shown = str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')
    return f" = {re.sub(LOGIN, '//', shown)[:80]} → {right}"


def wrong_text(key: str, value: str) -> str:
    """What would be right in place of a text that uv cannot take; "" where it can."""
    if key in CHOICES:
        return "" if value in CHOICES[key] else " / ".join(CHOICES[key])
    if key == "torch-backend":
        return "" if BACKEND.fullmatch(value) else "auto / cpu / cu126"
    if key == "exclude-newer":
        return "" if SPAN.match(value) or day_of(value) else "2026-01-31 / 7 days"
    return ""


def day_of(value: str) -> date | None:
    """The day before which releases count, None where it is no date."""
    try:
        return date.fromisoformat(value[:10]) if DAY.match(value) else None
    except ValueError:
        return None
