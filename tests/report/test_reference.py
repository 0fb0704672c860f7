"""The reference of findings is what the catalogue says now."""

from __future__ import annotations

from typing import get_args

import pytest

from doctor.report.reference import FILES, reference
from doctor.text import Lang


@pytest.mark.parametrize("lang", get_args(Lang))
def test_the_reference_is_not_stale(lang: Lang) -> None:
    assert FILES[lang].read_text(encoding="utf-8") == reference(lang), "run `make docs`"
