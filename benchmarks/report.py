"""The results as docs/benchmarks.md, with a plot of each subject and the machine that it was measured on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from html import escape
from pathlib import Path

import msgspec

from benchmarks.measure import Measured, holds, ratio
from doctor.goal.settings import resolve
from doctor.probes.host import probe
from doctor.text import human_bytes

DOCS = Path(__file__).resolve().parent.parent / "docs"
KEPT = DOCS / "benchmarks"
LARGEST = 200_000_000  # bytes of memory for our own processes
BAR, GAP, LEFT, WIDTH = 22, 8, 330, 760  # of the plot, in pixels
# Seen as an image, an SVG has no colours of the page around it: it asks for the reader's scheme itself.
STYLE = """<style>
text { fill: #1f2328; font: 13px sans-serif } .head { font-weight: bold }
.ours { fill: #2f6fab } .theirs { fill: #b9c4ce } .floor { stroke: #1f2328; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .ours { fill: #58a6ff } .theirs { fill: #57606a } .floor { stroke: #e6edf3 }
}
</style>"""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One subject, as it was measured last."""

    title: str
    about: str
    machine: str
    day: str
    rows: tuple[Measured, ...]


def machine() -> str:
    """Processor, cores, memory and system: nothing that names this machine."""
    host = probe(resolve({}))
    cpuinfo = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(": ")[2] for line in cpuinfo if line.startswith("model name")), host.machine)
    return f"{model}, {host.cpus:g} cores, {human_bytes(host.memory_bytes)}, {host.os_name}"


def today() -> str:
    return date.today().isoformat()


def keep(name: str, result: Result) -> None:
    """For the page, which is made of the last result of every subject."""
    KEPT.mkdir(exist_ok=True)
    (KEPT / f"{name}.json").write_bytes(msgspec.json.format(msgspec.json.encode(result)) + b"\n")
    (KEPT / f"{name}.svg").write_text(plot(result.title, result.rows), encoding="utf-8")


def write_page() -> None:
    results = {p.stem: msgspec.json.decode(p.read_bytes(), type=Result) for p in sorted(KEPT.glob("*.json"))}
    (DOCS / "benchmarks.md").write_text(page(results), encoding="utf-8")


def page(results: dict[str, Result]) -> str:
    """The whole page."""
    head = [
        "# Benchmarks\n",
        "Made by `make bench`; do not edit. Whole commands as processes, run in turn in one session; medians. "
        "Absolute times are this machine's; compare the ratios. "
        "Memory: of the largest process; of our own processes together in brackets, without uv and the course's Python "
        f"(bar: {human_bytes(LARGEST)}).\n",
    ]
    return "\n".join([*head, *(_section(name, result) for name, result in results.items())])


def _section(name: str, result: Result) -> str:
    ours, table = result.rows[0], ["| command | median | fastest – slowest | ours / theirs | bar | memory |"]
    table += ["|---|---|---|---|---|---|", *(_row(row, ours) for row in result.rows)]
    where = f"{result.day} · {result.machine} · {len(ours.runs)} counted runs each\n"
    text = [
        f"\n## {result.title}\n",
        f"{result.about}\n",
        where,
        f"![{result.title}](benchmarks/{name}.svg)\n",
    ]
    return "\n".join([*text, *table, *_floor(ours), ""])


def _floor(ours: Measured) -> Iterator[str]:
    """Our command against the time that its bytes take on the link."""
    if ours.floor:
        times = ours.median / ours.floor
        bar = f" (bar: {ours.floor_bar:g} {_mark(times <= ours.floor_bar)})" if ours.floor_bar else ""
        yield f"\nThe bytes of `{ours.name}` alone take {ours.floor:.1f} s on this link: it takes {times:.2f} times that{bar}."


def _row(row: Measured, ours: Measured) -> str:
    low, high = min(r.seconds for r in row.runs), max(r.seconds for r in row.runs)
    share = "" if row is ours else f"{ratio(ours, row):.2f}"
    return f"| `{row.name}` | {row.median:.2f} s | {low:.2f} – {high:.2f} s | {share} | {_bar(row, ours)} | {_memory(row)} |"


def _bar(row: Measured, ours: Measured) -> str:
    if row.bar is None:
        return ""
    enough = f" or {row.enough:g} s" if row.enough is not None else ""
    return f"≤ {row.bar:g}{enough} {_mark(holds(ours, row))}"


def _memory(row: Measured) -> str:
    own = f" ({human_bytes(row.own_peak)} {_mark(row.own_peak <= LARGEST)})" if row.own_peak else ""
    return f"{human_bytes(row.peak)}{own}"


def _mark(good: bool) -> str:
    return "✓" if good else "✗"


def plot(title: str, rows: Sequence[Measured]) -> str:
    """A bar for each command, and a line across it where its floor is, as SVG."""
    longest = max(row.median for row in rows)
    height = len(rows) * (BAR + GAP) + 40
    bars = "\n".join(line for number, row in enumerate(rows) for line in _bars(number, row, longest))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" role="img">\n{STYLE}\n'
        f'<text class="head" x="8" y="20">{escape(title)}</text>\n{bars}\n</svg>\n'
    )


def _bars(number: int, row: Measured, longest: float) -> Iterator[str]:
    top, scale = 32 + number * (BAR + GAP), (WIDTH - LEFT - 80) / longest
    length = max(2.0, row.median * scale)
    yield f'<text x="8" y="{top + 16}">{escape(row.name)}</text>'
    kind = "theirs" if number else "ours"
    yield f'<rect class="{kind}" x="{LEFT}" y="{top}" width="{length:.0f}" height="{BAR}"/>'
    if row.floor:
        at = LEFT + row.floor * scale
        yield f'<line class="floor" x1="{at:.0f}" y1="{top - 2}" x2="{at:.0f}" y2="{top + BAR + 2}"/>'
    yield f'<text x="{LEFT + length + 6:.0f}" y="{top + 16}">{row.median:.2f} s</text>'
