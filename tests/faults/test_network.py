"""Ways to the network that are really broken: real servers, proxies, certificates, name servers and routes.

What is outside is played on loopback, or in a network namespace of its own; nothing leaves this machine.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from doctor.facts import AREAS as FACTS
from doctor.report.snapshot import Snapshot
from tests.conftest import missing
from tests.faults.island import Island
from tests.faults.patient import Diagnosis, diagnose
from tests.faults.web import HUB, PORTAL, Authority, Page, Web, make_authority, serve_web
from tests.hub.models import write_mirrors
from tests.hub.server import dead_url

OUTSIDE = ("223.5.5.5", "1.1.1.1")  # what the probe takes for the world outside
HUB_HOST = "10.9.9.9"
ENDPOINT = {"HF_ENDPOINT": "http://hub.example"}
AREAS = "gpu,network,conda,python,packages,torch,ffmpeg"  # what needs nothing but the environment


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("ca") / "ca")


@pytest.fixture
def hub() -> Iterator[Web]:
    """A Hub in good health, which plays the official one."""
    with serve_web(HUB) as web:
        yield web


@pytest.fixture
def person(environ: dict[str, str], target_python: str, tmp_path: Path) -> dict[str, str]:
    """A person with a whole environment (only looked at) and no way out but what a test adds."""
    mirrors = write_mirrors(tmp_path / "mirrors.toml", dead_url(), official=True)
    target = str(Path(target_python).parent.parent)
    return {**environ, "TARGET": target, "GROUNDWORK_MIRRORS_FILE": str(mirrors)}


def sources(tmp_path: Path, *urls: str) -> dict[str, str]:
    """The Hub's sources, the first of them the official one."""
    return {"GROUNDWORK_MIRRORS_FILE": str(write_mirrors(tmp_path / "sources.toml", *urls, official=True))}


def look(person: dict[str, str], **more: str) -> Diagnosis:
    return diagnose({**person, **more}, "--area", AREAS, offline=False)


def on_island(island: Island, person: dict[str, str], areas: str = AREAS, **more: str) -> Diagnosis:
    if os.geteuid() != 0:
        missing("root", "a network namespace needs root")
    spec = msgspec.json.encode(island).decode()
    prefix = ["unshare", "-n", "-m", sys.executable, "-m", "tests.faults.island", spec]
    return diagnose({**person, **more}, "--area", areas, offline=False, prefix=prefix)


# --- healthy -----------------------------------------------------------------------------------------


def test_nothing_is_said_of_a_hub_that_answers(person: dict[str, str], hub: Web, tmp_path: Path) -> None:
    said = look(person, **sources(tmp_path, hub.url))
    assert said.complaints == []


def test_a_trailing_slash_is_no_fault(person: dict[str, str], hub: Web) -> None:
    assert look(person, HF_ENDPOINT=f"{hub.url}/").complaints == []


def test_an_offline_machine_by_choice_is_healthy(person: dict[str, str]) -> None:
    said = on_island(Island(), person, HF_HUB_OFFLINE="1", **ENDPOINT)
    assert said.complaints == [] and said.of("network-none")["severity"] == "info"


# --- endpoints ---------------------------------------------------------------------------------------


def test_a_hub_that_nothing_leads_to(person: dict[str, str]) -> None:
    said = look(person)
    assert "hub-unreachable" in said.complaints and said.failed == []


def test_a_dead_mirror(person: dict[str, str], hub: Web, tmp_path: Path) -> None:
    said = look(person, HF_ENDPOINT=dead_url(), **sources(tmp_path, hub.url))
    assert said.failed == ["hub-mirror-dead"] == said.complaints
    assert said.of("hub-mirror-dead")["remedy"]["commands"] == [["unset", "HF_ENDPOINT"]]


