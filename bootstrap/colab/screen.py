"""What a person reads of it, in the cell."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from bootstrap.colab.drive import on_drive
from bootstrap.colab.overlay import Overlay
from bootstrap.colab.prepare import Prepared
from bootstrap.colab.runtime import Runtime
from bootstrap.steps.smoke import table
from doctor.facts import Facts
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.probes.disk import place
from doctor.report.envelope import emit, envelope, words_envelope
from doctor.report.terminal import show
from doctor.text import Lang, Text, both, human_bytes

SHOWN = 6
FETCH = Text(
    "In a notebook the models are fetched by the same line with MODELS=all.",
    "在笔记本中，在同一行加上 MODELS=all 即可下载模型。",
)
CELL = Path(__file__).resolve().parents[2] / "scripts" / "colab_cell.py"


class Told(msgspec.Struct, frozen=True):
    """All that there is to tell."""

    goal: Goal
    runtime: Runtime
    facts: Facts
    findings: tuple[Finding, ...]
    done: Prepared
    in_kernel: bool  # whether the notebook's kernel told what it has imported
    code: int


def tell(told: Told, lang: Lang, as_json: bool) -> None:
    if as_json:
        done = told.done
        emit(
            envelope(
                told.goal,
                told.facts,
                told.findings,
                told.code,
                lang,
                overlay={"folder": str(done.folder), **msgspec.to_builtins(done.overlay)},
                startup=str(done.startup),
                changed=done.changed,
                outcomes=done.outcomes,
                restart=[text.get(lang) for text in done.restart] if told.in_kernel else None,
            )
        )
        return
    if told.done.proved is not None:
        show([*table(told.goal), FETCH.get(lang), ""])
    show([text.get(lang) for text in _screen(told)])
    colon = Text(": ", "：").get(lang)
    show([f"! {f.title.get(lang)}{colon}{f.cause.get(lang)}  [{f.id}]" for f in _worth_saying(told)])


def _worth_saying(told: Told) -> Iterator[Finding]:
    """Worst first. Drive as the cache is what was asked for, and the token is asked for by the kernel itself."""
    asked_for = {"colab-cache-on-drive", "colab-secrets-hidden", "hosted-notebook"}
    for severity in ("fail", "warn", "info"):
        yield from (f for f in told.findings if f.severity == severity and f.id not in asked_for)


def tell_plan(folder: Path, plan: Overlay, made: bool, lang: Lang, as_json: bool) -> None:
    if as_json:
        overlay = {"folder": str(folder), "made": made, **msgspec.to_builtins(plan)}
        emit(words_envelope(0, overlay=overlay))
        return
    head = Text("It is there: nothing would change.", "已经就绪：无需更改。") if made else _into(folder, plan)
    show([head.get(lang), *(text.get(lang) for text in _packages(plan, len(plan.distributions)))])


def _into(folder: Path, plan: Overlay) -> Text:
    count = len(plan.distributions)
    return Text(
        f"{count} packages would go into {folder}; what the runtime came with stays as it is.",
        f"将把 {count} 个软件包放入 {folder}；运行时自带的内容保持不变。",
    )


def _screen(told: Told) -> Iterator[Text]:
    done = told.done
    yield (
        Text("Ready.", "就绪。")
        if done.changed
        else Text("Nothing to do, nothing changed.", "无需操作，未作更改。")
    )
    yield from _packages(done.overlay, SHOWN)
    yield Text(
        f"  beside the runtime's own, in {done.folder}; no file of the runtime was changed",
        f"  放在 {done.folder}，与运行时自带的并存；没有改动运行时的任何文件",
    )
    yield _cache(told.goal)
    for outcome in done.outcomes:
        for text in (outcome.reason, outcome.later):
            if text:
                yield Text(f"  {outcome.title.en}: {text.en}", f"  {outcome.title.zh}：{text.zh}")
    yield from _restart(done) if told.in_kernel else _unknown_kernel()


def _packages(overlay: Overlay, shown: int) -> Iterator[Text]:
    """Those that stand in for a version of the runtime's, then how many others; and whom that disturbs."""
    for name, version in overlay.distributions.items():
        if name in overlay.instead_of:
            before = overlay.instead_of[name]
            yield Text(
                f"  {name} {version} (the runtime's own is {before})",
                f"  {name} {version}（运行时自带 {before}）",
            )
    new = [f"{n} {v}" for n, v in overlay.distributions.items() if n not in overlay.instead_of]
    if new:
        yield both(f"  {_some(new, shown)}")
    if overlay.disturbed:
        names = _some(overlay.disturbed, shown)
        yield Text(
            f"  not usable in a notebook beside these: {names}",
            f"  在笔记本中无法与上述版本同时使用：{names}",
        )


def _some(names: Sequence[str], shown: int) -> str:
    more = f", +{len(names) - shown}" if len(names) > shown else ""
    return f"{', '.join(names[:shown])}{more}"


def _cache(goal: Goal) -> Text:
    if on_drive(goal.cache):
        free = human_bytes(place("cache", Path(goal.cache)).free_bytes)
        return Text(
            f"  models are kept on Google Drive: {goal.cache} ({free} free)",
            f"  模型保存在 Google Drive：{goal.cache}（剩余 {free}）",
        )
    return Text(
        f"  models are kept in {goal.cache}, which ends with the session; CACHE=drive keeps them on Google Drive",
        f"  模型保存在 {goal.cache}，会话结束后丢失；CACHE=drive 可保存到 Google Drive",
    )


def _restart(done: Prepared) -> Iterator[Text]:
    if not done.restart:
        yield Text(
            "This notebook uses them from now on, no restart needed.", "本笔记本现在即可使用，无需重启。"
        )
        return
    why = [Text(f"  {one.en}", f"  {one.zh}") for one in done.restart]
    if os.environ.get("RESTART") in ("1", "yes", "true"):
        yield Text("Restarting the session now, because:", "正在重启会话，原因：")
        yield from why
        yield Text("  Then run the cells from the top.", "  之后请从头运行各单元格。")
        return
    yield Text("RESTART NEEDED before this notebook can use them, because:", "需要重启会话才能使用，原因：")
    yield from why
    yield Text(
        "  Runtime → Restart session; or the same line with RESTART=1. Then run the cells from the top.",
        "  代码执行程序 → 重启会话；或在同一行加上 RESTART=1。之后从头运行各单元格。",
    )


def _unknown_kernel() -> Iterator[Text]:
    yield Text(
        "Whether the notebook has other versions in memory cannot be seen from here (! and %%bash are programs of their own).",
        "从这里看不到笔记本是否已导入其他版本（! 和 %%bash 是独立的进程）。",
    )
    yield Text(
        "  New kernels use them by themselves. For the one that runs now, this line in a cell; it is quick, and says if a restart is needed:",
        "  新启动的内核会自动使用。对正在运行的内核，请在单元格中运行下面一行；它很快，并会说明是否需要重启：",
    )
    yield both(f"    %run {CELL}")
