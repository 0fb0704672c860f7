"""Conda's settings files, as `conda config` and as people write them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from doctor.probes.condarc import Condarc, channels, expand, parse, read_all

WRITTEN = """
# the mirror's help page
channels:
  - defaults   # first
  - "pytorch"
- conda-forge
ssl_verify: false
show_channel_urls: True
default_channels: [https://mirror.example/pkgs/main, 'https://mirror.example/pkgs/r']
custom_channels:
  conda-forge: https://mirror.example/cloud
proxy_servers:
    https: http://user:secret@10.0.0.1:8080
channel_alias: https://mirror.example/alias/
"""


def test_values_lists_and_mappings() -> None:
    said = Condarc("x", parse(WRITTEN))
    assert said.words("channels") == ["defaults", "pytorch", "conda-forge"]
    assert said.words("ssl_verify") == ["false"]
    assert said.mapping("custom_channels") == {"conda-forge": "https://mirror.example/cloud"}
    assert said.mapping("proxy_servers") == {"https": "http://user:secret@10.0.0.1:8080"}


def test_names_become_addresses_as_conda_makes_them() -> None:
    found = channels((Condarc("/root/.condarc", parse(WRITTEN)),))
    assert [wanted.url for wanted in found] == [
        "https://mirror.example/alias/pytorch",
        "https://mirror.example/cloud/conda-forge",
        "https://mirror.example/pkgs/main",
        "https://mirror.example/pkgs/r",
    ]


def test_a_channel_with_a_folder_of_a_custom_one() -> None:
    custom = {"pytorch": "https://mirror.example/cloud"}
    assert expand("pytorch/label/dev", custom, "x") == "https://mirror.example/cloud/pytorch/label/dev"
    assert expand("/srv/channel", custom, "x") == "/srv/channel"


@pytest.mark.parametrize(
    "text", ["", "- - -", ":", "channels", "channels:\n  key: value", "\x00\xff", "a: [", "  - lone"]
)
def test_what_is_not_understood_is_left_out(text: str) -> None:
    assert channels((Condarc("x", parse(text)),)) == ()


def test_a_pipe_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".condarc")
    assert read_all((), {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}) == ()
