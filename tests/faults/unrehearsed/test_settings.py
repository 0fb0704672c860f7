"""Variables, and lines of the shell's files, that are written with a slip."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.unrehearsed.look import look


def test_places_that_are_one_level_off(person: dict[str, str], hub: Path) -> None:
    assert look(person, HF_HOME=str(hub)).complaints == ["cache-one-level-off"]


def test_paths_that_no_shell_has_read(person: dict[str, str], hub: Path) -> None:
    assert look(person, HF_HOME=f'"{hub.parent}"').complaints == ["hf-home-quoted"]
    assert look(person, HF_HOME="hf").complaints == ["hf-home-relative"]


@pytest.mark.parametrize("value", ["https:/hf-mirror.com", "https：//hf-mirror.com", "htps://hf-mirror.com"])
def test_the_advice_for_a_misspelt_endpoint_is_an_address(person: dict[str, str], value: str) -> None:
    said = look(person, HF_ENDPOINT=value)
    assert said.failed == ["hf-endpoint-no-scheme"]
    right = "HF_ENDPOINT=https://hf-mirror.com"
    assert said.of("hf-endpoint-no-scheme")["remedy"]["commands"] == [["export", right]]


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("https://hf-mirror.com/models", "hf-endpoint-names-a-page"),
        ("https://huggingface.co/docs/hub", "hf-endpoint-names-a-page"),
        ("https://mirror.example/datasets?p=1", "hf-endpoint-names-a-page"),
        ("https://hf-mirror.com,https://huggingface.co", "hf-endpoint-no-scheme"),
    ],
)
def test_an_endpoint_that_is_more_than_one(person: dict[str, str], value: str, name: str) -> None:
    said = look(person, HF_ENDPOINT=value)
    assert said.complaints == [name]
    right = (
        "https://mirror.example" if "example" in value else value[:21] if "mirror" in value else value[:22]
    )
    assert said.of(name)["remedy"]["commands"] == [["export", f"HF_ENDPOINT={right}"]]


def test_a_hub_of_a_company_lies_below_a_path(person: dict[str, str]) -> None:
    assert look(person, HF_ENDPOINT="https://repo.example/artifactory/api/huggingfaceml/hf").complaints == []


def test_a_timeout_of_nothing(person: dict[str, str]) -> None:
    assert look(person, HF_HUB_ETAG_TIMEOUT="0").complaints == ["hf-timeout-not-a-number"]


def test_a_token_file_of_two_lines(person: dict[str, str], hub: Path) -> None:
    token = hub.parent / "token"
    token.write_text(f"hf_{'ab' * 17}\n")
    token.chmod(0o600)
    assert look(person).complaints == []
    token.write_text(f"hf_{'ab' * 17}\nhf_{'bc' * 17}\n")
    assert look(person).complaints == ["hf-token-malformed"]


@pytest.mark.parametrize(
    "line",
    [
        "export HF_ENDPOINT = https://hf-mirror.com",
        "export https_proxy= http://127.0.0.1:7890",
        "HF_ENDPOINT=https://hf-mirror.com  # the mirror",
        "set HF_HOME=/data/hf",
        "setenv HF_HOME /data/hf",
    ],
)
def test_a_line_of_the_shell_without_effect(person: dict[str, str], home: Path, line: str) -> None:
    (home / ".bashrc").write_text(f"{line}\n")
    assert look(person).complaints == ["shell-line-without-effect"]


@pytest.mark.parametrize(
    "text",
    [
        "HF_HOME=/data/hf\nexport HF_HOME",
        "export HF_HOME=/data/hf HF_HUB_DISABLE_XET=1",
        "set -a\nHF_HUB_DISABLE_XET=1",
        "mirror() {\n  HF_ENDPOINT=https://hf-mirror.com\n}",
        "# export HF_ENDPOINT = https://hf-mirror.com",
        "HF_HUB_DISABLE_XET=1 python warm.py &",
        "export no_proxy= # none",
        "set -o vi",
        "HF_HOME=/data/hf\nexport HF_HUB_CACHE=$HF_HOME/hub",
    ],
)
def test_lines_of_the_shell_in_good_health(person: dict[str, str], home: Path, text: str) -> None:
    (home / ".bashrc").write_text(f"{text}\n")
    assert look(person).complaints == []


def test_a_line_without_effect_beside_one_that_has_it(person: dict[str, str], home: Path) -> None:
    (home / ".bashrc").write_text("HF_HUB_DISABLE_XET=1\n")
    assert look(person, HF_HUB_DISABLE_XET="1").complaints == []
