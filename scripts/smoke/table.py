"""The report as plain text for people: 80 columns, aligned also where Chinese characters are two columns wide."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

COLUMNS = 80
WIDTHS = (6, 28, 9, 6, 6, 6, 7)  # result, task, weights, device, load, run, peak: 80 with the gaps
Say = Callable[..., str]


def width(text: str) -> int:
    """Columns that `text` takes in a terminal."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def pad(text: str, columns: int, right: bool = False) -> str:
    gap = " " * max(0, columns - width(text))
    return gap + text if right else text + gap


def wrap(text: str, columns: int, indent: str) -> list[str]:
    """Lines of at most `columns`; broken at blanks, and inside a word only where it would not fit on a line."""
    lines, line = [], indent
    for word in text.split():
        if line.strip() and width(line) + 1 + width(word) <= columns:
            line += " " + word
            continue
        if line.strip() and width(indent) + width(word) <= columns:
            lines.append(line)
            line = indent + word
            continue
        line += " " if line.strip() else ""
        for character in word:
            if width(line) + width(character) > columns:
                lines.append(line.rstrip())
                line = indent
            line += character
    return [*lines, line] if line.strip() else lines


def render(report: dict[str, Any], say: Say, command: str) -> str:
    """The whole screen; `command` is what to type to run one task alone, with TASK in place of its name."""
    lines = [_versions(report), "", _header(say)]
    for row in report["tasks"]:
        lines += _row(row, say)
    failed = [row for row in report["tasks"] if row["error"]]
    for row in failed:
        lines += ["", f"--- {row['task']} ---", row["error"]["traceback"].rstrip()]
    lines += ["", *wrap(say("summary", **report["summary"]), COLUMNS, "")]
    if report["summary"]["synthetic"]:
        lines += wrap(say("about_synthetic"), COLUMNS, "")
    if report["cache"]:
        lines += wrap(say("looked_in", folder=report["cache"]), COLUMNS, "")
    if failed:
        lines += wrap(say("next_failed", command=command.replace("TASK", failed[0]["task"])), COLUMNS, "")
    return "\n".join(lines) + "\n"


def _versions(report: dict[str, Any]) -> str:
    versions = " · ".join(f"{name} {version}" for name, version in report["versions"].items())
    return "\n".join(wrap(f"Python {report['python']} · {versions} · {report['device']}", COLUMNS, ""))


def _header(say: Say) -> str:
    titles = ["", *(say(key) for key in ("task", "weights", "device", "load", "run", "peak"))]
    return _line(titles)


def _line(cells: list[str]) -> str:
    padded = [
        pad(cell, columns, right=place >= 4)
        for place, (cell, columns) in enumerate(zip(cells, WIDTHS, strict=True))
    ]
    return "  ".join(padded).rstrip()


def _row(row: dict[str, Any], say: Say) -> list[str]:
    numbers = [_number(row["load_s"], 2), _number(row["run_s"], 2), _number(row["peak_mb"], 0)]
    lines = [_line([say(row["status"]), row["task"], say(row["weights"]), row["device"], *numbers])]
    note = f": {row['note']}" if row["note"] else ""
    lines += wrap(row["model"] + note, COLUMNS, " " * 8)
    if row["error"]:
        lines += wrap(f"{row['error']['type']}: {row['error']['message']}", COLUMNS, " " * 8)
    return lines


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
