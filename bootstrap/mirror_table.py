"""The word `mirrors`: every source of every kind measured here and now, the one that is used, and why not the others."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from bootstrap.mirrors import keep, measure
from doctor.errors import Exit
from doctor.facts import Answer
from doctor.goal import Goal
from doctor.goal.settings import resolve
from doctor.measure.here import network_key
from doctor.mirrors.table import Kind
from doctor.probes.conda.channels import shown as without_token
from doctor.probes.installers.pip import indexes
from doctor.probes.network.asking.question import without_login
from doctor.report.envelope import emit, envelope
from doctor.report.page import Page, columns
from doctor.report.terminal import page, show
from doctor.text import Lang, Text, human_bytes

KINDS: dict[Kind, Text] = {
    "hub": Text("Hugging Face Hub", "Hugging Face Hub"),
    "package_index": Text("Python packages", "Python 软件包"),
    "torch_index": Text("PyTorch wheels", "PyTorch 安装包"),
    "conda_installer": Text("Miniconda installer", "Miniconda 安装程序"),
    "conda_channel": Text("conda-forge", "conda-forge"),
    "python_build": Text("Python itself, for uv", "Python（由 uv 下载）"),
}
IF_LACKING: Kind = (
    "python_build"  # asked for only where the machine has no such Python: its silence is no fault
)
BAR = 20  # columns
NOBODY = Text("none can be used here", "这里没有可用的来源")
SET = Text("set by you, and always used first", "由你指定，始终优先使用")


class Section(msgspec.Struct, frozen=True):
    """One kind: its sources in the order of use, and what the person set, which comes before them."""

    kind: Kind
    answers: tuple[Answer, ...]
    yours: str = ""


def mirrors(flags: Mapping[str, str | None], lang: Lang, *, as_json: bool) -> int:
    """Measure and show. Exit code 5 where a kind that every machine needs has no source that can be used."""
    goal = resolve(flags, changes=False)
    sections = []
    for kind in KINDS:  # one after the other: they share one line
        sections.append(section(kind, goal))
        if not as_json:
            show(list(lines(sections[-1], lang, page())))
    keep(goal)
    code = Exit.FINE if all(served(one) or one.kind == IF_LACKING for one in sections) else Exit.NETWORK
    if as_json:
        kinds = {one.kind: body(one) for one in sections}
        emit(envelope(goal, None, (), code, lang, network=network_key(), mirrors=kinds))
    return code


def section(kind: Kind, goal: Goal) -> Section:
    answering, silent = measure(kind, goal, fresh=True)
    return Section(kind, (*answering, *silent), setting_of(kind, goal))


def setting_of(kind: Kind, goal: Goal) -> str:
    if kind == "hub" and goal.endpoint:
        return f"HF_ENDPOINT={goal.endpoint}"
    if kind == "package_index":
        own = [setting for setting, extra in indexes(goal.prefix) if not extra]
        return f"{own[0].key}={without_login(own[0].value)} ({own[0].source})" if own else ""
    if kind == "python_build" and os.environ.get("UV_PYTHON_INSTALL_MIRROR"):
        return f"UV_PYTHON_INSTALL_MIRROR={without_login(os.environ['UV_PYTHON_INSTALL_MIRROR'])}"
    return ""


def served(one: Section) -> bool:
    return bool(one.yours and one.kind != "hub") or any(a.seconds is not None for a in one.answers)


def body(one: Section) -> dict[str, Any]:
    used = next((a.name for a in one.answers if a.seconds is not None), None)
    shown = [msgspec.structs.replace(a, url=without_token(without_login(a.url))) for a in one.answers]
    return {"used": used, "set_by_you": one.yours or None, "sources": shown}


def lines(one: Section, lang: Lang, paper: Page) -> Iterator[str]:
    """Title, then a line for each source with its bar; the fastest fills it."""
    yield KINDS[one.kind].get(lang)
    if one.yours:
        yield f"  → {one.yours}  {SET.get(lang)}"
    top = max((a.rate or 0 for a in one.answers), default=0)
    wide = max((columns(a.name) for a in one.answers), default=0)
    for number, answer in enumerate(one.answers):
        name = answer.name + " " * (wide - columns(answer.name))
        if answer.seconds is None:
            yield from paper.wrap(answer.error or "", " " * (wide + 6), f"  {paper.mark('fail')} {name}  ")
            continue
        used = number == 0 and not one.yours
        mark = "→" if used and paper.symbols else ">" if used else " "
        yield f"  {mark} {name}  {bar(answer.rate or 0, top, paper)}  {measured(answer)}"
    if not served(one):
        yield f"    {NOBODY.get(lang)}"
    yield ""


def bar(rate: float, top: float, paper: Page) -> str:
    full, empty = ("█", "░") if paper.symbols else ("#", ".")
    filled = max(1, round(BAR * rate / top)) if top else 0
    return full * filled + empty * (BAR - filled)


def measured(answer: Answer) -> str:
    """Rate, seconds to the first byte, and the host that really sends, where it is another one."""
    rate = f"{human_bytes(answer.rate or 0)}/s"
    other = f"  {answer.host}" if answer.host and answer.host not in answer.url else ""
    return f"{rate:>10}  {answer.seconds or 0:5.2f} s{other}"
