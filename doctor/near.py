"""The known words that a misspelt one may have meant."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str], most: int = 1, cutoff: float = 0.6) -> list[str]:
    """Those that resemble it, the likeliest first. `cutoff`: from 0, anything, to 1, the same word."""
    import difflib  # only where something is misspelt

    return difflib.get_close_matches(word, list(known), n=most, cutoff=cutoff)


def one_slip(word: str, known: Iterable[str]) -> str | None:
    """The known word of which `word` is one slip of the fingers away: a letter too many, too few, another one, or two
    that changed places."""
    return next((right for right in known if _is_slip(word, right)), None)


def _is_slip(word: str, right: str) -> bool:
    if word == right:
        return False
    shorter = min(len(word), len(right))
    start = next((n for n in range(shorter) if word[n] != right[n]), shorter)
    end = next((n for n in range(shorter - start) if word[-1 - n] != right[-1 - n]), shorter - start)
    typed, meant = word[start : len(word) - end], right[start : len(right) - end]
    return max(len(typed), len(meant)) == 1 or (len(typed) == 2 and typed == meant[::-1])
