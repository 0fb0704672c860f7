"""The sets of models for a reader: the word `sets`, and the tables of docs/models.md. `make docs` writes those."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

from doctor.errors import Exit
from doctor.goal.model_sets import check_names, known_sets, load_manifest, set_names
from doctor.goal.profile import Extra, Manifest, ModelWant, Profile
from doctor.report.envelope import emit, words_envelope
from doctor.report.page import Page, columns
from doctor.report.terminal import page, show
from doctor.text import Lang, Text, human_bytes

DOCS = Path(__file__).resolve().parents[2] / "docs"
FILES: dict[Lang, Path] = {"en": DOCS / "models.md", "zh": DOCS / "models.zh.md"}
MARK = "<!-- Below: made by `make docs` from configs/models. Do not edit. -->\n"
SOURCES = {
    "measured": Text("measured in the course's notebook", "课程笔记本中的实测值"),
    "stated": Text("as the course says", "课程中给出的值"),
    "weights": Text("the weights alone", "仅权重"),
}
KINDS = {
    "dataset": Text("dataset", "数据集"),
    "metric": Text("metric", "评测指标"),
    "file": Text("file", "文件"),
    "service": Text("service", "在线服务"),
}
PLACES = {
    "hub": Text("from the Hub", "来自 Hub"),
    "github": Text("from GitHub, which HF_ENDPOINT does not change", "来自 GitHub，不受 HF_ENDPOINT 影响"),
    "elsewhere": Text(
        "not from the Hub: HF_ENDPOINT does not change it", "不来自 Hub，不受 HF_ENDPOINT 影响"
    ),
}
GATED = {
    "no": Text("", ""),
    "auto": Text("gated: accept the licence", "需要授权：接受许可协议"),
    "manual": Text("gated: ask, and people there decide", "需要授权：提交申请，由对方人工审核"),
}
HEADS = Text("size|GPU memory|licence|model", "大小|显存|许可证|模型")
LEGEND = Text(
    "≥ is the weights alone; other numbers of GPU memory are the course's. To fetch a set: make models MODELS=NAME",
    "≥ 表示仅权重；其余显存数值来自课程。下载一个集合：make models MODELS=名称",
)


def sets(names: Sequence[str], profile: Profile, lang: Lang, *, as_json: bool) -> int:
    """The word. Raises Trouble (exit 2) for a set that is not there."""
    check_names(names, profile)
    known = known_sets(profile)
    if as_json:
        emit(
            words_envelope(
                Exit.FINE, profile=profile.name, sets=[body(name, lang) for name in names or known]
            )
        )
    else:
        show([line for name in names or known for line in lines(name, profile, lang, page())])
        show(page().wrap(LEGEND.get(lang), ""))
    return Exit.FINE


def body(name: str, lang: Lang) -> dict[str, Any]:
    manifest = load_manifest(name)
    return {
        "name": name,
        "title": manifest.title.get(lang),
        "bytes": size_of(manifest),
        "notebooks": manifest.notebooks,
        "models": manifest.model,
        "extras": manifest.extra,
    }


def size_of(manifest: Manifest) -> int:
    return sum(model.bytes for model in manifest.model)


# --- in a terminal -----------------------------------------------------------------------------------


def lines(name: str, profile: Profile, lang: Lang, paper: Page) -> Iterator[str]:
    """A set: its models, one a line with the name last because names are long, and what else it needs."""
    manifest = load_manifest(name)
    own = Text(f"MODELS=all of {profile.name}", f"{profile.name} 的 MODELS=all").get(lang)
    size = human_bytes(size_of(manifest)) if manifest.model else ""
    yield " · ".join(
        filter(None, (name, size, manifest.title.get(lang), own if name in profile.sets else ""))
    )
    rows = [HEADS.get(lang).split("|"), *(_row(model) for model in manifest.model)]
    wide = [max(columns(row[column]) for row in rows) for column in range(3)]
    for row in rows if manifest.model else ():
        yield "  " + "  ".join([*(padded(row[n], wide[n]) for n in range(3)), row[3]])
    for model in manifest.model:
        if model.gated != "no":
            gate = f"{model.id}: {GATED[model.gated].get(lang)}: {model.page}"
            yield from paper.wrap(gate, "    ", f"  {paper.mark('warn')} ")
    for extra in manifest.extra:
        yield from paper.wrap(told(extra, lang), "    ", f"  {paper.mark('warn' if extra.gone else 'info')} ")
    yield ""


def _row(model: ModelWant) -> list[str]:
    needs = [f"{'≥ ' if need.source == 'weights' else ''}{need.gb:g} GB {need.how}" for need in model.gpu]
    return [f"{human_bytes(model.bytes):>8}", ", ".join(needs), model.licence, model.id]


def padded(text: str, width: int) -> str:
    return text + " " * (width - columns(text))


def told(extra: Extra, lang: Lang) -> str:
    """`dataset wmt16 (ro-en), from the Hub`, and for what is gone, what to use instead."""
    name = f"{extra.id} ({extra.config})" if extra.config else extra.id
    said = [f"{KINDS[extra.kind].get(lang)} {name}"]
    said += [human_bytes(extra.bytes)] if extra.bytes else []
    said += [PLACES[extra.source].get(lang)] if extra.kind != "service" else []
    if extra.hidden_in:
        said.append(
            Text(f"asked for by {extra.hidden_in} itself", f"由 {extra.hidden_in} 自动获取").get(lang)
        )
    if extra.gone:
        said.append(Text(f"gone: {extra.gone.en}", f"已不可用：{extra.gone.zh}").get(lang))
    if extra.instead:
        said.append(Text(f"use {extra.instead.en}", f"可改用 {extra.instead.zh}").get(lang))
    return Text("; ", "；").get(lang).join(said)


# --- in the documentation ----------------------------------------------------------------------------


def tables(lang: Lang) -> str:
    """Every set as a table."""
    return "\n".join(line for name in set_names() for line in _table(name, lang))


def _table(name: str, lang: Lang) -> Iterator[str]:
    manifest = load_manifest(name)
    yield f"\n### {name}\n"
    used = ", ".join(f"`{notebook}`" for notebook in manifest.notebooks)
    size = f" · {human_bytes(size_of(manifest))}" if manifest.model else ""
    yield f"{manifest.title.get(lang)}{size} · {used}\n"
    if manifest.model:
        heads = HEADS.get(lang).split("|")
        yield f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}"
        for model in manifest.model:
            yield f"| {' | '.join(_cells(model, lang))} |"
        yield ""
    for extra in manifest.extra:
        yield f"* {told(extra, lang)}"


def _cells(model: ModelWant, lang: Lang) -> Iterator[str]:
    yield human_bytes(model.bytes)
    yield ", ".join(f"{need.gb:g} GB {need.how} ({SOURCES[need.source].get(lang)})" for need in model.gpu)
    yield "; ".join(filter(None, (model.licence, GATED[model.gated].get(lang))))
    yield f"[{model.id}]({model.page})" + "".join(f" (`{alias}`)" for alias in model.aliases)


def whole(lang: Lang) -> str:
    """The page as it should be: what people wrote above the mark, and the tables."""
    written = FILES[lang].read_text(encoding="utf-8").partition(MARK)[0]
    return f"{written}{MARK}{tables(lang).rstrip()}\n"


def main() -> None:
    for lang in get_args(Lang):
        FILES[lang].write_text(whole(lang), encoding="utf-8")
