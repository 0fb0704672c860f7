"""The reference of findings is what the catalogue says now, the tables of models what the manifests say."""

from __future__ import annotations

from typing import get_args

import pytest

from doctor.explain.reference import FOLDER, pages
from doctor.report import sets
from doctor.text import Lang


@pytest.mark.parametrize("lang", get_args(Lang))
def test_the_reference_is_not_stale(lang: Lang) -> None:
    for path, text in pages(lang).items():
        assert path.read_text(encoding="utf-8") == text, "run `make docs`"


def test_no_page_is_left_of_an_area_that_is_no_more() -> None:
    made = {path for lang in get_args(Lang) for path in pages(lang)}
    assert set(FOLDER.iterdir()) == made


@pytest.mark.parametrize("lang", get_args(Lang))
def test_the_tables_of_models_are_not_stale(lang: Lang) -> None:
    assert sets.FILES[lang].read_text(encoding="utf-8") == sets.whole(lang), "run `make docs`"
