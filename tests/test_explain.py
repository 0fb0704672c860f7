"""`explain`: by id, by an error text however it was copied, and what is said of a text that nobody knows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from doctor.catalogue import catalogue
from doctor.errors import Trouble
from doctor.explain import answer_to
from doctor.explain.here import Answer
from doctor.explain.page import lines, listing
from doctor.report.page import Page
from doctor.text import Lang
from doctor.texts.match import flowing, looks
from doctor.texts.search import by_text
from tests.conftest import ROOT

TRACEBACK = """\
Traceback (most recent call last):
  File "/root/work/train.py", line 3, in <module>
    torch.zeros(1).cuda()
RuntimeError: Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU
"""


def explain(*args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "bootstrap.cli", "explain", *args]
    return subprocess.run(
        argv, cwd=ROOT, input=stdin, capture_output=True, text=True, timeout=60, check=False
    )


def test_an_id_is_explained_in_both_languages() -> None:
    said = answer_to(("driver-not-installed",))
    english, chinese = (" ".join(lines(said, lang, Page())) for lang in ("en", "zh"))
    assert "To see it by hand" in english and "lspci" in english and "apt-get" in english
    assert "手动查看" in chinese and "lspci" in chinese and "{" not in english + chinese


def test_a_pasted_traceback_names_its_finding_and_quotes_the_line() -> None:
    (match,) = by_text(TRACEBACK)
    assert match.id == "driver-not-installed"
    assert match.line.startswith("RuntimeError: Found no NVIDIA driver")


def test_a_text_broken_into_lines_or_coloured_is_recognised() -> None:
    broken = TRACEBACK.replace("NVIDIA driver", "NVIDIA\n   driver").replace("Found", "\x1b[31mFound")
    assert by_text(broken)[0].id == "driver-not-installed"


def test_a_text_that_nobody_knows_is_not_guessed_at() -> None:
    done = explain(stdin="everything went well\n")
    assert done.returncode == 1 and "make doctor" in done.stdout


def test_from_standard_input_a_file_and_words_the_answer_is_the_same(tmp_path: Path) -> None:
    file = tmp_path / "error.log"
    file.write_bytes(b"\xff\xfe noise\n" + TRACEBACK.encode())
    said = [json.loads(explain("--json", *how).stdout) for how in ((str(file),), (TRACEBACK,))]
    said.append(json.loads(explain("--json", stdin=TRACEBACK).stdout))
    assert [one["explained"][0]["id"] for one in said] == ["driver-not-installed"] * 3
    assert all(one["exit_code"] == 0 for one in said)


def test_a_misspelt_id_is_bad_input_with_the_near_ones() -> None:
    with pytest.raises(Trouble) as caught:
        answer_to(("driver-not-instaled",))
    assert caught.value.code == 2 and "driver-not-installed" in caught.value.message.en


def test_a_long_log_is_read_from_its_end(tmp_path: Path) -> None:
    file = tmp_path / "long.log"
    with file.open("wb") as out:
        out.write(b"nothing of note\n" * 400_000)
        out.write(TRACEBACK.encode())
    assert json.loads(explain("--json", str(file)).stdout)["explained"][0]["id"] == "driver-not-installed"


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_every_finding_is_explained_without_a_machine(name: str) -> None:
    said = answer_to((name,))
    for lang in get_args(Lang):
        told = "\n".join(lines(said, lang, Page()))
        assert looks(said.matches[0])[0] in told
        assert not re.search(r"\{\w+\}", told.replace(looks(said.matches[0])[0], "")), told


def test_chinese_lines_are_joined_without_a_space() -> None:
    entry = catalogue()["driver-not-installed"][1]
    assert "\n" not in flowing(entry.means, "zh") and "；在容器里" in flowing(entry.means, "zh")


def test_what_only_programs_tell_is_not_looked_for() -> None:
    (match,) = by_text(
        "torch.distributed.DistBackendError: Duplicate GPU detected : rank 1 and rank 0 both on CUDA"
    )
    assert match.id == "nccl-duplicate-gpu" and match.entry.told
    assert not any("make doctor" in line for line in lines(Answer(matches=(match,)), "en", Page()))
    assert not any(match.id in line for line in listing("en", Page()))
    assert any("driver-not-installed" in line for line in listing("en", Page()))


@pytest.mark.parametrize(
    "noise",
    ["x" * 400_000, "error " * 60_000, "\n" * 300_000, " " * 300_000, "/a" * 150_000, "'a' " * 60_000],
)
def test_a_line_without_end_costs_no_hours(noise: str) -> None:
    """Patterns are many, and some take the square of a word's length. The process is ended if they do."""
    done = explain("--json", "--offline", stdin=f"{noise}\n{TRACEBACK}")
    assert json.loads(done.stdout)["explained"][0]["id"] == "driver-not-installed"