def test_a_mirror_that_takes_requests_and_says_nothing(person: dict[str, str]) -> None:
    with serve_web(Page(stall=True)) as web:
        assert look(person, HF_ENDPOINT=web.url).failed == ["hub-mirror-dead"]


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_mirror_with_server_errors(person: dict[str, str], status: int) -> None:
    with serve_web(Page(status)) as web:
        assert look(person, HF_ENDPOINT=web.url).complaints == ["hub-mirror-5xx"]


def test_one_server_error_passes(person: dict[str, str]) -> None:
    pages = iter([Page(502), HUB, HUB, HUB, HUB, HUB])
    with serve_web(lambda path: next(pages, HUB) if path.endswith("config.json") else HUB) as web:
        assert look(person, HF_ENDPOINT=web.url).complaints == []


def test_a_mirror_that_sends_back_to_the_hub(person: dict[str, str], hub: Web) -> None:
    back = Page(308, {"Location": "https://huggingface.co/openai-community/gpt2/resolve/main/config.json"})
    with serve_web(back) as web:
        said = look(person, HF_ENDPOINT=web.url)
    assert said.failed == ["hf-mirror-308-redirects-to-hub"] == said.complaints


def test_a_renamed_model_is_no_fault(person: dict[str, str]) -> None:
    with serve_web(Page(307, {"Location": "/other/name/resolve/main/config.json"})) as web:
        assert look(person, HF_ENDPOINT=web.url).complaints == []


def test_too_many_requests(person: dict[str, str]) -> None:
    with serve_web(Page(429, {"Retry-After": "120"})) as web:
        said = look(person, HF_ENDPOINT=web.url)
    assert said.failed == ["hf-rate-limited"] == said.complaints
    assert "120" in said.of("hf-rate-limited")["evidence"]


@pytest.mark.parametrize(
    "page",
    [PORTAL, Page(302, {"Location": "http://login.campus.example/"}), Page(511)],
    ids=["200", "302", "511"],
)
def test_a_captive_portal(person: dict[str, str], page: Page) -> None:
    with serve_web(page) as web:
        assert look(person, HF_ENDPOINT=web.url).failed == ["captive-portal-html"]


def test_one_mirror_that_shows_a_page_is_no_portal(person: dict[str, str], hub: Web, tmp_path: Path) -> None:
    with serve_web(PORTAL) as web:
        said = look(person, HF_ENDPOINT=web.url, **sources(tmp_path, hub.url))
    assert said.failed == ["hub-mirror-dead"]


# --- the token ---------------------------------------------------------------------------------------


def refusing(path: str) -> Page:
    return (
        Page(401, {}, b'{"error": "Invalid credentials in Authorization header"}')
        if "whoami" in path
        else HUB
    )


def test_a_token_that_the_hub_refuses(person: dict[str, str], tmp_path: Path) -> None:
    with serve_web(refusing) as web:
        said = look(person, HF_TOKEN="hf_expiredexpired", **sources(tmp_path, web.url))
    assert said.failed == ["hf-token-invalid"] == said.complaints
    assert "hf_expired" not in str(said.findings)


def test_a_token_in_its_file(person: dict[str, str], tmp_path: Path) -> None:
    kept = Path(person["HOME"]) / ".cache/huggingface/token"
    kept.parent.mkdir(parents=True)
    kept.write_text("hf_expiredexpired\n")
    with serve_web(refusing) as web:
        said = look(person, **sources(tmp_path, web.url))
    assert said.failed == ["hf-token-invalid"] and str(kept) in said.of("hf-token-invalid")["evidence"]


def test_a_mirror_and_a_proxy_never_see_the_token(person: dict[str, str], tmp_path: Path) -> None:
    """Loopback stands for the official Hub; asked through a proxy it is not loopback any more."""
    with serve_web(HUB) as mirror, serve_web(HUB) as proxy, serve_web(HUB) as official:
        where = sources(tmp_path, official.url)
        look(person, HF_TOKEN="hf_secretsecret", http_proxy=proxy.url, HF_ENDPOINT=mirror.url, **where)
        seen = [*mirror.asked, *proxy.asked, *official.asked]
    assert seen and not [one for one in seen if one[2]]


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


