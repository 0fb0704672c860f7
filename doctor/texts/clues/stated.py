"""What the text itself tells: a release that is asked for, a package to install, a requirement that nothing fulfils."""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.utils import canonicalize_name

from doctor.names import requirement_of
from doctor.text import Text
from doctor.texts.clues.clue import LOCAL, OF_PIP, ON_TORCH_INDEX, asker_of, clue, of_torch_index, pip
from doctor.texts.match import Match
from doctor.texts.said import Raised, Said

OPERATOR = r"(?:>=|<=|==|~=|!=|<|>|=(?=\d))"
NAME = r"[A-Za-z][\w.-]*(?:\[[\w,]+\])?"
REQUIRES = re.compile(
    rf"(?P<who>{NAME}(?: v?\d[\w.+]*)?)[`'\"]? (?:requires|needs|depends on|only supports|is only compatible with)(?: the)?(?: package| library| module| version)?"
    rf" [`'\"]?(?P<what>{NAME})[`'\"]? ?\(?(?P<bound>{OPERATOR} ?v?\d[\w.*]*(?: ?, ?{OPERATOR} ?[\w.*]+)*)"
)
AT_LEAST = re.compile(
    rf"(?i)(?:upgrade|update|install)(?: your)?(?: version of)? [`'\"]?(?P<what>{NAME})[`'\"]?(?: version)? (?:to|of|with|>=)(?: at least| version| >=)*(?: version)? ?v?(?P<bound>\d[\d.]*\d)"
    rf"|[`'\"]?(?P<who>{NAME})[`'\"]?(?: version)? (?:must be|should be|needs to be)(?: at least| >=| version)+ ?v?(?P<floor>\d[\d.]*\d)"
)
# Other ways to say it. `floor`: that release or a later one; `below`: an earlier one; `bound`: as it stands.
OTHERWISE = tuple(
    re.compile(one)
    for one in (
        rf"(?i)incompatible version of [`'\"]?(?P<what>{NAME})[`'\"]?\. Found (?:version )?(?P<found>\S+?),? but only versions? (?:above|>=|greater than) (?P<floor>\d[\d.]*\d)",
        rf"(?P<what>{NAME}) with minimum required version (?P<floor>\d[\d.]*\d) is not installed",
        rf"[Mm]inimum (?:required |supported )?version (?:of|for) [`'\"]?(?P<what>{NAME})[`'\"]? (?:is|required is) v?(?P<floor>\d[\d.]*\d)",
        rf"the module [`'\"](?P<what>{NAME})(?P<bound>{OPERATOR}[\d.]+)[`'\"] is required",
        rf"(?:[Rr]equires?|[Nn]eeds?) (?:at least )?(?P<what>{NAME}) v?(?P<floor>\d[\d.]*\d) (?:or|and) (?:higher|newer|later|above|greater|up)",
        rf"(?P<what>{NAME})(?: version)? v?(?P<floor>\d[\d.]*\d) or (?:higher|newer|later|above|greater) is required",
        rf"(?:[Rr]equires?|[Nn]eeds?) (?:a )?version (?:of )?(?P<bound>{OPERATOR} ?\d[\d.]*\d) of (?P<what>{NAME})",
        rf"(?P<what>{NAME}) version (?P<found>\S+) is (?:too old|not supported|unsupported)[,.;:]? (?:(?:please )?(?:upgrade|update) to|need(?:s|ed)?|at least|requires?)(?: version)? (?:>= ?|at least )?v?(?P<floor>\d[\d.]*\d)",
        rf"(?P<what>{NAME})(?P<bound>(?:>=|<=|==|~=|<|>) ?\d[\d.]*\d(?:,(?:>=|<=|!=|<|>)[\d.*]+)*) (?:is|must be|are) (?:required|needed|installed)\b",
        r"(?i)(?:please )?(?:install|use|downgrade to|upgrade to) (?:an? )?(?:older |earlier |newer )?(?:version of )?[`'\"]?(?P<what>[A-Za-z][\w.-]*)(?P<bound>(?:>=|<=|==|~=|<|>) ?\d[\d.]*\d)[`'\"]?",
        r"(?i)expected (?P<what>[A-Za-z][\w.-]*)(?: version)? (?P<bound>(?:>=|<=|==|~=|<|>) ?\d[\d.]*\d)",
    )
)
INSTALL = re.compile(
    r"(?:pip3? install|conda install|apt(?:-get)? install|mamba install) +(?P<words>(?:-{1,2}[\w-]+(?:[ =]\S+)? +)*[`'\"]?[A-Za-z][\w.\[\],<>=~!+:/@-]*[`'\"]?(?: +[`'\"]?[A-Za-z][\w.\[\],<>=~!-]*[`'\"]?){0,3})"
)
NONE_FITS = re.compile(
    r"(?:No matching distribution found for|Could not find a version that satisfies the requirement) (?P<what>[^\s(]+)(?:[^\n]*\(from versions: (?P<versions>[^)]*)\))?"
)
REQUIRES_PYTHON = re.compile(
    r"(?:Package '?(?P<package>[\w.-]+)'? requires a different Python|(?P<named>[\w.-]+) requires Python) ?:? ?(?:(?P<python>[\d.]+) not in )?'?(?P<bound>[<>=!~][^'\s]*)"
)
ABSENT = re.compile(
    rf"(?:requires|needs) (?:the )?[`'\"]?(?P<what>{NAME})[`'\"]? (?:library|package|module|dependency) (?:but it was not found|which is not installed|but it is not installed|to be installed|that is not installed)"
)
INDEXES = re.compile(r"Looking in indexes: (?P<list>[^\n]+)")
# What stands around the command decides whether the words are an instruction: a log of pip's own has it too.
ADVICE = re.compile(
    r"(?i)(?:please|you (?:need|must|can|should|have)|try|run|using|with|via|install it|consider|requires?|required|missing|not (?:found|installed|available))"
)
NO_WORDS = frozenset({"it", "the", "with", "and", "or", "using", "from", "to", "for", "first"})


