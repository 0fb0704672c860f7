"""`make bench`: measure the subjects (all, or those named). docs/benchmarks.md shows the last result of each."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

from benchmarks.measure import Measured, alternate, kept, ratio
from benchmarks.place import find
from benchmarks.report import Result, keep, machine, today, write_page
from doctor.errors import Exit, Trouble
from doctor.text import Text, pick_lang

PACKAGES = {"aria2c": "aria2"}  # of Debian, by program that a subject NEEDS
# In the order of the page. A subject is a module of this folder.
SUBJECTS = tuple(sorted(path.stem for path in Path(__file__).parent.glob("subjects/[a-z]*.py")))


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("subjects", nargs="*", help=f"of {', '.join(SUBJECTS)}; all when none is named")
    parser.add_argument("--times", type=int, metavar="N", help="counted runs of each command")
    asked = parser.parse_args()
    if set(asked.subjects) - set(SUBJECTS) or (asked.times or 1) < 1:
        parser.error(f"subjects are: {', '.join(SUBJECTS)}; --times is at least 1")
    try:
        return bench(tuple(asked.subjects) or SUBJECTS, asked.times)
    except Trouble as trouble:
        print(f"✗ {trouble.message.get(pick_lang())}", file=sys.stderr)
        return int(trouble.code)


def bench(names: Sequence[str], times: int | None) -> int:
    """Measure and tell; exit code 1 when a claim does not hold."""
    good, subjects = True, {name: import_module(f"benchmarks.subjects.{name}") for name in names}
    require({program for subject in subjects.values() for program in getattr(subject, "NEEDS", ())})
    for name, subject in subjects.items():
        with ExitStack() as stack:
            rows = alternate(subject.cases(find(stack)), times or subject.TIMES, subject.WARM)
        tell(subject.TITLE, rows)
        keep(
            name, Result(title=subject.TITLE, about=subject.ABOUT, machine=machine(), day=today(), rows=rows)
        )
        good = good and kept(rows)
    write_page()
    return 0 if good else 1


def require(programs: Iterable[str]) -> None:
    """Raises Trouble (exit 4) before anything is measured where a program to compare with is not there."""
    missing = sorted(program for program in programs if shutil.which(program) is None)
    if missing:
        names = ", ".join(missing)
        packages = " ".join(PACKAGES[program] for program in missing)
        raise Trouble(
            Text(
                f"{names} is not there, with which ours is compared. To install it: apt-get install -y {packages}",
                f"缺少用于对比的 {names}。安装命令：apt-get install -y {packages}",
            ),
            Exit.PERSON,
        )


def tell(title: str, rows: Sequence[Measured]) -> None:
    print(title)
    for row in rows:
        share = f"  ours is {ratio(rows[0], row):.2f} of it" if row is not rows[0] else ""
        floor = f"  {row.median / row.floor:.2f} of its floor, {row.floor:.1f} s" if row.floor else ""
        own = f"  {row.own_peak / 1e6:.0f} MB of our own" if row.own_peak else ""
        print(f"  {row.median:7.2f} s  {row.name}{share}{floor}{own}")


if __name__ == "__main__":
    sys.exit(main())