# --- names and routes --------------------------------------------------------------------------------


def world(**more: object) -> Island:
    """A machine whose packets do leave, to a world that is played on it."""
    addresses = tuple(f"{one}/32" for one in (*OUTSIDE, HUB_HOST))
    known = {"huggingface.co": HUB_HOST, "hf-mirror.com": HUB_HOST, "hub.example": HUB_HOST}
    base = Island(addresses=addresses, accepting=OUTSIDE, hub=(HUB_HOST,), names=known)
    return msgspec.structs.replace(base, **more)


def test_a_world_that_is_whole(person: dict[str, str]) -> None:
    assert on_island(world(), person, **ENDPOINT).complaints == []


def test_no_network_at_all(person: dict[str, str]) -> None:
    said = on_island(Island(), person, **ENDPOINT)
    assert said.complaints[:1] == ["network-none"] and len(said.complaints) == 1


def test_a_route_into_a_black_hole(person: dict[str, str]) -> None:
    began = time.monotonic()
    said = on_island(Island(route=True), person, **ENDPOINT)
    assert said.complaints == ["network-none"]
    assert time.monotonic() - began < 20


def test_a_name_server_that_is_silent(person: dict[str, str]) -> None:
    said = on_island(world(names=None, resolv_conf="nameserver 10.1.1.77\n", route=True), person, **ENDPOINT)
    assert said.failed == ["dns-broken"] == said.complaints


def test_a_name_server_that_refuses(person: dict[str, str]) -> None:
    said = on_island(world(names=None), person, **ENDPOINT)
    assert said.failed == ["dns-broken"] == said.complaints


def test_no_name_server(person: dict[str, str]) -> None:
    said = on_island(world(names=None, resolv_conf=""), person, **ENDPOINT)
    assert said.failed == ["resolv-conf-empty"] == said.complaints


@pytest.mark.parametrize("address", ["127.0.0.2", "0.0.0.0", "198.18.0.7", "31.13.94.37"])
def test_a_forged_address(person: dict[str, str], address: str) -> None:
    said = on_island(world(names={"hub.example": address}), person, **ENDPOINT)
    assert said.failed == ["dns-poisoned"] == said.complaints


def test_a_private_address_that_works_is_a_mirror_of_ones_own(person: dict[str, str]) -> None:
    assert on_island(world(names={"hub.example": HUB_HOST}), person, **ENDPOINT).complaints == []


def test_a_line_in_the_hosts_file(person: dict[str, str]) -> None:
    hosts = "127.0.0.1 localhost\n10.9.9.9 hub.example\n"
    fine = on_island(world(hosts=hosts), person, **ENDPOINT)
    said = on_island(world(hosts=hosts.replace("9.9 hub", "9.8 hub")), person, **ENDPOINT)
    assert fine.complaints == [] and said.failed == ["hosts-file-pins-hub"] == said.complaints


def test_ipv6_that_leads_nowhere(person: dict[str, str]) -> None:
    hosts = "127.0.0.1 localhost\n2606:4700::1111 hub.example\n10.9.9.9 hub.example\n"
    said = on_island(world(hosts=hosts, route6=True), person, **ENDPOINT)
    without = on_island(world(hosts=hosts), person, **ENDPOINT)
    assert said.complaints == ["ipv6-broken"] and without.complaints == []


# --- pip and conda -----------------------------------------------------------------------------------


def pip_conf(person: dict[str, str], text: str) -> Path:
    path = Path(person["HOME"]) / ".config/pip/pip.conf"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def test_a_dead_index(person: dict[str, str], hub: Web, tmp_path: Path) -> None:
    path = pip_conf(person, f"[global]\nindex-url = {dead_url()}/simple\n")
    said = look(person, **sources(tmp_path, hub.url))
    assert said.failed == ["pip-mirror-dead"] == said.complaints
    assert str(path) in said.of("pip-mirror-dead")["evidence"]