def clues(said: Said) -> Iterator[Match]:
    for kind in (_python, _none_fits, _requires, _at_least, _otherwise, _absent, _install):
        if told := kind(said):
            yield told


def _python(said: Said) -> Match | None:
    hit = REQUIRES_PYTHON.search(said.text)
    if not hit:
        return None
    package = hit["package"] or hit["named"]
    return clue(
        "python",
        "package-for-another-python",
        hit[0],
        hit.start(),
        general=False,
        package=package,
        python=hit["python"] or said.python or Text("of this environment", "（当前环境）"),
        bound=hit["bound"],
    )


def _none_fits(said: Said) -> Match | None:
    hit = NONE_FITS.search(said.text)
    if not hit:
        return None
    versions = re.search(r"\(from versions: ([^)]*)\)", said.text)
    there = versions[1].strip() if versions else ""
    name = re.split(r"[<>=!~\[]", hit["what"])[0]
    more: tuple[tuple[str, ...], ...] = (("python", "-m", "pip", "index", "versions", name),)
    asked = INDEXES.search(said.text)
    if local := LOCAL.search(hit["what"]):
        seen = ON_TORCH_INDEX
        more = (of_torch_index(*OF_PIP, name=name, local=local),)
    elif (
        there in ("", "none")
        and asked
        and "download.pytorch.org" in asked["list"]
        and "," not in asked["list"]
    ):
        seen = Text(
            "only PyTorch's own index was asked, which holds little else",
            "只询问了 PyTorch 自己的源，其中几乎没有其他软件包",
        )
        more = (pip(hit["what"], "--extra-index-url", "https://pypi.org/simple"),)
    elif there in ("", "none"):
        seen = Text("no release of it at all", "任何版本都没有")
    else:
        last = there.split(",")[-1].strip()
        seen = Text(f"the last that fits this machine is {last}", f"适用于本机的最新版本是 {last}")
    return clue(
        "packages",
        "no-release-fits",
        hit[0],
        hit.start(),
        more=more,
        what=hit["what"],
        name=name,
        seen=seen,
    )


def _requires(said: Said) -> Match | None:
    for hit in REQUIRES.finditer(said.text):
        what = hit["what"]
        if what.lower() in ("python", "pip") or what.lower() in NO_WORDS:
            continue
        return _stated(
            said, hit, hit["who"], what, hit["bound"].replace(" ", "").replace("v", "").rstrip(".")
        )
    return None


def _at_least(said: Said) -> Match | None:
    for hit in AT_LEAST.finditer(said.text):
        what, bound = hit["what"] or hit["who"], hit["bound"] or hit["floor"]
        if what.lower() in NO_WORDS or what.lower() in ("version", "versions", "release", "python", "your"):
            continue
        raised = _around(said, hit.start())
        return _stated(said, hit, asker_of(raised) if raised else "", what, f">={bound}")
    return None


