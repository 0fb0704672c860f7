"""What a person, or a program, is told of an undo: before it, what goes and what stays; after it, how it went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bootstrap.step import ORDER, load
from bootstrap.undo.pile import Left, Pile, is_real_folder
from bootstrap.undo.plan import Plan
from doctor.shell import typed
from doctor.text import Lang, Text, human_bytes

NOTHING = Text("Nothing to undo.", "没有可撤销的内容。")
DONE = Text("All that setup made here is removed.", "安装程序在此创建的内容已全部移除。")
GOES = Text("This is removed:", "将移除：")
STAYS = Text(
    "This stays, for it is yours (to remove it by hand, type the line):",
    "以下内容属于你，会保留（要手动删除，请运行该行）：",
)
TOLD = Text("This stays too, though setup brought it:", "以下内容由安装程序带来，也会保留：")
HOUSE = Text("Groundwork's own tools, notes and logs", "Groundwork 自身的工具、记录和日志")
SHOWN = 20  # lines of what stays


def plan_lines(plan: Plan, home: str, lang: Lang, files: bool = False) -> list[str]:
    """The list that is shown first. `files`: each single file too."""
    if plan.empty:
        return [NOTHING.get(lang), *_stays(plan.left, lang)]
    out = [GOES.get(lang)]
    for pile in plan.piles:
        out += [_line(pile, lang)] if pile.files or pile.folders or pile.original else []
        out += [f"      {path}" for path in pile.files] if files else []
    size = human_bytes(plan.house.bytes + plan.stage0)
    out.append(f"  {home}  ({size})  {HOUSE.get(lang)}")
    return [*out, *_stays(plan.left, lang), *_told(plan, lang)]


def _line(pile: Pile, lang: Lang) -> str:
    if pile.original:
        return f"  {pile.path}  {Text('gets back what it held before', '恢复为之前的内容').get(lang)}"
    if not pile.files:
        return f"  {pile.path}  ({Text('empty folder', '空文件夹').get(lang)})"
    count = f"{len(pile.files)} {Text('file' if len(pile.files) == 1 else 'files', '个文件').get(lang)}"
    title = load(pile.step).TITLE.get(lang) if pile.step in ORDER else pile.step
    return f"  {pile.path}  ({human_bytes(pile.bytes)}, {count})  {title}"


def _stays(left: Sequence[Left], lang: Lang) -> Iterator[str]:
    if left:
        yield STAYS.get(lang)
    for one in left[:SHOWN]:
        yield f"  {one.why.get(lang)}:" if lang == "en" else f"  {one.why.get(lang)}："
        yield f"    {typed(by_hand(one.path))}"
    if len(left) > SHOWN:
        more = len(left) - SHOWN
        yield Text(
            f"  and {more} more: make undo ARGS='--plan --json'",
            f"  另有 {more} 项：make undo ARGS='--plan --json'",
        ).get(lang)


def by_hand(path: str) -> tuple[str, ...]:
    """The command that removes it."""
    return ("rm", "-r", path) if is_real_folder(path) else ("rm", path)


def _told(plan: Plan, lang: Lang) -> Iterator[str]:
    if plan.told:
        yield TOLD.get(lang)
    for one in plan.told:
        yield f"  {one.what.get(lang)}"
        yield f"    {typed(one.command)}"


def end_lines(stuck: Sequence[Left], lang: Lang) -> list[str]:
    if not stuck:
        return [DONE.get(lang)]
    head = Text("Not everything could be removed:", "部分内容无法移除：")
    again = Text("then once more: make undo", "处理后再运行：make undo")
    return [
        head.get(lang),
        *(f"  {one.path}: {one.why.get(lang)}" for one in stuck),
        again.get(lang),
    ]


def body(plan: Plan, home: str, lang: Lang, files: bool, stuck: Sequence[Left] = ()) -> dict[str, Any]:
    """The same for a program."""
    return {
        "home": home,
        "remove": [_pile(pile, files) for pile in plan.piles],
        "house_bytes": plan.house.bytes + plan.stage0,
        "left": [_left(one, lang) for one in plan.left],
        "kept": [{"what": one.what.get(lang), "command": one.command} for one in plan.told],
        "stuck": [_left(one, lang) for one in stuck],
    }


def _pile(pile: Pile, files: bool) -> dict[str, Any]:
    told = {"path": pile.path, "step": pile.step, "bytes": pile.bytes, "files": len(pile.files)}
    return {**told, "restores": bool(pile.original), **({"paths": pile.files} if files else {})}


def _left(one: Left, lang: Lang) -> dict[str, Any]:
    return {"path": one.path, "why": one.why.get(lang), "command": by_hand(one.path)}
