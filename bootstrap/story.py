"""`groundwork log`: the journal for people. What each run did, how long it took, how it ended, what it made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from bootstrap.safety.journal import Event, at, read
from bootstrap.step import ORDER, load
from bootstrap.telling.display import MARK
from doctor.errors import Exit
from doctor.goal.settings import groundwork_home
from doctor.report.envelope import emit, words_envelope
from doctor.report.terminal import show
from doctor.text import Lang, Text, both, human_seconds

NOTHING = Text("Nothing has been done here yet.", "这里还没有执行过任何操作。")
CUT_SHORT = Text("cut short", "中途结束")
ENDS = {
    "run-end": Text("done", "完成"),
    "interrupted": Text("interrupted", "已中断"),
}
DID = {
    "created": Text("made", "创建"),
    "changed": Text("replaced", "替换"),
    "removed": Text("removed", "移除"),
    "apt-installed": Text("installed the system package", "安装系统软件包"),
}


def log(lang: Lang, *, as_json: bool, last: int | None) -> int:
    """With --json the events as they are, else lines; of both the last ones, where a number is given."""
    events = read(Path(groundwork_home()) / "journal.jsonl")
    if as_json:
        emit(words_envelope(Exit.FINE, events=events[-(last or len(events)) :] if events else []))
        return int(Exit.FINE)
    lines = [line for run in runs(events) for line in told(run, lang)] or [NOTHING.get(lang)]
    show(lines[-(last or len(lines)) :])
    return int(Exit.FINE)


def runs(events: list[Event]) -> list[list[Event]]:
    """The events of each run, in the order in which the runs began."""
    by_run: dict[str, list[Event]] = {}
    for event in events:
        by_run.setdefault(str(event.get("run", event.get("pid"))), []).append(event)
    return list(by_run.values())


def told(run: list[Event], lang: Lang) -> Iterator[str]:
    began, took = datetime.fromtimestamp(at(run[0])), human_seconds(at(run[-1]) - at(run[0]))
    end = next((_end(event) for event in reversed(run) if event["event"] in ENDS), CUT_SHORT)
    yield f"{began:%Y-%m-%d %H:%M:%S}  {run[0].get('word') or '?'}  {took}, {end.get(lang)}"
    started = {event["step"]: at(event) for event in run if event["event"] == "step-start"}
    for event in run:
        name = event["event"]
        if name == "step-end":
            yield _step(event, started.pop(event["step"], at(event)), lang)
        elif name in DID:
            yield f"    {DID[name].get(lang)} {event['path']}"
    for step in started:
        yield f"  ? {_title(step, lang)}: {CUT_SHORT.get(lang)}"


def _end(event: Event) -> Text:
    failed = "failed" in event.get("outcomes", {}).values()
    return Text("failed", "失败") if failed else ENDS[event["event"]]


def _step(event: Event, began: float, lang: Lang) -> str:
    took = human_seconds(at(event) - began)
    reason = msgspec.convert(event["reason"], Text) if event.get("reason") else None
    why = f": {' '.join(reason.get(lang).split())}" if reason else ""
    return f"  {MARK.get(event['status'], '?')} {_title(event['step'], lang)} ({took}){why}"


def _title(step: str, lang: Lang) -> str:
    return (load(step).TITLE if step in ORDER else both(step)).get(lang)
