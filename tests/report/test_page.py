"""What a person sees: 80 columns, no colour where none belongs, and marks that every encoding can show."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.report.page import Page, columns, page_for, wrapped
from tests.conftest import ROOT

MIXED = (
    "缓存中缺少 11 个模型中的 3 个：/root/.cache/huggingface 空间不足，请腾出 5.7 GB，或把模型放到别处。" * 3
)


@pytest.mark.parametrize("text", [MIXED, "plain words " * 30, "没有空格的中文长句子，" * 20])
def test_lines_fit_and_nothing_is_lost(text: str) -> None:
    lines = list(wrapped(text, 40))
    assert all(columns(line) <= 42 for line in lines), "a closing mark may stand out by one character"
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@given(st.text(alphabet="ab 中文，。/-", max_size=200), st.integers(10, 100))
def test_wrapping_loses_no_character(text: str, width: int) -> None:
    assert "".join(wrapped(text, width)).replace(" ", "") == text.replace(" ", "")


def test_a_word_longer_than_the_line_is_not_cut() -> None:
    path = "/a/very/long/path" * 10
    assert path in list(wrapped(f"see {path} there", 30))


def test_a_pipe_gets_plain_text_of_80_columns() -> None:
    assert page_for(io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), {"TERM": "xterm"}) == Page(
        80, False, True
    )


def test_ascii_gets_ascii_marks() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    page = page_for(stream, {})
    assert not page.symbols and page.mark("fail") == "X"


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("encoding", ["ascii", "gbk", "utf-8", "latin-1"])
def test_the_doctor_speaks_on_any_terminal(lang: str, encoding: str, tmp_path: Path) -> None:
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONIOENCODING": encoding,
        "PYTHONUTF8": "0",
    }
    argv = [sys.executable, "-m", "doctor", "--offline", "--area", "host,gpu,python", "--lang", lang]
    done = subprocess.run(argv, cwd=ROOT, env=environ, capture_output=True, timeout=60, check=False)
    assert done.returncode == 1 and done.stderr == b""
    said = done.stdout.decode(encoding)
    assert "environment-missing" in said and "\x1b" not in said
    for line in said.splitlines():  # a path, a command and an address stay whole, so that they can be copied
        assert columns(line) <= 82 or str(tmp_path) in line or line.lstrip().startswith(("do:", "处理")), line
