"""Settings of proxies, certificates, pip and uv with which nothing is fetched, told without a request."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.unrehearsed.look import look


@pytest.mark.parametrize(
    "value",
    ["http://127.0.0.1:7890 ", "http:/127.0.0.1:7890", "socks://127.0.0.1:7890", "http://127.0.0.1:78900"],
)
def test_a_malformed_proxy_is_told_offline(person: dict[str, str], value: str) -> None:
    assert look(person, https_proxy="http://127.0.0.1:7890").complaints == []  # not asked whether it answers
    assert look(person, https_proxy=value).failed == ["proxy-malformed"]


def test_certificates_that_are_not_there_are_told_offline(person: dict[str, str]) -> None:
    assert look(person, PIP_CERT="/etc/ssl/none.pem").failed == ["ca-bundle-missing"]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"index-url = https://pypi.example/simple\n", "pip-config-unreadable"),
        (b"[global]\n# \xc7\xe5\xbb\xaa\nindex-url = https://pypi.example/simple\n", "pip-config-unreadable"),
        (b'[global]\nindex-url = "https://pypi.example/simple"\n', "pip-index-not-an-address"),
        (b"[global]\nindex-url = http://pypi.example/simple\n", "pip-index-not-trusted"),
        (b"[global]\nconstraint = /nowhere/c.txt\n", "pip-constraint-missing"),
        (b"[global]\nno-index = true\n", "pip-no-index-left-on"),
        (b"[install]\ntarget = /opt/site\n", "pip-installs-elsewhere"),
    ],
)
def test_settings_with_which_pip_cannot_work(
    person: dict[str, str], home: Path, content: bytes, name: str
) -> None:
    path = home / ".config/pip/pip.conf"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert look(person).complaints == [name]


@pytest.mark.parametrize(
    "content",
    [
        "[global]\nindex-url = https://pypi.example/simple\n",
        "[global]\nindex-url = http://pypi.example/simple\ntrusted-host = pypi.example\n",
        "[global]\nno-index = true\nfind-links = /usr\n",
        "",
    ],
)
def test_settings_of_pip_in_good_health(person: dict[str, str], home: Path, content: str) -> None:
    path = home / ".config/pip/pip.conf"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert look(person).complaints == []


def test_settings_of_uv_written_as_pip_would(person: dict[str, str], home: Path) -> None:
    path = home / ".config/uv/uv.toml"
    path.parent.mkdir(parents=True)
    path.write_text("index-url = https://pypi.example/simple\n")
    assert look(person).failed == ["uv-config-unreadable"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PIP_USER", "1"),
        ("PIP_DEFAULT_TIMEOUT", "60s"),
        ("PIP_RETRIES", "many"),
        ("PIP_NO_BINARY", ":all:"),
        ("PIP_REQUIRE_HASHES", "true"),
        ("PIP_DRY_RUN", "1"),
        ("PIP_PLATFORM", "manylinux2014_x86_64"),
    ],
)
def test_settings_that_stop_each_installation(person: dict[str, str], name: str, value: str) -> None:
    assert look(person, **{name: value}).complaints == ["pip-setting-stops-installs"]


def test_settings_that_suit_a_virtual_environment(person: dict[str, str]) -> None:
    """The same as before, in their right place or with a value that pip takes."""
    fine = {"PIP_REQUIRE_VIRTUALENV": "1", "PIP_USER": "0", "PIP_DEFAULT_TIMEOUT": "60", "PIP_RETRIES": "9"}
    assert look(person, **fine, PIP_NO_BINARY="mpi4py", PIP_NO_CACHE_DIR="1").complaints == []


def test_no_index_and_a_folder_of_wheels_that_is_gone(person: dict[str, str], home: Path) -> None:
    said = look(person, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(home / "wheels"))
    assert said.complaints == ["pip-no-index-left-on"]
