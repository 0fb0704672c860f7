"""`explain` of many texts: those of real faults name their finding first, those of a working machine name none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from doctor.catalogue import catalogue
from doctor.texts.match import cause, title, typed_commands
from doctor.texts.search import by_text

HERE = Path(__file__).resolve().parent / "explain"


def texts(name: str) -> list[tuple[str, str]]:
    """The texts of a kind (`NAME.txt`, and by area `NAME-AREA.txt`), each after a line `=== what it is`."""
    found: list[tuple[str, str]] = []
    for path in sorted((HERE / f"{name}.txt", *HERE.glob(f"{name}-*.txt"))):
        parts = re.split(r"^=== (.+)\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        found += zip(parts[1::2], parts[2::2], strict=True)
    return found


PRODUCED, QUOTED, INNOCENT, FORM = (texts(name) for name in ("produced", "quoted", "innocent", "form"))


def test_there_are_many() -> None:
    assert len(PRODUCED) + len(QUOTED) >= 80 and len(INNOCENT) >= 20


@pytest.mark.parametrize(("name", "text"), [*PRODUCED, *QUOTED])
def test_an_error_text_names_its_finding_first(name: str, text: str) -> None:
    assert [match.id for match in by_text(text)][:1] == [name]


@pytest.mark.parametrize(("name", "text"), INNOCENT)
def test_what_a_working_machine_prints_is_no_fault(name: str, text: str) -> None:
    assert [match.id for match in by_text(text) if match.entry.severity == "fail"] == []


@pytest.mark.parametrize(("asked", "text"), FORM)
def test_a_text_that_nobody_rehearsed_is_read_by_its_form(asked: str, text: str) -> None:
    """`asked`: the id, then words that its title, its cause or its commands must hold, behind a bar."""
    name, *words = (part.strip() for part in asked.split("|"))
    match = by_text(text)[0]
    said = " ".join((title(match, "en"), cause(match, "en"), *typed_commands(match)))
    assert match.id == name
    assert all(word in said for word in words), said
    assert "…" not in title(match, "en") + title(match, "zh")


def test_each_kind_of_form_is_shown() -> None:
    shown = {asked.partition("|")[0].strip() for asked, _ in FORM}
    assert {name for name, (_, entry) in catalogue().items() if entry.told and not entry.texts} <= shown
