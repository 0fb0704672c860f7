#!/usr/bin/env python3
"""Run every pipeline of the lecture in this interpreter's environment and print what worked, where and how fast.

Run it with the interpreter of the environment to be tested. Models that are completely in the Hugging Face cache are
used offline and must give the expected answers; for the others a tiny model of the same architecture with random
weights is built on the spot. Nothing is downloaded.

Exit codes: 0 all passed · 1 a task failed, or is not available with --weights real · 2 bad arguments · 130 interrupted.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import re
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from smoke import cache, runner
from smoke.messages import language_of_environment, speaker
from smoke.spec import BadInput, Entry, choose, read_spec
from smoke.table import render

LECTURE = Path(__file__).with_name("smoke") / "lecture1.json"
# Read once, when transformers is first imported: they must be set before.
SETTINGS = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "DISABLE_SAFETENSORS_CONVERSION": "true",
    "TRANSFORMERS_VERBOSITY": "error",
}
Report = dict[str, Any]
Say = Callable[..., str]


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    try:
        if options.show:
            return show(options)
        entries = choose(read_spec(options.spec), options.task)
        require_writable(options.out)
        if options.list:
            print("\n".join(f"{entry['task']:<30}{entry['model']}" for entry in entries))
            return 0
        with clean_stdout() as out:
            return run(options, entries, out)
    except BadInput as problem:
        print(f"smoke_test.py: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("smoke_test.py: interrupted", file=sys.stderr)
        return 130


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--spec", type=Path, default=LECTURE, metavar="FILE", help="JSON list of tasks and models"
    )
    parser.add_argument(
        "--task", action="append", default=[], metavar="NAME", help="only this task; may be repeated"
    )
    parser.add_argument("--weights", choices=("auto", "real", "synthetic"), default="auto")
    parser.add_argument("--device", type=device_name, default="auto", metavar="auto|cpu|cuda[:N]")
    parser.add_argument("--json", action="store_true", help="print the report as JSON and nothing else")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="keep the JSON report here, rewritten after each task"
    )
    parser.add_argument(
        "--wait", action="store_true", help="import the libraries, then wait for a line on standard input"
    )
    parser.add_argument("--list", action="store_true", help="print the tasks and their models, run nothing")
    parser.add_argument(
        "--show", type=Path, metavar="FILE", help="print a report that --out kept, run nothing"
    )
    parser.add_argument("--lang", choices=("en", "zh"), default=language_of_environment())
    return parser.parse_args(arguments)


def device_name(text: str) -> str:
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is none of auto, cpu, cuda, cuda:N")
    return text


def show(options: argparse.Namespace) -> int:
    """Print a kept report as a table. BadInput when it is none."""
    try:
        report = json.loads(options.show.read_text(encoding="utf-8"))
        print(render(report, speaker(options.lang), one_task_command(options)), end="")
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise BadInput(f"--show {options.show}: not a report: {problem}") from problem
    return exit_code(report, "auto")


def require_writable(out: Path | None) -> None:
    """BadInput now, rather than an error after minutes of work, where the report could not be kept."""
    if out is None:
        return
    if not out.parent.is_dir():
        raise BadInput(f"--out {out}: there is no folder {out.parent}")
    if out.is_dir() or not os.access(out.parent, os.W_OK):
        raise BadInput(f"--out {out}: no file can be written there")


@contextmanager
def clean_stdout() -> Iterator[TextIO]:
    """The real standard output; whatever libraries and their child processes print goes to standard error."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    with open(kept, "w", encoding=sys.stdout.encoding, errors="replace") as out:  # noqa: PTH123 - a descriptor
        try:
            yield out
        finally:
            sys.stdout.flush()
            out.flush()
            os.dup2(kept, 1)


def run(options: argparse.Namespace, entries: list[Entry], out: TextIO) -> int:
    # The libraries must look exactly where we looked, also where a variable is set but empty.
    os.environ.update(SETTINGS, HF_HUB_CACHE=str(cache.cache_folder()))
    say = speaker(options.lang)
    report = new_report(options.weights)
    broken = prepare(report, options.device)
    if options.wait and not sys.stdin.readline():
        raise KeyboardInterrupt  # whoever started it is gone
    for number, entry in enumerate(entries, 1):
        report["running"] = entry["task"]
        save(report, options.out)
        if not options.json:
            progress = say("running", number=number, count=len(entries), task=entry["task"])
            print(progress, file=sys.stderr, flush=True)
        report["tasks"].append(make_row(entry, broken, options.weights, report["device"], say))
        report["summary"] = summary(report["tasks"])
    report["running"] = None
    save(report, options.out)
    out.write(
        json.dumps(report, indent=2) + "\n"
        if options.json
        else render(report, say, one_task_command(options))
    )
    return exit_code(report, options.weights)


def new_report(weights: str) -> Report:
    """`running` is the task at work, None at the end: a process that dies leaves the name of what killed it.

    `cache` is the folder in which models were looked for, None where none was.
    """
    folder = None if weights == "synthetic" else str(cache.cache_folder())
    head = {"schema": 1, "python": platform.python_version(), "versions": runner.installed_versions()}
    return {**head, "device": "-", "cache": folder, "running": None, "tasks": [], "summary": summary([])}


def prepare(report: Report, device: str) -> Exception | None:
    """Import what every task needs, once, and fix the device; an import error is returned, to be every task's."""
    import warnings

    warnings.simplefilter("ignore")
    try:
        report["device"] = runner.choose_device(device)
        from transformers import pipeline  # noqa: F401

        gc.freeze()  # each task collects what it leaves; the libraries' own objects need no second look
    except ValueError as problem:
        raise BadInput(str(problem)) from problem
    except Exception as problem:
        return problem
    return None


def make_row(entry: Entry, broken: Exception | None, weights: str, device: str, say: Say) -> Report:
    if broken is None:
        return runner.run_task(entry, weights, device, say)
    return {**runner.empty_row(entry, "synthetic", device), "error": runner.describe(broken)}


def summary(rows: list[Report]) -> dict[str, int]:
    status = [row["status"] for row in rows]
    ran = [row["weights"] for row in rows if row["status"] != "unavailable"]
    counts = {"passed": status.count("pass"), "failed": status.count("fail")}
    weights = {name: ran.count(name) for name in ("real", "synthetic")}
    return {**counts, "unavailable": status.count("unavailable"), **weights}


def save(report: Report, path: Path | None) -> None:
    """Beside and renamed: whoever reads the file, at whatever moment, finds a whole report."""
    if path is None:
        return
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=path.name, delete=False) as file:
        json.dump(report, file, indent=2)
    os.replace(file.name, path)  # noqa: PTH105


def one_task_command(options: argparse.Namespace) -> str:
    words = [sys.executable, sys.argv[0], "--task", "TASK"]
    return shlex.join(words + (["--spec", str(options.spec)] if options.spec != LECTURE else []))


def exit_code(report: Report, weights: str) -> int:
    counts = report["summary"]
    return 1 if counts["failed"] or (weights == "real" and counts["unavailable"]) else 0


if __name__ == "__main__":
    sys.exit(main())
