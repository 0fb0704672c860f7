"""The results as docs/benchmarks.md, with a plot of each subject and the machine that it was measured on."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

from benchmarks.measure import Measured, ratio
from doctor.facts import Host
from doctor.text import human_bytes

DOCS = Path(__file__).resolve().parent.parent / "docs"
BAR, GAP, LEFT, WIDTH = 22, 8, 280, 760  # of the plot, in pixels


def page(results: dict[str, tuple[str, tuple[Measured, ...]]], host: Host, day: str, times: int) -> str:
    """The whole page."""
    head = [
        "# Benchmarks\n",
        "Made by `make bench`; do not edit. Whole commands as processes, run in turn in one session; medians. "
        "Absolute times are this machine's; compare the ratios.\n",
        f"{day} · {host.os_name}, {host.machine}, {host.cpus:g} CPUs, {human_bytes(host.memory_bytes)} · "
        f"{times} counted runs each, after one that warms\n",
    ]
    return "\n".join([*head, *(_section(name, title, rows) for name, (title, rows) in results.items())])


def _section(name: str, title: str, rows: tuple[Measured, ...]) -> str:
    table = [
        "| command | median | fastest – slowest | ours / theirs | bar | peak memory |",
        "|---|---|---|---|---|---|",
    ]
    table += [_row(row, rows[0]) for row in rows]
    return "\n".join([f"\n## {title}\n", f"![{title}](benchmarks/{name}.svg)\n", *table, ""])


def _row(row: Measured, ours: Measured) -> str:
    low, high = min(r.seconds for r in row.runs), max(r.seconds for r in row.runs)
    share = "" if row is ours else f"{ratio(ours, row):.2f}"
    bar = (
        ""
        if row.case.bar is None
        else f"≤ {row.case.bar:g} {'✓' if ratio(ours, row) <= row.case.bar else '✗'}"
    )
    peak = human_bytes(row.peak)
    return f"| `{row.case.name}` | {row.median:.2f} s | {low:.2f} – {high:.2f} s | {share} | {bar} | {peak} |"


def plot(title: str, rows: tuple[Measured, ...]) -> str:
    """A bar for each command, as SVG."""
    longest = max(row.median for row in rows)
    height = len(rows) * (BAR + GAP) + 40
    bars = "\n".join(_bars(rows, longest))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif" '
        f'font-size="13">\n<rect width="100%" height="100%" fill="white"/>\n'
        f'<text x="8" y="20" font-weight="bold">{escape(title)}</text>\n{bars}\n</svg>\n'
    )


def _bars(rows: tuple[Measured, ...], longest: float) -> Iterator[str]:
    for number, row in enumerate(rows):
        top = 32 + number * (BAR + GAP)
        length = max(2.0, (WIDTH - LEFT - 80) * row.median / longest)
        colour = "#2f6fab" if number == 0 else "#b9c4ce"
        yield f'<text x="8" y="{top + 16}">{escape(row.case.name)}</text>'
        yield f'<rect x="{LEFT}" y="{top}" width="{length:.0f}" height="{BAR}" fill="{colour}"/>'
        yield f'<text x="{LEFT + length + 6:.0f}" y="{top + 16}">{row.median:.2f} s</text>'


def write(results: dict[str, tuple[str, tuple[Measured, ...]]], host: Host, day: str, times: int) -> None:
    """The page and its plots."""
    (DOCS / "benchmarks").mkdir(exist_ok=True)
    for name, (title, rows) in results.items():
        (DOCS / "benchmarks" / f"{name}.svg").write_text(plot(title, rows), encoding="utf-8")
    (DOCS / "benchmarks.md").write_text(page(results, host, day, times), encoding="utf-8")
