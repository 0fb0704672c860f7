"""Who really has a build of torch: the person's own sources and those of the table, all asked at once, before anything is fetched.

What is decided from tables alone may be a build that nobody near here offers; the step would find that out late.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from doctor.facts import Answer
from doctor.goal import Goal
from doctor.goal.profile import TorchWant
from doctor.measure.race import race
from doctor.mirrors.samples import LISTS_NOT, Build, fits
from doctor.mirrors.table import Source, sources
from doctor.probes.installers.pip import indexes, read_pip
from doctor.probes.network.asking.question import without_login
from doctor.text import Text, human_bytes
from doctor.wheels.rules import Machine
from doctor.wheels.solve import Choice, Decision, decide

LACKS = (LISTS_NOT, "HTTP 404")  # an index has no page of a variant that it has not
ROUNDS = 3  # builds that are looked for, one after the other, where nobody has the one before


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """What one source says of one build. `has` is None where it did not say."""

    build: str  # 2.13.0+cpu; 2.13.0 where it is what an index offers by default
    name: str
    url: str
    has: bool | None
    reason: str | None = None
    rate: int | None = None  # bytes a second

    def line(self) -> Text:
        mark = {True: "✓", False: "✗", None: "?"}[self.has]
        said = self.reason or (f"{human_bytes(self.rate)}/s" if self.rate else "")
        return Text(
            f"{mark} torch {self.build} from {self.name}" + (f": {said}" if said else ""),
            f"{mark} torch {self.build}，来源 {self.name}" + (f"：{said}" if said else ""),
        )


def choose(machine: Machine, want: TorchWant, goal: Goal) -> tuple[Decision, tuple[Offered, ...]]:
    """The best build that somebody has, and what was said of each that was looked for. Silence is no "no"."""
    missing: list[str] = []
    told: tuple[Offered, ...] = ()
    for _ in range(ROUNDS):
        decision = decide(machine, want, missing)
        if decision.best is None:
            break
        said = who_has(decision.best, goal)
        told += said
        if not said or not machine.gpus or any(one.has is not False for one in said):
            return decision, told
        missing.append(decision.best.name)
    return decide(machine, want, missing), told


def who_has(choice: Choice, goal: Goal) -> tuple[Offered, ...]:
    """Each source that the step would ask for it, in the step's order; at the same time, in less than five seconds."""
    local, plain = Build(choice.torch, choice.variant), Build(choice.torch, "")
    asked = [(local, sources("torch_index", goal))]
    if choice.index == "package-index":
        asked.insert(0, (plain, tuple(map(_as_torch, sources("package_index", goal)))))
    first, listed = asked[0]
    asked[0] = first, (*_yours(goal), *listed)
    with ThreadPoolExecutor(len(asked)) as pool:
        answers = pool.map(lambda one: race(one[1], goal, one[0]), asked)
        said = [
            _said(build, answer) for (build, _), found in zip(asked, answers, strict=True) for answer in found
        ]
    return (*_in_folders(first, goal), *said)


def _as_torch(source: Source) -> Source:
    return msgspec.structs.replace(source, kind="torch_index", url=_literal(source.url))


def _literal(url: str) -> str:
    """Braces in an address of the person's are no blanks."""
    return url.replace("{", "{{").replace("}", "}}")


def lacks(answer: Answer) -> bool:
    """Whether that source said that it has no such build, rather than nothing or something wrong."""
    return answer.error is not None and answer.error.startswith(LACKS)


def _said(build: Build, answer: Answer) -> Offered:
    return Offered(
        build=build.name,
        name=answer.name,
        url=without_login(answer.url.format(variant=build.variant)),
        has=True if answer.error is None else False if lacks(answer) else None,
        reason=answer.error,
        rate=answer.rate,
    )


# --- what the person set -----------------------------------------------------------------------------


def _yours(goal: Goal) -> Iterator[Source]:
    for setting, _ in indexes(goal.prefix):
        name = f"{setting.key} ({setting.source})" if setting.key != setting.source else setting.key
        yield Source(kind="torch_index", name=name, url=_literal(setting.value), own=True)
    for url in _find_links(goal):
        if re.match(r"https?://", url):
            yield Source(kind="torch_index", name="find-links", url=_literal(url), flat=True, own=True)


def _find_links(goal: Goal) -> Sequence[str]:
    """Folders and pages of wheels: uv's variable, which may be a translation of pip's, else pip's own."""
    said = os.environ.get("UV_FIND_LINKS", "")
    setting = read_pip(goal.prefix).get("find-links")
    return [word for word in re.split(r"[,\s]+", said or (setting.value if setting else "")) if word]


def _in_folders(build: Build, goal: Goal) -> Iterator[Offered]:
    """Folders of wheels on this machine."""
    for said in _find_links(goal):
        folder = Path(said.removeprefix("file://"))
        if "://" in str(folder) or not folder.is_dir():
            continue
        has = any(fits(path.name, goal, build) for path in folder.glob("torch-*.whl"))
        reason = None if has else f"{LISTS_NOT} torch {build.name} for Python {goal.python}"
        yield Offered(build=build.name, name=str(folder), url=str(folder), has=has, reason=reason)
