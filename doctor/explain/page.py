"""What `explain` shows: the first finding in full, the others by name."""

from __future__ import annotations

from doctor.explain.here import Answer
from doctor.report.page import Page
from doctor.text import Lang, Text
from doctor.texts.match import Match, cause, flowing, looks, plain, sight, step, title, typed_commands

UNKNOWN = Text("No finding knows this text.", "没有与此文本对应的问题。")
LOOK_HERE = Text("Look at this machine itself: make doctor", "请直接诊断这台机器：make doctor")
ELSEWHERE = Text(
    "The text comes from {place}, which is not on this machine; nothing was looked at here. There: make doctor",
    "该文本来自 {place}，不在这台机器上，因此没有检查本机。请在那台机器上运行：make doctor",
)
SEEN = Text("On this machine:", "在这台机器上：")
NOT_SEEN = Text(
    "The doctor does not see it on this machine. make doctor also asks the network; make doctor ARGS=--deep tries torch.",
    "在这台机器上没有看到这个问题。make doctor 还会检查网络；make doctor ARGS=--deep 会实际运行 torch。",
)
OTHERS = Text(
    "On this machine the doctor finds, and it may be the cause:", "在这台机器上诊断发现（可能是原因）："
)
BESIDES = Text("Also broken on this machine:", "这台机器上还有：")
ALSO = Text("The text may also come from:", "该文本也可能来自：")
LOOK = Text("To see it by hand:", "手动查看：")
MEND = Text("To mend it:", "处理方法：")
BY_US = Text("make fix can do it (step {step})", "make fix 可以自动处理（步骤 {step}）")


def lines(answer: Answer, lang: Lang, page: Page) -> list[str]:
    """The first finding in full, the others by name, and what is known of this machine."""
    matches = answer.matches
    told = _whole(matches[0], lang, page) if matches else [UNKNOWN.get(lang)]
    if matches[1:]:
        told += ["", ALSO.get(lang)]
        told += [f"  {title(match, lang)}  [{match.id}]" for match in matches[1:]]
    return [*told, *_of_machine(answer, lang, page)]


def _of_machine(answer: Answer, lang: Lang, page: Page) -> list[str]:
    matches = answer.matches
    if answer.elsewhere:
        return ["", *page.wrap(ELSEWHERE.get(lang).format(place=answer.elsewhere), "")]
    if answer.others:
        named = [f"{finding.title.get(lang)}  [{finding.id}]" for finding in answer.others]
        more = [] if matches else ["", LOOK_HERE.get(lang)]
        head = BESIDES if matches and matches[0].here else OTHERS
        return ["", head.get(lang), *(f"  {page.mark('fail')} {line}" for line in named), *more]
    if not matches:
        return [LOOK_HERE.get(lang)]
    told_by_machines = answer.looked and not matches[0].here and not matches[0].entry.told
    return ["", *page.wrap(NOT_SEEN.get(lang), "")] if told_by_machines else []


def _whole(match: Match, lang: Lang, page: Page) -> list[str]:
    entry, values = match.entry, match.values
    severity = match.here.severity if match.here else entry.severity
    told = page.wrap(f"{title(match, lang)}  [{match.id}]", "  ", f"{page.mark(severity)} ")
    if match.line:
        told += ["", *page.wrap(f"» {match.line}", "    ", "  ")]
    if here := sight(match):
        told += ["", *page.wrap(f"{SEEN.get(lang)} {here.get(lang)}", "  ")]
    told += ["", *page.wrap(cause(match, lang), "  ")]
    told += ["", *page.wrap(flowing(entry.means, lang, values), "  ")]
    told += ["", LOOK.get(lang), *(f"  {line}" for line in looks(match))]
    mend = [f"  {line}" for line in typed_commands(match)]
    mend += [f"  {BY_US.get(lang).format(step=step(match))}"] if step(match) else []
    told += ["", MEND.get(lang), *mend] if mend else []
    return [*told, *(["", *(f"  {link}" for link in entry.links)] if entry.links else [])]


def listing(lang: Lang, page: Page) -> list[str]:
    """Every finding that the doctor looks for: severity, id, title."""
    from doctor.catalogue import catalogue

    known = {name: entry for name, (_, entry) in catalogue().items() if not entry.told}
    wide = max(map(len, known))
    return [
        f"{page.mark(entry.severity)} {name:{wide}}  {plain(entry.title, lang)}"
        for name, entry in known.items()
    ]
