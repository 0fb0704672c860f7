"""`make bench`: measure the subjects (all, or those named) and write docs/benchmarks.md when all were measured."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from importlib import import_module

from benchmarks.measure import Measured, alternate, ratio
from benchmarks.place import find
from benchmarks.report import write
from doctor.errors import Trouble
from doctor.probes.host import probe
from doctor.settings import resolve
from doctor.text import pick_lang

SUBJECTS = ("doctor", "noop")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("subjects", nargs="*", help=f"of {', '.join(SUBJECTS)}; all when none is named")
    parser.add_argument("--times", type=int, default=5, metavar="N", help="counted runs of each command")
    asked = parser.parse_args()
    if set(asked.subjects) - set(SUBJECTS) or asked.times < 1:
        parser.error(f"subjects are: {', '.join(SUBJECTS)}; --times is at least 1")
    try:
        return bench(tuple(asked.subjects) or SUBJECTS, asked.times)
    except Trouble as trouble:
        print(f"✗ {trouble.message.get(pick_lang())}", file=sys.stderr)
        return int(trouble.code)


def bench(names: tuple[str, ...], times: int) -> int:
    """Measure and tell; exit code 1 when a claim does not hold."""
    place, results = find(), {}
    for name in names:
        subject = import_module(f"benchmarks.subjects.{name}")
        rows = alternate(subject.cases(place), times)
        tell(subject.TITLE, rows)
        results[name] = (subject.TITLE, rows)
    if names == SUBJECTS:
        write(results, probe(resolve({})), date.today().isoformat(), times)
    kept = [
        ratio(rows[0], row) <= row.case.bar for _, rows in results.values() for row in rows if row.case.bar
    ]
    return 0 if all(kept) else 1


def tell(title: str, rows: tuple[Measured, ...]) -> None:
    print(title)
    for row in rows:
        share = f"  ours is {ratio(rows[0], row):.2f} of it" if row is not rows[0] else ""
        print(f"  {row.median:7.2f} s  {row.case.name}{share}")


if __name__ == "__main__":
    sys.exit(main())
