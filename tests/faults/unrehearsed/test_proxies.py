"""Proxies and certificates, in forms that people really write, and where nobody looks for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import certifi
import pytest

from tests.faults.dists import install
from tests.faults.network.outside import sources
from tests.faults.patient import Diagnosis, diagnose
from tests.faults.unrehearsed.look import look
from tests.faults.web import HUB, Page, make_authority, serve_web
from tests.hub.server import dead_url


@pytest.mark.parametrize(
    ("value", "right"),
    [
        ("http://user:pa#ss@127.0.0.1:7890", "http://USER:PASSWORD@127.0.0.1:7890"),
        ("http://user:12/ss@127.0.0.1:7890", "http://USER:PASSWORD@127.0.0.1:7890"),
        ("socks5//127.0.0.1:1080", "http://127.0.0.1:1080"),
        ("https//proxy.example:8080", "http://proxy.example:8080"),
        ("http://127.0.0.1：7890", "http://127.0.0.1:7890"),
        ("http:\\\\127.0.0.1:7890", "http://127.0.0.1:7890"),
        ("http://127.0.0.1:7890,http://127.0.0.1:7891", "http://127.0.0.1:7890"),
        ("http://${HOST}:7890", "http://HOST:PORT"),
        ("$proxy", "http://HOST:PORT"),
    ],
)
def test_a_proxy_that_no_program_can_read(person: dict[str, str], value: str, right: str) -> None:
    said = look(person, https_proxy=value)
    assert said.complaints == ["proxy-malformed"]
    assert said.of("proxy-malformed")["remedy"]["commands"] == [["export", f"https_proxy={right}"]]


@pytest.mark.parametrize("mark", ["#", "/", "?"])
def test_no_part_of_its_password_is_told(person: dict[str, str], mark: str) -> None:
    said = look(person, https_proxy=f"http://someone:secret{mark}word@127.0.0.1:7890")
    assert said.failed == ["proxy-malformed"] and "secret" not in str(said)


@pytest.mark.parametrize(
    "value", ["127.0.0.1:7890", "HTTP://127.0.0.1:7890", "http://u:p%23w@127.0.0.1:7890/"]
)
def test_a_proxy_that_programs_can_read(person: dict[str, str], value: str) -> None:
    assert look(person, https_proxy=value).complaints == []


def test_a_malformed_proxy_of_pips_variable(person: dict[str, str]) -> None:
    assert look(person, PIP_PROXY="htps://127.0.0.1:7890").failed == ["proxy-malformed"]


# --- certificates ------------------------------------------------------------------------------------


def test_folders_and_files_of_certificates(person: dict[str, str], tmp_path: Path) -> None:
    """requests takes a folder if its names are hashes, httpx takes none for SSL_CERT_FILE, and no program fills in ~."""
    folder = tmp_path / "certs"
    folder.mkdir()
    home = Path(person["HOME"])
    bundle = make_authority(tmp_path / "ca").bundle
    (home / "ca.pem").write_bytes(bundle.read_bytes())
    assert look(person, REQUESTS_CA_BUNDLE=str(folder)).complaints == ["ca-bundle-missing"]
    assert look(person, SSL_CERT_FILE=str(folder)).complaints == ["ca-bundle-missing"]
    assert look(person, REQUESTS_CA_BUNDLE="~/ca.pem").complaints == ["ca-bundle-missing"]
    (folder / "5ed36f99.0").write_bytes(bundle.read_bytes())
    assert look(person, REQUESTS_CA_BUNDLE=str(folder), SSL_CERT_DIR=str(folder)).complaints == []
    assert look(person, REQUESTS_CA_BUNDLE=str(home / "ca.pem"), PIP_CERT="~/ca.pem").complaints == []


def test_certificates_of_git_that_are_gone(person: dict[str, str]) -> None:
    assert look(person, GIT_SSL_CAINFO="/etc/removed/ca.pem").complaints == ["ca-bundle-missing"]


def test_a_folder_of_certificates_that_is_gone(person: dict[str, str], empty_env: Path) -> None:
    """httpx, of huggingface_hub 1 and later, has nothing besides it, and neither has uv."""
    gone = {"SSL_CERT_DIR": "/etc/removed/certs"}
    area = ("--area", "network,packages")
    said = diagnose({**person, **gone}, *area)
    assert "ca-bundle-missing" in said.complaints and "ca-bundle-missing" not in said.failed
    install(empty_env, "huggingface-hub", "1.5.0")
    assert "ca-bundle-missing" in diagnose({**person, **gone}, *area).failed
    bundle = {"SSL_CERT_FILE": certifi.where()}
    assert "ca-bundle-missing" not in diagnose({**person, **gone, **bundle}, *area).complaints


# --- with somebody to talk to ------------------------------------------------------------------------


def ask(person: dict[str, str], tmp_path: Path, prefix: Sequence[str] = (), **more: str) -> Diagnosis:
    """With a Hub in good health on loopback, which is told in place of the official one."""
    with serve_web(HUB) as web:
        environ = {**person, **sources(tmp_path, web.url), **more}
        return diagnose(environ, "--area", "network", offline=False, prefix=prefix)


def test_a_login_that_is_asked_for_without_tls(person: dict[str, str], tmp_path: Path) -> None:
    """Of a tunnel the refusal is the proxy's own; without TLS it comes as the Hub's answer."""
    with serve_web(Page(407)) as proxy:
        said = ask(person, tmp_path, http_proxy=proxy.url, HF_ENDPOINT="http://hub.example")
    assert said.complaints == ["proxy-needs-login"]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (".gitconfig", "[user]\n\tname = me\n[http]\n\tproxy = {url}\n"),
        (".gitconfig", '[https "https://github.com"]\n\tproxy = "{url}"\n'),
        (".curlrc", 'proxy = "{url}"\n'),
        (".curlrc", "--proxy {url}\n"),
        (".curlrc", "-x {url}\n"),
        (".wgetrc", "use_proxy = on\nhttps_proxy = {url}\n"),
    ],
)
def test_a_tools_own_proxy_that_is_dead(person: dict[str, str], tmp_path: Path, file: str, text: str) -> None:
    path = Path(person["HOME"]) / file
    path.write_text(text.format(url=dead_url()))
    said = ask(person, tmp_path)
    assert said.complaints == ["tool-proxy-dead"] and str(path) in said.of("tool-proxy-dead")["evidence"]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (".gitconfig", "[http]\n\t# proxy = {url}\n\tproxyAuthMethod = basic\n"),
        (".gitconfig", "[remote]\n\tproxy = {url}\n"),
        (".curlrc", "# proxy = {url}\nnoproxy = *\n"),
    ],
)
def test_what_is_no_proxy_of_a_tool(person: dict[str, str], tmp_path: Path, file: str, text: str) -> None:
    (Path(person["HOME"]) / file).write_text(text.format(url=dead_url()))
    assert ask(person, tmp_path).complaints == []


def test_a_tools_own_proxy_that_works(person: dict[str, str], tmp_path: Path) -> None:
    with serve_web(HUB) as proxy:
        (Path(person["HOME"]) / ".gitconfig").write_text(f"[http]\n\tproxy = {proxy.url}\n")
        assert ask(person, tmp_path).complaints == []
