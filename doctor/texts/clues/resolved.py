"""Requirements that no release fulfils: what pip, uv and poetry say when they find no solution."""

from __future__ import annotations

import re
from collections.abc import Iterator

from doctor.text import Text
from doctor.texts.clues.clue import LOCAL, ON_TORCH_INDEX, clue, of_torch_index
from doctor.texts.match import Match
from doctor.texts.said import Said

CONFLICT = re.compile(
    r"Cannot install (?P<what>[^\n]+?(?:\n[^\n]+?)?) because these package versions have conflicting dependencies"
)
CAUSES = re.compile(r"The conflict is caused by:\n(?P<lines>(?:[ \t]*\S[^\n]*\n?){1,8})")
UV = re.compile(
    r"No solution found when resolving (?:dependencies|tool dependencies|`?--with)|requirements are unsatisfiable"
)
POETRY = re.compile(r"Because [^\n]+(?:\n[^\n]+){0,6}?version solving failed")
# Of uv's sentences. Names may carry a marker in braces.
UNIT = r"(?P<name>[A-Za-z][\w.-]*)(?:\[[\w,]+\])?(?:\{[^}]*\})?"
NONE = re.compile(rf"there (?:is|are) no versions? of {UNIT} ?(?P<bound>(?:==|>=|<=|<|>|~=)[^\s,]+)?")
NO_WHEEL = re.compile(
    rf"(?:Because |and |, |: ){UNIT}(?P<bound>(?:==|>=|<=|<|>|~=)[^\s,]+)? (?:is unusable because no wheels are available|has no (?:usable )?wheels(?: are available)?) with a matching (?P<tag>Python (?:implementation|ABI|version)|platform)"
)
PYTHON = re.compile(
    rf"the (?:current|requested) Python version \((?P<python>[^)]+)\) does not satisfy Python ?(?P<bound>[<>=!~][^\s]*) and {UNIT}"
)
DEPENDS = re.compile(
    rf"(?P<who>[A-Za-z][\w.-]*(?:\[[\w,]+\])?(?:[=<>!~]=?[^\s,]+)?) depends on {UNIT} ?(?P<bound>(?:(?:==|>=|<=|!=|<|>|~=)[^\s,]+,?)+)"
)
FIRST_INDEX = re.compile(r"Because there is no version of [^\s+]+==[^\s+]+ and you require")
ONLY = re.compile(
    rf"only {UNIT}(?P<there>(?:<=|<|==|>=)[^\s,]+) (?:is|are) available and (?:you require|[^,]+ depends on) [\w.-]+(?P<bound>(?:==|>=|<=|<|>|~=)[^\s,]+)"
)


def clues(said: Said) -> Iterator[Match]:
    for kind in (_pip, _uv, _poetry):
        if told := kind(said):
            yield told
            return


def _pip(said: Said) -> Match | None:
    hit = CONFLICT.search(said.text)
    if not hit:
        return None
    causes = CAUSES.search(said.text, hit.end())
    lines = (
        tuple(dict.fromkeys(line.strip() for line in causes["lines"].splitlines() if line.strip()))
        if causes
        else ()
    )
    return _exclude(hit, lines or (" ".join(hit["what"].split()),))


def _exclude(hit: re.Match[str], lines: tuple[str, ...]) -> Match:
    return clue(
        "packages",
        "requirements-exclude-each-other",
        " ".join(hit[0].split()),
        hit.start(),
        general=False,
        lines="; ".join(lines[:4]),
    )


def _uv(said: Said) -> Match | None:
    begin = UV.search(said.text)
    if not begin:
        return None
    flat = re.sub(r"\s+", " ", said.text)
    if hit := PYTHON.search(flat):
        return clue(
            "python",
            "package-for-another-python",
            hit[0],
            begin.start(),
            general=False,
            package=hit["name"],
            python=hit["python"],
            bound=hit["bound"].rstrip(","),
        )
    if "was found on http" in flat:
        return None  # uv-takes-first-index
    if hit := NO_WHEEL.search(flat):
        return _none(
            hit,
            begin,
            Text(f"it has wheels, but for another {hit['tag']}", f"有 wheel，但适用于其他 {hit['tag']}"),
            (("uv", "python", "list"), ("uv", "venv", "--python", "3.11")),
        )
    depends = list(DEPENDS.finditer(flat))
    if hit := NONE.search(flat):
        release = (hit["bound"] or "").lstrip("=").rstrip(".")
        if local := LOCAL.match(release):
            return _torch_build(hit, begin, local)
        if FIRST_INDEX.search(flat):
            return None  # uv-takes-first-index
        return _none(
            hit,
            begin,
            Text(
                "uv sees no such release in the index that comes first", "uv 在排在最前的源中没有找到该版本"
            ),
        )
    if hit := ONLY.search(flat):
        return _none(hit, begin, Text(f"only {hit['there']} is there", f"只有 {hit['there']}"))
    if len(depends) > 1:
        return _exclude(begin, tuple(" ".join(one[0].split()) for one in depends))
    return None


def _none(
    hit: re.Match[str], begin: re.Match[str], seen: Text, more: tuple[tuple[str, ...], ...] = ()
) -> Match:
    name = hit["name"]
    best = ("uv", "pip", "install", "--index-strategy", "unsafe-best-match", name)
    return clue(
        "packages",
        "no-release-fits",
        hit[0],
        begin.start(),
        general=False,
        more=more or (best,),
        what=f"{name}{hit['bound'] or ''}".rstrip("."),
        name=name,
        seen=seen,
    )


def _torch_build(hit: re.Match[str], begin: re.Match[str], local: re.Match[str]) -> Match:
    name = hit["name"]
    return clue(
        "packages",
        "no-release-fits",
        hit[0],
        begin.start(),
        general=False,
        more=(of_torch_index("uv", "pip", "install", name=name, local=local),),
        what=f"{name}=={local[0]}",
        name=name,
        seen=ON_TORCH_INDEX,
    )


def _poetry(said: Said) -> Match | None:
    hit = POETRY.search(said.text)
    if not hit:
        return None
    depends = re.findall(
        r"([A-Za-z][\w.-]*(?: \([^)]*\))?) depends on ([A-Za-z][\w.-]*(?: \([^)]*\))?)", hit[0]
    )
    return _exclude(
        hit, tuple(f"{one} depends on {other}" for one, other in depends) or (" ".join(hit[0].split())[:160],)
    )
