"""docs/findings.md and docs/findings.zh.md: every finding for a reader, made from the catalogue. `make docs` writes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from doctor.catalogue import Entry, entries
from doctor.explain.match import blanked, flowing, plain
from doctor.facts import AREAS
from doctor.report import sets
from doctor.report.summary import NAMES
from doctor.shell import typed
from doctor.text import Lang, Text

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
FILES: dict[Lang, Path] = {"en": DOCS / "findings.md", "zh": DOCS / "findings.zh.md"}
HEAD = Text(
    "# Findings\n\nEvery fault that the doctor knows by name. Made by `make docs` from `doctor/catalogue/`; do not edit.\n"
    "`make explain ARGS=ID` says the same in a terminal, and `make explain < error.txt` finds the id of an error text.\n",
    "# 问题列表\n\n诊断程序能够识别的所有问题。由 `make docs` 根据 `doctor/catalogue/` 生成，请勿手动编辑。\n"
    "在终端中运行 `make explain ARGS=编号` 可看到同样的说明；`make explain < error.txt` 可根据错误信息找出问题编号。\n",
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


def reference(lang: Lang) -> str:
    """The whole page in one language."""
    parts = [HEAD.get(lang)]
    for area in AREAS:
        parts.append(f"\n## {NAMES[area].get(lang)}\n")
        parts += ["\n".join(_entry(name, entry, lang)) for name, entry in entries(area).items()]
    return "\n".join(parts)


def _entry(name: str, entry: Entry, lang: Lang) -> Iterator[str]:
    yield f"### {name}\n"
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
    """Write both pages, and the tables of the models' pages."""
    for lang in get_args(Lang):
        FILES[lang].write_text(reference(lang), encoding="utf-8")
    sets.main()


if __name__ == "__main__":
    main()
