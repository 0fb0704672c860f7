"""The word itself: ask for every model of the sets, show the difference, and with --write take it over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from bootstrap.manifest.ask import ask
from bootstrap.manifest.compare import Change, Compared, compare
from bootstrap.safety.files import write_atomically
from doctor.errors import Exit, Trouble
from doctor.goal.model_sets import check_names, load_manifest, set_names, set_path
from doctor.goal.profile import Manifest
from doctor.goal.settings import resolve
from doctor.hub_env import OFFICIAL
from doctor.report.envelope import emit, words_envelope
from doctor.report.page import Page
from doctor.report.terminal import page, show
from doctor.text import Lang, Text, both

AT_ONCE = 8  # models
Answers = dict[str, tuple[Compared, ...]]


def manifest(names: Sequence[str], endpoint: str | None, lang: Lang, *, write: bool, as_json: bool) -> int:
    """Exit code 0 where nothing differs, or all of it was written; 1 where something is left.

    Raises Trouble: exit 2 for an unknown set, exit 5 where the endpoint does not answer as a Hub does. Nothing is
    written then: all answers are there before the first file is touched.
    """
    goal = resolve({"HF_ENDPOINT": endpoint, "MODELS": "all"})
    url = goal.endpoint or OFFICIAL
    check_names(names, goal.profile)
    answers = {name: _asked(load_manifest(name), url) for name in names or set_names()}
    texts = _texts(answers) if write else {}
    for name, text in texts.items():
        write_atomically(set_path(name), text.encode())
    every = [one for said in answers.values() for one in said]
    code = Exit.FAILED if any(one.problems or (one.changes and not write) for one in every) else Exit.FINE
    if as_json:
        emit(words_envelope(code, endpoint=url, sets=answers, written=sorted(texts)))
    else:
        show([line for name, said in answers.items() for line in lines(name, said, page())])
        show([told(answers, url, write, sorted(texts)).get(lang)])
    return code


def _asked(one: Manifest, url: str) -> tuple[Compared, ...]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return tuple(map(compare, one.model, pool.map(lambda model: ask(model, url), one.model)))


def _texts(answers: Answers) -> dict[str, str]:
    """The new text of every set that changes."""
    try:
        from bootstrap.manifest.edit import edited
    except ImportError as error:
        raise Trouble(
            Text(
                "--write needs tomlkit, which is in the developers' environment",
                "--write 需要开发环境中的 tomlkit",
            ),
            Exit.USAGE,
            both("make manifest ARGS='SET --write'"),
        ) from error
    changed = {}
    for name, said in answers.items():
        old = set_path(name).read_text(encoding="utf-8")
        new = edited(old, load_manifest(name).model, said)
        if new != old:
            changed[name] = new
    return changed


# --- for a person ------------------------------------------------------------------------------------


def lines(name: str, said: Sequence[Compared], paper: Page) -> Iterator[str]:
    yield name
    for one in said:
        mark = "fail" if one.problems else "warn" if one.changes else "ok"
        yield f"  {paper.mark(mark)} {one.id}"
        yield from (line for text in one.problems for line in paper.wrap(text, "        ", "      "))
        yield from (f"      {text}" for text in ([] if one.problems else _changes(one.changes)))
        yield from (f"      ({text})" for text in one.notes)
    yield ""


def _changes(changes: Sequence[Change]) -> Iterator[str]:
    """A line for each file, with the beginning of its hash, and one for each other value."""
    for file in dict.fromkeys(change.file for change in changes if change.file):
        new = [_new(change) for change in changes if change.file == file]
        yield f"{file}: {', '.join(new)}"
    yield from (f"{one.key}: {one.new} (now {one.old})" for one in changes if not one.file)


def _new(change: Change) -> str:
    return f"{change.new} bytes" if change.key == "sizes" else f"{change.key} {str(change.new)[:12]}…"


def told(answers: Answers, url: str, write: bool, written: Sequence[str]) -> Text:
    every = [one for said in answers.values() for one in said]
    differ = sum(1 for one in every if one.changes and not one.problems)
    stuck = sum(1 for one in every if one.problems)
    rest = Text(f" To be decided by you: {stuck}.", f" 需要你决定：{stuck} 个。") if stuck else both("")
    if written:
        files = ", ".join(str(set_path(name)) for name in written)
        return Text(f"Written: {files}.{rest.en}", f"已写入：{files}。{rest.zh}")
    en = f"{len(every)} models; {differ} differ from {url}.{rest.en}"
    zh = f"共 {len(every)} 个模型；{differ} 个与 {url} 不同。{rest.zh}"
    if differ and not write:
        typed = f"make manifest ARGS='{' '.join(answers)} --write'"
        return Text(f"{en} To take it over: {typed}", f"{zh} 写入：{typed}")
    return Text(en, zh)
