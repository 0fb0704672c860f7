"""Proxies and certificates that are really in the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.network.outside import links, look, pip_conf, sources
from tests.faults.web import HUB, Authority, Page, Web, serve_web
from tests.hub.server import dead_url

# --- proxies -----------------------------------------------------------------------------------------


def test_a_dead_proxy_is_the_one_fault(person: dict[str, str], hub: Web, tmp_path: Path) -> None:
    dead = dead_url()
    said = look(person, http_proxy=dead, https_proxy=dead, **sources(tmp_path, hub.url))
    assert said.failed == ["proxy-dead"] == said.complaints
    assert said.of("hub-unreachable")["severity"] == "blocked"


def test_a_dead_proxy_of_pips_own(person: dict[str, str], hub: Web, tmp_path: Path) -> None:
    with serve_web(links("certifi-2026.10.18-py3-none-any.whl")) as web:
        path = pip_conf(person, f"[global]\nindex-url = {web.url}/simple\nproxy = {dead_url()}\n")
        said = look(person, **sources(tmp_path, hub.url))
    assert said.failed == ["proxy-dead"] == said.complaints
    assert str(path) in said.of("proxy-dead")["evidence"]
    assert said.of("proxy-dead")["remedy"]["commands"] == [["pip", "config", "unset", "global.proxy"]]


def test_a_dead_proxy_that_nothing_uses(person: dict[str, str], hub: Web, tmp_path: Path) -> None:
    said = look(person, http_proxy=dead_url(), no_proxy="localhost,127.0.0.1", **sources(tmp_path, hub.url))
    assert said.complaints == []


@pytest.mark.parametrize(
    "value",
    ["http//127.0.0.1:7890", "http:127.0.0.1:7890", "htpp://127.0.0.1:7890", '"http://127.0.0.1:7890"'],
)
def test_a_proxy_written_wrong(person: dict[str, str], hub: Web, tmp_path: Path, value: str) -> None:
    said = look(person, http_proxy=value, **sources(tmp_path, hub.url))
    assert said.failed == ["proxy-malformed"] == said.complaints


def test_https_to_a_plain_proxy(person: dict[str, str], hub: Web, tmp_path: Path) -> None:
    with serve_web(HUB) as proxy:
        wrong = proxy.url.replace("http://", "https://")
        said = look(person, http_proxy=wrong, **sources(tmp_path, hub.url))
    assert said.failed == ["proxy-malformed"]


def test_a_proxy_without_a_scheme_is_fine(person: dict[str, str], hub: Web, tmp_path: Path) -> None:
    with serve_web(HUB) as proxy:
        said = look(person, http_proxy=proxy.url.removeprefix("http://"), **sources(tmp_path, hub.url))
    assert said.complaints == [] and proxy.asked


def test_a_proxy_that_wants_a_login(person: dict[str, str], authority: Authority, tmp_path: Path) -> None:
    with serve_web(Page(407)) as proxy:
        said = look(person, https_proxy=proxy.url, HF_ENDPOINT="https://hub.example")
    assert said.failed == ["proxy-needs-login"]


def test_a_proxy_that_reaches_nothing(person: dict[str, str], tmp_path: Path) -> None:
    with serve_web(Page(503)) as proxy:
        where = {"HF_ENDPOINT": "https://hub.example", "PIP_INDEX_URL": "https://index.example/simple"}
        said = look(person, https_proxy=proxy.url, **where)
    assert said.failed == ["proxy-forwards-nothing"]


def test_a_socks_proxy_without_the_package(person: dict[str, str], hub: Web, tmp_path: Path) -> None:
    with serve_web(HUB) as port:  # it only has to take connections
        socks = port.url.replace("http://", "socks5://")
        said = look(person, all_proxy=socks, **sources(tmp_path, hub.url))
    assert "proxy-socks-no-socksio" in said.failed


# --- TLS ---------------------------------------------------------------------------------------------


def test_a_company_that_signs_by_itself(person: dict[str, str], authority: Authority) -> None:
    with serve_web(HUB, authority.context()) as web:
        said = look(person, HF_ENDPOINT=web.url)
        trusted = look(person, HF_ENDPOINT=web.url, REQUESTS_CA_BUNDLE=str(authority.bundle))
    assert said.failed == ["tls-corporate-ca"] == said.complaints
    assert "Example Corp" in said.of("tls-corporate-ca")["title"]
    assert trusted.complaints == [] and trusted.of("tls-intercepted")["severity"] == "info"


def test_a_clock_that_is_years_behind(person: dict[str, str], authority: Authority) -> None:
    """Our clock cannot be turned in a test; a server from the year 2035 is the same to us."""
    page = Page(200, HUB.headers, b"{}", date="Mon, 01 Jan 2035 00:00:00 GMT")
    with serve_web(page, authority.context("20340101000000Z", "20360101000000Z")) as web:
        said = look(person, HF_ENDPOINT=web.url, REQUESTS_CA_BUNDLE=str(authority.bundle))
    assert said.failed == ["tls-clock-skew"] == said.complaints


def test_an_expired_certificate_is_the_mirrors_fault(person: dict[str, str], authority: Authority) -> None:
    with serve_web(HUB, authority.context("20200101000000Z", "20210101000000Z")) as web:
        said = look(person, HF_ENDPOINT=web.url, REQUESTS_CA_BUNDLE=str(authority.bundle))
    assert said.failed == ["tls-certificate-bad"] == said.complaints


def test_a_certificate_of_another_host(person: dict[str, str], authority: Authority) -> None:
    with serve_web(HUB, authority.context(name="DNS:other.example")) as web:
        said = look(person, HF_ENDPOINT=web.url, REQUESTS_CA_BUNDLE=str(authority.bundle))
    assert said.failed == ["tls-certificate-bad"]


def test_a_bundle_that_is_gone(person: dict[str, str], hub: Web, tmp_path: Path) -> None:
    gone = str(tmp_path / "removed-env/ssl/cacert.pem")
    said = look(person, REQUESTS_CA_BUNDLE=gone, **sources(tmp_path, hub.url))
    assert said.failed == ["ca-bundle-missing"] == said.complaints
