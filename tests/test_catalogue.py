"""The catalogue of findings: whole, in both languages, and used: each finding is shown by a recorded machine."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from doctor.catalogue import HERE, Entry, Words, catalogue, found, groups
from doctor.facts import AREAS
from doctor.finding import Finding
from doctor.reading.tomlfile import load_one, load_table
from tests.checks.test_machines import NAMES, recorded
from tests.conftest import ROOT
from tests.test_explain_texts import PRODUCED, QUOTED

CATALOGUE = catalogue()
IDS = sorted(CATALOGUE)
TOLD = {name for name, (_, entry) in CATALOGUE.items() if entry.told}  # by programs, never by a check
ANY_AREA = {f"{area}-unknown" for area in AREAS}  # the same for all; gpu/probe-crashed shows it
SHOWN = {name for machine in NAMES for name in recorded(machine)["expected"]}


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def ids_used(room: str = "checks") -> Iterator[str]:
    """The ids with which the checks call `found`, or the clues `clue`, read off their code."""
    for path in (ROOT / "doctor" / room).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and node.value in CATALOGUE:
                yield node.value


@pytest.mark.parametrize("name", IDS)
def test_an_entry_speaks_both_languages_with_the_same_blanks(name: str) -> None:
    _, entry = CATALOGUE[name]
    seen = (entry.evidence,) if name not in TOLD else ()
    for words in (entry.title, *seen, entry.cause, entry.means):
        assert isinstance(words, Words) and words.en.strip() and words.zh.strip()
        assert blanks(words.en) == blanks(words.zh)
    for words in (entry.title, entry.cause, entry.means):
        assert re.search(r"[\u4e00-\u9fff]", words.zh), f"not Chinese: {words.zh}"
        assert not re.search(r"[\u4e00-\u9fff]", words.en)
    assert entry.look, "how to see it by hand"


@pytest.mark.parametrize("name", IDS)
def test_an_entry_says_what_to_do(name: str) -> None:
    _, entry = CATALOGUE[name]
    assert entry.severity in ("info", "warn", "fail", "unknown")
    assert entry.severity == "info" or entry.commands or entry.step


@pytest.mark.parametrize("name", IDS)
def test_patterns_compile_and_causes_exist(name: str) -> None:
    _, entry = CATALOGUE[name]
    for pattern in entry.texts:
        assert not re.search(pattern, ""), f"{pattern} matches everything"
    assert {cause for cause in entry.blocked_by if cause not in groups()} <= set(IDS)


def test_groups_of_causes_name_findings_that_exist() -> None:
    assert {cause for causes in groups().values() for cause in causes} <= set(IDS)


@pytest.mark.parametrize("name", [name for name in IDS if name not in ANY_AREA | TOLD])
def test_a_recorded_machine_shows_it(name: str) -> None:
    assert name in SHOWN, f"no file in tests/machines expects {name}"


def test_every_entry_is_used_by_a_check() -> None:
    assert {name for name in IDS if name not in ANY_AREA | TOLD} == set(ids_used())


@pytest.mark.parametrize("name", sorted(TOLD))
def test_what_no_check_finds_is_known_by_its_texts(name: str) -> None:
    """Each of its patterns is one that somebody has seen: a text in tests/explain shows it."""
    _, entry = CATALOGUE[name]
    quoted = [text for asked, text in (*QUOTED, *PRODUCED) if asked == name]
    unseen = [
        one for one in entry.texts if not any(re.search(one.replace(" ", r"\s+"), text) for text in quoted)
    ]
    read = name in set(ids_used("texts/clues"))  # by its form, which fills the blanks: tests/explain/form.txt
    filled = all(set(blanks(entry.title.en)) <= set(re.compile(one).groupindex) for one in entry.texts)
    assert (entry.texts or read) and not unseen and (read or filled)


def test_texts_and_commands_are_filled_with_what_was_seen() -> None:
    finding = found("gpu", "driver-not-installed", pci=("0000:01:00.0", "0000:02:00.0"))
    assert isinstance(finding, Finding)
    assert "0000:01:00.0, 0000:02:00.0" in finding.evidence.en
    assert "0000:01:00.0, 0000:02:00.0" in finding.evidence.zh


@pytest.mark.parametrize("name", [name for name in IDS if name not in ANY_AREA])
def test_an_entry_read_alone_is_the_same(name: str) -> None:
    area, entry = CATALOGUE[name]
    assert load_one(HERE / f"{area}.toml", name, Entry) == entry


def test_an_entry_that_cannot_be_read_alone(tmp_path: Path) -> None:
    """Its table ends where a line begins with a bracket: then the whole file is read."""
    path = tmp_path / "area.toml"
    path.write_text('[one]\nen = "a"\nzh = """\n[b]\n"""\n')
    assert load_one(path, "one", Words) is None
    assert load_one(path, "two", Words) is None
    assert load_table(path, Words) == {"one": Words(en="a", zh="[b]\n")}
