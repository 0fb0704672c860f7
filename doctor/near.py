"""The known words that a misspelt one may have meant."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str], most: int = 1, cutoff: float = 0.6) -> list[str]:
    """Those that resemble it, the likeliest first. `cutoff`: from 0, anything, to 1, the same word."""
    import difflib  # only where something is misspelt

    return difflib.get_close_matches(word, list(known), n=most, cutoff=cutoff)