def test_a_wrong_path_on_an_index(person: dict[str, str], hub: Web, tmp_path: Path) -> None:
    with serve_web(Page(404)) as web:
        said = look(person, PIP_INDEX_URL=f"{web.url}/pypi/web", **sources(tmp_path, hub.url))
    assert said.failed == ["pip-mirror-dead"]


def links(*names: str) -> Page:
    body = "".join(f'<a href="../../{name}">{name}</a>' for name in names).encode()
    return Page(200, {"Content-Type": "text/html"}, b"<html>" + body + b"</html>")


def test_an_index_that_is_years_behind(person: dict[str, str], hub: Web, tmp_path: Path) -> None:
    with serve_web(links("certifi-2020.4.5-py3-none-any.whl")) as web:
        said = look(person, PIP_INDEX_URL=f"{web.url}/simple", **sources(tmp_path, hub.url))
    assert said.complaints == ["pip-mirror-stale-or-hash-mismatch"]


def test_an_index_whose_bytes_are_others(person: dict[str, str], hub: Web, tmp_path: Path) -> None:
    page = links("certifi-2026.10.18-py3-none-any.whl")
    with serve_web(lambda path: page if path.endswith("/") else Page(200, {}, b"not a wheel")) as web:
        said = look(person, PIP_INDEX_URL=f"{web.url}/simple", **sources(tmp_path, hub.url))
    assert said.failed == ["pip-mirror-stale-or-hash-mismatch"]


def test_a_login_in_an_index_is_never_told(person: dict[str, str], hub: Web, tmp_path: Path) -> None:
    url = dead_url().replace("http://", "http://someone:pa55word@")
    said = look(person, PIP_INDEX_URL=f"{url}/simple", **sources(tmp_path, hub.url))
    assert said.failed == ["pip-mirror-dead"] and "pa55word" not in str(said)


# A conda as its files show it, so that its settings count.
def conda(person: dict[str, str], condarc: str) -> Path:
    root = Path(person["HOME"]) / "miniconda3"
    package = root / "lib/python3.12/site-packages/conda/__init__.py"
    for path in (
        package,
        root / "bin/python",
        root / "bin/conda",
        root / "conda-meta/conda-26.5.3-py312_0.json",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o755)
    rc = Path(person["HOME"]) / ".condarc"
    rc.write_text(condarc)
    return rc


CHANNELS = """
channels:
  - conda-forge
  - old   # gone since 2023
  - nodefaults
channel_alias: {alias}
custom_channels:
  conda-forge: {alias}/cloud
show_channel_urls: true
"""


def test_a_channel_that_is_gone(person: dict[str, str], hub: Web, tmp_path: Path) -> None:
    with serve_web(lambda path: Page(404) if path.startswith("/old/") else Page(200)) as web:
        rc = conda(person, CHANNELS.format(alias=web.url))
        said = look(person, **sources(tmp_path, hub.url))
    assert said.complaints == ["conda-channel-404"]
    assert f"{web.url}/old" in said.of("conda-channel-404")["title"]
    assert ("HEAD", "/cloud/conda-forge/noarch/repodata.json", "") in web.asked
    assert said.of("conda-channel-404")["remedy"]["commands"][0][3:] == [
        str(rc),
        "--remove",
        "channels",
        "old",
    ]


def test_channels_that_answer(person: dict[str, str], hub: Web, tmp_path: Path) -> None:
    with serve_web(Page(200)) as web:
        conda(person, CHANNELS.format(alias=web.url))
        assert look(person, **sources(tmp_path, hub.url)).complaints == []


def test_a_channel_that_is_silent(person: dict[str, str], hub: Web, tmp_path: Path) -> None:
    conda(person, CHANNELS.format(alias=dead_url()))
    assert look(person, **sources(tmp_path, hub.url)).complaints == ["conda-channel-unreachable"]


def test_channels_without_a_conda_are_nobodys_trouble(
    person: dict[str, str], hub: Web, tmp_path: Path
) -> None:
    (Path(person["HOME"]) / ".condarc").write_text(CHANNELS.format(alias=dead_url()))
    assert look(person, **sources(tmp_path, hub.url)).complaints == []


