"""docs/findings/: every finding for a reader, a page an area, made from the catalogue. `make docs` writes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from doctor.catalogue import Entry, entries
from doctor.facts import AREAS
from doctor.report import sets
from doctor.report.summary import NAMES
from doctor.shell import typed
from doctor.text import Lang, Text
from doctor.texts.match import blanked, flowing, plain

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "findings"
ENDS: dict[Lang, str] = {"en": ".md", "zh": ".zh.md"}
FRONT = Text(
    "# Findings\n\nEvery fault that the doctor knows by name, by area. Made by `make docs` from `doctor/catalogue/`; do not edit.\n"
    "`make explain ARGS=ID` says the same in a terminal, and `make explain < error.txt` finds the id of an error text.\n\n"
    "| area | findings |\n|---|---:|\n",
    "# 问题列表\n\n诊断程序能够识别的所有问题，按领域分页。由 `make docs` 根据 `doctor/catalogue/` 生成，请勿手动编辑。\n"
    "在终端中运行 `make explain ARGS=编号` 可看到同样的说明；`make explain < error.txt` 可根据错误信息找出问题编号。\n\n"
    "| 领域 | 问题数 |\n|---|---:|\n",
)
HEAD = Text(
    "# Findings: {area}\n\nMade by `make docs`; do not edit. [All areas]({front})\n",
    "# 问题列表：{area}\n\n由 `make docs` 生成，请勿手动编辑。[所有领域]({front})\n",
)
SEVERITIES = {
    "fail": Text("broken", "故障"),
    "warn": Text("could be better", "可以改进"),
    "info": Text("worth knowing", "供参考"),
    "unknown": Text("could not tell", "无法得知"),
}
TOLD = Text("known by its error text", "根据错误信息识别")
LOOK = Text("See it by hand:", "手动查看：")
MEND = Text("Mend it:", "处理：")
STEP = Text("`make fix` can do it (step {step}).", "`make fix` 可以自动处理（步骤 {step}）。")


def pages(lang: Lang) -> dict[Path, str]:
    """All pages in one language: the front, and one for each area."""
    front = FOLDER / f"README{ENDS[lang]}"
    there = {FOLDER / f"{area}{ENDS[lang]}": _area(area, front.name, lang) for area in AREAS}
    return {front: _front(lang), **there}


def _front(lang: Lang) -> str:
    rows = (f"| [{NAMES[area].get(lang)}]({area}{ENDS[lang]}) | {len(entries(area))} |\n" for area in AREAS)
    return FRONT.get(lang) + "".join(rows)


def _area(area: str, front: str, lang: Lang) -> str:
    known = entries(area)
    index = (f"- [{name}](#{name}): {plain(entry.title, lang)}" for name, entry in known.items())
    told = ("\n".join(_entry(name, entry, lang)) for name, entry in known.items())
    head = HEAD.get(lang).format(area=NAMES[area].get(lang), front=front)
    return "\n".join([head, *index, "", *told])


def _entry(name: str, entry: Entry, lang: Lang) -> Iterator[str]:
    yield f"## {name}\n"
    worth = TOLD if entry.told else SEVERITIES[entry.severity]
    yield f"**{plain(entry.title, lang)}** ({worth.get(lang)})\n"
    yield f"{flowing(entry.means, lang)}\n"
    yield from _block(LOOK.get(lang), entry.look)
    yield from _block(
        MEND.get(lang), [typed([blanked(word) for word in command]) for command in entry.commands]
    )
    if entry.step:
        yield STEP.get(lang).format(step=entry.step) + "\n"
    if entry.links:
        yield " · ".join(f"<{link}>" for link in entry.links) + "\n"


def _block(label: str, lines: tuple[str, ...] | list[str]) -> Iterator[str]:
    if lines:
        yield f"{label}\n\n```sh\n" + "\n".join(lines) + "\n```\n"


def main() -> None:
    """Write these pages, and the tables of the models' pages."""
    for lang in get_args(Lang):
        for path, text in pages(lang).items():
            path.write_text(text, encoding="utf-8")
    sets.main()


if __name__ == "__main__":
    main()