def _otherwise(said: Said) -> Match | None:
    for pattern in OTHERWISE:
        for hit in pattern.finditer(said.text):
            found = hit.groupdict()
            what, floor, bound = hit["what"], found.get("floor"), found.get("bound")
            if what.lower() in NO_WORDS or what.lower() in (
                "version",
                "versions",
                "release",
                "python",
                "pip",
                "your",
            ):
                continue
            raised = _around(said, hit.start())
            asker = asker_of(raised) if raised else ""
            return _stated(
                said,
                hit,
                asker,
                requirement_of(what) or what,
                f">={floor}" if floor else (bound or "").replace(" ", ""),
            )
    return None


def _stated(said: Said, hit: re.Match[str], who: str, what: str, bound: str) -> Match:
    name = canonicalize_name(what)
    there = said.installed.get(name, "")
    library = what.lower() in ("sqlite3", "cuda", "gcc", "glibc", "openssl", "driver")
    return clue(
        "packages",
        "release-stated",
        hit[0],
        hit.start(),
        more=() if library else (pip(f"{what}{bound}"),),
        package=who or Text("what runs here", "正在运行的程序"),
        what=f"{what} {bound}",
        there=Text(f"{there} is installed", f"已安装 {there}")
        if there
        else Text("another one, or none, is here", "这里是其他版本，或没有安装"),
    )


def _absent(said: Said) -> Match | None:
    hit = ABSENT.search(said.text)
    if not hit or hit["what"].lower() in NO_WORDS:
        return None
    name = requirement_of(hit["what"]) or hit["what"]
    raised = _around(said, hit.start())
    who = asker_of(raised) if raised else ""
    return clue(
        "packages",
        "install-stated",
        hit[0],
        hit.start(),
        more=(pip(name),),
        package=who or Text("what runs here", "正在运行的程序"),
        what=name,
    )


def _install(said: Said) -> Match | None:
    for hit in INSTALL.finditer(said.text):
        line = said.text[max(0, said.text.rfind("\n", 0, hit.start())) : hit.end() + 80]
        before = said.text[hit.start() - 1 : hit.start()]
        told = hit["words"].partition(before)[0] if before in ("`", "'", '"') else hit["words"]
        words = _to_end_of_sentence(told)
        names = [word for word in words if word and not word.startswith("-") and word.lower() not in NO_WORDS]
        more = _all_of(said, hit)
        typed = re.match(r"\s*(?:[$#%>!]|\(\w+\)|\w+@)", line)
        if not names or typed or "did not complete" in line or not ADVICE.search(line):
            continue
        raised = _around(said, hit.start())
        who = asker_of(raised) if raised else ""
        by = hit[0].split()[0]
        command = pip(*_kept(words)) if by.startswith("pip") else (*hit[0].split()[:2], *_kept(words))
        return clue(
            "packages",
            "install-stated",
            line.strip(),
            hit.start(),
            more=(command, *(one for one in more if one != command)),
            package=who or Text("what runs here", "正在运行的程序"),
            what=", ".join(dict.fromkeys((*names, *(one[-1] for one in more)))),
        )
    return None


def _to_end_of_sentence(words: str) -> list[str]:
    """The words of a command, up to where its quotation or its sentence ends."""
    kept: list[str] = []
    for word in words.split():
        kept.append(word.strip("`'\".,:"))
        if word.endswith(("`", "'", '"', ".", ",", ":")):
            break
    return kept


def _all_of(said: Said, hit: re.Match[str]) -> tuple[tuple[str, ...], ...]:
    """What else the same line says to install, each in its own quotes: `pip install one` and `pip install two`."""
    line = said.text[hit.start() :].partition("\n")[0]
    joined = re.findall(r"[`'\"]pip3? install ([A-Za-z][\w.\[\]-]*)[`'\"]", line) if " and " in line else []
    return tuple(pip(one) for one in joined)


def _kept(words: list[str]) -> list[str]:
    kept: list[str] = []
    for word in words:
        if word.lower() in NO_WORDS:
            break
        kept.append(word)
    return kept


def _around(said: Said, at: int) -> Raised | None:
    """The error whose message a place of the text belongs to."""
    return next((raised for raised in reversed(said.raised) if raised.at <= at), None)