# --- models ------------------------------------------------------------------------------------------


def test_a_gated_model(person: dict[str, str], tmp_path: Path) -> None:
    """Of the profile's own models, where setup makes the environment; the token goes to loopback, the official Hub here."""
    closed = Page(403, {"X-Error-Code": "GatedRepo"})
    with serve_web(lambda path: closed if "/gpt2/" in path else HUB) as web:
        own_environment = {name: value for name, value in person.items() if name != "TARGET"}
        model = {"MODELS": "gpt2", "HF_TOKEN": "hf_goodgood", "ENV_MANAGER": "venv"}
        said = diagnose(
            {**own_environment, **model, **sources(tmp_path, web.url)}, "--area", "network", offline=False
        )
    assert said.failed == ["hf-gated-repo"] == said.complaints


def test_a_model_that_the_hub_does_not_have_at_that_commit(person: dict[str, str], tmp_path: Path) -> None:
    gone = Page(404, {"X-Error-Code": "RevisionNotFound"})
    with serve_web(lambda path: gone if "/gpt2/" in path else HUB) as web:
        own_environment = {name: value for name, value in person.items() if name != "TARGET"}
        asked = {**own_environment, "MODELS": "gpt2,bert-base-chinese", "ENV_MANAGER": "venv"}
        said = diagnose({**asked, **sources(tmp_path, web.url)}, "--area", "network", offline=False)
    assert said.failed == ["hf-model-gone"] == said.complaints
    assert "openai-community/gpt2 (RevisionNotFound)" in said.of("hf-model-gone")["evidence"]


def test_the_hosts_of_xet_are_asked_for_and_their_key_is_not_kept(
    person: dict[str, str], tmp_path: Path
) -> None:
    dead, saved = dead_url(), tmp_path / "facts.json"
    auth = '<https://huggingface.co/api/models/openai-community/gpt2/xet-read-token/main>; rel="xet-auth"'
    large = Page(
        302, {**HUB.headers, "X-Xet-Hash": "f" * 64, "Link": auth, "Location": "https://cdn.example/x"}
    )
    key = Page(200, {}, b'{"casUrl": "%s", "accessToken": "xet-secret-key", "exp": 1}' % dead.encode())

    def answer(path: str) -> Page:
        return key if "xet-read-token" in path else large if path.endswith(".safetensors") else HUB

    with serve_web(answer) as web:
        diagnose({**person, "HF_ENDPOINT": web.url}, "--area", "network", "--save", str(saved), offline=False)
    network = msgspec.json.decode(saved.read_bytes(), type=Snapshot).facts.network
    assert (
        getattr(network, "xet_reachable", None) is False and getattr(network, "xet_host", "") == "127.0.0.1"
    )
    assert b"xet-secret-key" not in saved.read_bytes()


# --- time --------------------------------------------------------------------------------------------


def test_with_everything_silent_the_whole_doctor_ends_in_time(person: dict[str, str], tmp_path: Path) -> None:
    """Every kind of silence at once: requests that are taken and not answered, packets that vanish, names that hang."""
    silent = {
        "HF_ENDPOINT": "http://hub.example",
        "PIP_EXTRA_INDEX_URL": "http://10.77.0.1/simple",
        "HF_TOKEN": "hf_a",
    }
    pip_conf(person, "[global]\nindex-url = http://index.example/simple\n")
    conda(person, CHANNELS.format(alias="http://10.77.0.2"))
    hole = Island(route=True, route6=True, resolv_conf="nameserver 10.1.1.77\nnameserver 10.1.1.78\n")
    del person["GROUNDWORK_MIRRORS_FILE"]  # the real sources
    said = on_island(hole, person, ",".join(FACTS), **silent)
    assert "network-none" in said.complaints and said.of("pip-mirror-dead")["severity"] == "blocked"
    took = float(said.stderr.rpartition("seconds: ")[2].split()[0])
    assert took < 6
