"""Conda's settings as conda reads them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from doctor.probes.conda.channels import channels, expand, shown, urls
from doctor.probes.conda.condarc import Condarc, read


def settings(home: Path, text: str, **environ: str) -> Condarc:
    home.mkdir(exist_ok=True)
    (home / ".condarc").write_text(text)
    return read(None, {"HOME": str(home), **environ}, home / "nothing")


def test_no_file_is_no_setting(tmp_path: Path) -> None:
    assert read(str(tmp_path), {"HOME": str(tmp_path)}, tmp_path) == Condarc()


def test_channels_of_all_files_the_strongest_first(tmp_path: Path) -> None:
    root = tmp_path / "miniconda3"
    root.mkdir()
    (root / ".condarc").write_text("channels: [defaults]\nchannel_priority: flexible\n")
    (tmp_path / ".condarc").write_text("channels:\n  - conda-forge\nchannel_priority: strict\n")
    said = read(str(root), {"HOME": str(tmp_path)}, tmp_path / "nothing")
    assert channels(said) == ("conda-forge", "defaults")
    assert said.settings["channel_priority"] == "strict"
    assert said.files == (str(root / ".condarc"), str(tmp_path / ".condarc"))


def test_variables_win_and_folders_of_settings_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "etc/conda/condarc.d"
    folder.mkdir(parents=True)
    (folder / "a.yaml").write_text("channels: [bioconda]\n")
    (folder / "notes.txt").write_text("channels: [no]\n")
    said = read(None, {"HOME": str(tmp_path), "CONDA_CHANNELS": "conda-forge,x"}, tmp_path)
    assert channels(said) == ("conda-forge", "x", "bioconda")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("channels:\n\t- defaults\n", "line 2: a tab"),
        ("channels: [a\nsolver: x\n", "line 2"),
        ("just words\n", "no `name: value` lines"),
        ("a: b: c\n", "line 1"),
    ],
)
def test_what_conda_cannot_read_is_named_and_not_quoted(tmp_path: Path, text: str, reason: str) -> None:
    ((path, said),) = settings(tmp_path, text).broken
    assert path.endswith("/.condarc") and reason in said


def test_a_fifo_and_bytes_cost_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".condarc")
    assert read(None, {"HOME": str(tmp_path)}, tmp_path).files == ()
    (tmp_path / ".condarc").unlink()
    (tmp_path / ".condarc").write_bytes(b"\xff\xfe\x00channels")
    assert read(None, {"HOME": str(tmp_path)}, tmp_path).broken


MIRROR = """
channels: [defaults, pytorch, me, https://user:pw@host.example/t/tk-123/forge/]
default_channels: [https://mirror.example/anaconda/pkgs/main]
custom_channels: {pytorch: https://mirror.example/anaconda/cloud}
channel_alias: https://alias.example
"""


def test_names_become_addresses(tmp_path: Path) -> None:
    said = settings(tmp_path, MIRROR)
    assert urls(said) == (
        "https://mirror.example/anaconda/pkgs/main",
        "https://mirror.example/anaconda/cloud/pytorch",
        "https://alias.example/me",
        "https://user:pw@host.example/t/tk-123/forge",
    )
    assert expand("defaults", Condarc())[0] == "https://repo.anaconda.com/pkgs/main"
    assert urls(Condarc(settings={"channels": ["nodefaults", "/srv/ch", "file:///x"]})) == ()


def test_no_secret_is_shown() -> None:
    assert shown("https://u:p@h.example/t/tk-1/forge?k=v") == "https://h.example/t/…/forge"
