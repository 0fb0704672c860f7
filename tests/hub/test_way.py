"""The person's proxy and certificates, when models are fetched: the same as for requests, and the client of the Hub."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from urllib.parse import urlsplit

import certifi
import pytest
import requests
import urllib3

from bootstrap.hub import way as ways
from bootstrap.hub.link import Broke, send
from tests.faults.web import HUB, Authority, make_authority, serve_web

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
PROXY = "http://10.0.0.1:3128"
ENVIRONMENTS: dict[str, dict[str, str]] = {
    "none": {},
    "one for each": {"http_proxy": PROXY, "https_proxy": "http://10.0.0.2:3128"},
    "capitals": {"HTTPS_PROXY": PROXY},
    "for all": {"ALL_PROXY": "socks5h://10.0.0.3:1080"},
    "without a scheme": {"https_proxy": "10.0.0.1:3128"},
    "not for this host": {"https_proxy": PROXY, "no_proxy": "hub.example"},
    "not for its domain": {"https_proxy": PROXY, "NO_PROXY": ".example,10.0.0.0/8"},
    "for nothing": {"https_proxy": PROXY, "no_proxy": "*"},
    "switched off": {"https_proxy": "", "HTTP_PROXY": PROXY},
    "with a login": {"https_proxy": "http://me:pass%20word@10.0.0.1:3128"},
}
URLS = ("https://hub.example/x", "http://hub.example/x", "http://10.1.2.3:8080/x", "http://127.0.0.1:9/x")


@pytest.fixture(autouse=True)
def anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No proxy and no certificates from outside; what a test has found out is of no use to the next."""
    for name in (*VARIABLES, *map(str.upper, VARIABLES), *ways.BUNDLES):
        monkeypatch.delenv(name, raising=False)
    forget()
    yield
    forget()


def forget() -> None:
    for known in (ways._way, ways._straight, ways._by):
        known.cache_clear()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("ca") / "ca")


def way(url: str) -> urllib3.PoolManager:
    return ways.way(urlsplit(url).scheme, urlsplit(url).netloc)


def proxy_of_requests(url: str) -> urllib3.PoolManager | None:
    """What requests itself goes by, or None where it goes straight."""
    with requests.Session() as session:
        found = session.merge_environment_settings(url, {}, None, None, None)["proxies"]
        proxy = requests.utils.select_proxy(url, found)
        if not proxy:
            return None
        adapter = requests.adapters.HTTPAdapter()
        theirs: urllib3.PoolManager = adapter.proxy_manager_for(
            requests.utils.prepend_scheme_if_needed(proxy, "http")
        )
        return theirs


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("environment", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_the_proxy_is_the_one_of_requests(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], url: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    ours, theirs = way(url), proxy_of_requests(url)
    assert type(ours) is (type(theirs) if theirs else urllib3.PoolManager)
    if theirs:
        assert (ours.proxy, getattr(ours, "proxy_headers", None)) == (
            theirs.proxy,
            getattr(theirs, "proxy_headers", None),
        )


def test_requests_is_not_loaded_where_there_is_no_proxy() -> None:
    code = "import sys\nfrom bootstrap.hub import fetch, way\nway.way('https', 'hub.example')\nsys.exit('requests' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_threads_that_begin_together_share_their_connections() -> None:
    barrier = Barrier(8)

    def found(_: int) -> urllib3.PoolManager:
        barrier.wait(10)
        return way("http://hub.example/x")

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(found, range(8)))) == 1


def test_it_goes_by_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve_web(HUB) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert send("GET", "http://hub.example/x", None, {}, 5.0).data == b"{}"
    assert [path for _, path, _ in proxy.asked] == ["http://hub.example/x"]


def test_a_tunnel_through_the_proxy_is_trusted_by_the_person_s_bundle(
    monkeypatch: pytest.MonkeyPatch, authority: Authority
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.bundle))
    with serve_web(HUB, authority.context()) as hub, serve_web(HUB) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        assert send("GET", f"{hub.url}/x", None, {}, 5.0).data == b"{}"
    assert [method for method, _, _ in proxy.asked] == ["CONNECT"]


@pytest.mark.parametrize("kind", ["file", "folder", "the other variable"])
def test_the_person_s_certificates_are_trusted(
    monkeypatch: pytest.MonkeyPatch, authority: Authority, tmp_path: Path, kind: str
) -> None:
    place = authority.bundle
    if kind == "folder":
        place = tmp_path
        (tmp_path / "ca.pem").write_bytes(authority.bundle.read_bytes())
        subprocess.run(["openssl", "rehash", str(tmp_path)], check=True, timeout=30)
    monkeypatch.setenv("CURL_CA_BUNDLE" if kind == "the other variable" else "REQUESTS_CA_BUNDLE", str(place))
    with serve_web(HUB, authority.context()) as hub:
        assert send("GET", f"{hub.url}/x", None, {}, 5.0).data == b"{}"


@pytest.mark.parametrize("bundle", ["certifi", "none"])
def test_a_server_that_they_do_not_vouch_for_is_refused(
    monkeypatch: pytest.MonkeyPatch, authority: Authority, tmp_path: Path, bundle: str
) -> None:
    if bundle == "none":
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "gone.pem"))
    else:
        monkeypatch.setenv("CURL_CA_BUNDLE", certifi.where())
    with serve_web(HUB, authority.context()) as hub, pytest.raises(Broke):
        send("GET", f"{hub.url}/x", None, {}, 5.0)
    assert hub.asked == []


def test_an_address_of_a_proxy_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://")
    with pytest.raises(Broke):
        send("GET", "http://hub.example/x", None, {}, 5.0)
