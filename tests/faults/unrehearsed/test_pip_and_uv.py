"""Names in the settings of pip and uv that they do not know: uv ends at one, pip passes over it without a word."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from doctor.probes.installers.uv_files import NAMES
from doctor.reading.tomlfile import load_table
from tests.faults.unrehearsed.look import look


def uv_says(uv: str, home: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [uv, "cache", "dir"], env={"HOME": str(home)}, cwd=folder, capture_output=True, text=True, check=False
    )


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('index_url = "https://pypi.example/simple"\n', "index_url → index-url"),
        ('[pip]\nextra_index_url = ["https://pypi.example"]\n', "pip.extra_index_url → pip.extra-index-url"),
        ('[global]\nindex-url = "https://pypi.example/simple"\n', "global"),
        ('trusted-host = ["pypi.example"]\n', "trusted-host → allow-insecure-host"),
        ('indx-url = "https://pypi.example/simple"\n', "indx-url → index-url"),
    ],
)
def test_a_name_that_stops_uv(
    person: dict[str, str], home: Path, tmp_path: Path, uv: str, text: str, said: str
) -> None:
    write(home / ".config/uv/uv.toml", text)
    assert uv_says(uv, home, tmp_path).returncode == 2
    seen = look(person)
    assert seen.failed == seen.complaints == ["uv-config-unreadable"]
    assert said in seen.of("uv-config-unreadable")["evidence"]


def test_a_name_that_stops_uv_in_the_folder_of_the_notebooks(
    person: dict[str, str], home: Path, uv: str
) -> None:
    write(home / "uv.toml", 'index_url = "https://pypi.example/simple"\n')
    assert uv_says(uv, home, home).returncode == 2
    assert look(person).complaints == ["uv-config-unreadable"]


def test_settings_of_a_project_that_uv_passes_over(person: dict[str, str], home: Path, uv: str) -> None:
    project = '[project]\nname = "lecture"\nversion = "1"\n[tool.uv]\n'
    write(home / "pyproject.toml", f'{project}index-url = "https://pypi.example/simple"\n')
    assert (uv_says(uv, home, home).stderr, look(person).complaints) == ("", [])
    write(home / "pyproject.toml", f'{project}index_url = "https://pypi.example/simple"\n')
    assert "unknown field `index_url`" in uv_says(uv, home, home).stderr
    assert look(person).complaints == ["uv-project-settings-ignored"]


def test_settings_of_uv_in_good_health(person: dict[str, str], home: Path, tmp_path: Path, uv: str) -> None:
    text = 'index-url = "https://pypi.example/simple"\ntorch-backend = "cpu"\n[pip]\nstrict = true\n'
    write(home / ".config/uv/uv.toml", text)
    assert (uv_says(uv, home, tmp_path).stderr, look(person).complaints) == ("", [])


@pytest.mark.parametrize(("names", "table"), [("settings", ""), ("pip", "[pip]\n")])
def test_the_names_are_those_that_the_pinned_uv_knows(
    home: Path, tmp_path: Path, uv: str, names: str, table: str
) -> None:
    write(home / ".config/uv/uv.toml", f"{table}nobody-knows = 1\n")
    said = uv_says(uv, home, tmp_path).stderr
    assert set(re.findall(r"`([a-z-]+)`", said)) - {"nobody-knows"} == set(
        load_table(NAMES, tuple[str, ...])[names]
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[global]\nindex-ulr = https://pypi.example/simple\n", "index-ulr"),
        ("[global]\nindex-urls = https://pypi.example/simple\n", "index-urls"),
        ("[global]\nextra_index = https://pypi.example/simple\n", "extra-index"),
        ("[gloabl]\nindex-url = https://pypi.example/simple\n", "[gloabl]"),
        ("[Global]\nindex-url = https://pypi.example/simple\n", "[Global]"),
    ],
)
def test_a_name_that_pip_passes_over(person: dict[str, str], home: Path, text: str, said: str) -> None:
    write(home / ".config/pip/pip.conf", text)
    seen = look(person)
    assert seen.complaints == ["pip-setting-without-effect"]
    assert said in seen.of("pip-setting-without-effect")["evidence"]


def test_an_index_that_is_not_trusted_for_one_letter(person: dict[str, str], home: Path) -> None:
    text = "[global]\nindex-url = http://pypi.example/simple\n{} = pypi.example\n"
    write(home / ".config/pip/pip.conf", text.format("trusted-hosts"))
    assert look(person).complaints == ["pip-setting-without-effect"]
    write(home / ".config/pip/pip.conf", text.format("trusted_host"))
    assert look(person).complaints == []


def test_names_of_other_commands_and_other_programs(person: dict[str, str], home: Path) -> None:
    text = "[global]\ntimeout = 60\nno-cache-dir = 1\n[list]\nformat = columns\n[search]\nindex = https://x\n[mine]\na = b\n"
    write(home / ".config/pip/pip.conf", text)
    assert look(person).complaints == []
