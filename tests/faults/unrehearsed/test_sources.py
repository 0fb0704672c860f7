"""Indexes, endpoints and names that answer, but not as they should."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec
import pytest

from tests.conftest import missing
from tests.faults.island import Island
from tests.faults.network.outside import ENDPOINT, HUB_HOST, OUTSIDE, conda, links, sources
from tests.faults.patient import diagnose
from tests.faults.unrehearsed.look import look
from tests.faults.unrehearsed.test_proxies import ask
from tests.faults.web import HUB, Answer, Page, serve_web
from tests.hub.server import dead_url

WHEEL = "certifi-2026.10.18-py3-none-any.whl"
HTML = {"Content-Type": "text/html"}


# --- indexes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "cause"),
    [
        (Page(403), "pip-index-refuses"),
        (Page(401), "pip-index-refuses"),
        (Page(200, HTML, b"<html>please log in</html>"), "pip-mirror-dead"),
        (Page(200, HTML, b'<html><a href="/help">help</a></html>'), "pip-mirror-dead"),
        (Page(200, {**HTML, "Content-Encoding": "gzip"}, b"no gzip"), "pip-mirror-dead"),
    ],
    ids=["403", "401", "login", "homepage", "gzip"],
)
@pytest.mark.parametrize("variable", ["PIP_INDEX_URL", "UV_DEFAULT_INDEX"])
def test_an_index_that_is_none(
    person: dict[str, str], tmp_path: Path, page: Page, cause: str, variable: str
) -> None:
    with serve_web(page) as web:
        said = ask(person, tmp_path, **{variable: f"{web.url}/simple"})
    assert said.complaints == [cause]


def test_a_login_that_only_pip_finds_was_not_tried(person: dict[str, str], tmp_path: Path) -> None:
    (Path(person["HOME"]) / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    with serve_web(Page(401)) as web:
        assert ask(person, tmp_path, PIP_INDEX_URL=f"{web.url}/simple").complaints == []


@pytest.mark.parametrize("status", [403, 404, 502])
def test_an_index_whose_files_do_not_come(person: dict[str, str], tmp_path: Path, status: int) -> None:
    with serve_web(lambda path: links(WHEEL) if path.endswith("/") else Page(status)) as web:
        said = ask(person, tmp_path, PIP_INDEX_URL=f"{web.url}/simple")
    assert said.complaints == ["pip-index-files-unreachable"]


def test_an_index_whose_files_are_on_a_blocked_host(person: dict[str, str], tmp_path: Path) -> None:
    page = Page(200, HTML, f'<a href="{dead_url()}/{WHEEL}">{WHEEL}</a>'.encode())
    with serve_web(page) as web:
        said = ask(person, tmp_path, PIP_INDEX_URL=f"{web.url}/simple")
    assert said.complaints == ["pip-index-files-unreachable"]


@pytest.mark.parametrize(
    "value",
    ["https://pypi.example/simple  # mirror", "https://a.example/simple https://b.example/simple"],
)
def test_an_index_with_more_behind_it(person: dict[str, str], value: str) -> None:
    """pip takes all of it for one address."""
    path = Path(person["HOME"]) / ".config/pip/pip.conf"
    path.parent.mkdir(parents=True)
    path.write_text(f"[global]\nindex-url = {value}\n")
    assert look(person).complaints == ["pip-index-not-an-address"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UV_HTTP_TIMEOUT", "60s"),
        ("UV_CONCURRENT_DOWNLOADS", "0"),
        ("UV_LINK_MODE", "link"),
        ("UV_CONFIG_FILE", "/nowhere/uv.toml"),
        ("UV_FIND_LINKS", "/nowhere"),
        ("UV_INDEX_URL", "pypi.example/simple"),
        ("UV_DEFAULT_INDEX", '"https://pypi.example/simple"'),
        ("UV_INDEX", "https://a.example/simple,https://b.example/simple"),
    ],
)
def test_variables_at_which_uv_stops(person: dict[str, str], name: str, value: str) -> None:
    assert look(person, **{name: value}).complaints == ["uv-setting-stops-installs"]


def test_variables_that_uv_reads(person: dict[str, str]) -> None:
    index = "mine=https://a.example/simple https://b.example/simple"
    said = look(person, UV_INDEX=index, UV_HTTP_TIMEOUT="60", UV_LINK_MODE="copy", UV_FIND_LINKS="/usr")
    assert said.complaints == []


@pytest.mark.parametrize(
    "page", [Page(403), Page(429), Page(200, HTML, b"<html>")], ids=["403", "429", "page"]
)
def test_a_channel_that_lets_nobody_in(person: dict[str, str], tmp_path: Path, page: Page) -> None:
    with serve_web(page) as web, serve_web(HUB) as hub:
        conda(person, f"channels: [x]\nchannel_alias: {web.url}\n")
        environ = {**person, **sources(tmp_path, hub.url)}
        said = diagnose(environ, "--area", "network,conda", offline=False)
    assert said.complaints == ["conda-channel-unreachable"]


# --- the Hub's endpoint ------------------------------------------------------------------------------


def moved(port_of: str) -> Answer:
    return lambda path: Page(301, {"Location": f"https://127.0.0.1:{port_of}{path}"})


def test_an_endpoint_that_sends_on_to_tls(person: dict[str, str], tmp_path: Path) -> None:
    """A browser follows, huggingface_hub does not."""
    with serve_web(moved("8443")) as web:
        said = ask(person, tmp_path, HF_ENDPOINT=web.url)
    assert said.complaints == ["hf-endpoint-moved-to-https"]
    right = web.url.replace("http://", "https://")
    assert said.of(said.failed[0])["remedy"]["commands"] == [["export", f"HF_ENDPOINT={right}"]]


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        ("http://hf-mirror.com", "hf-endpoint-plain-http"),
        ("https://hf–mirror.com", "hf-endpoint-no-scheme"),
        ("https://hf-mirror。com", "hf-endpoint-no-scheme"),
        ("https://hf-mirror.com#cn", "hf-endpoint-names-a-page"),
    ],
)
def test_an_endpoint_with_a_wrong_mark(person: dict[str, str], value: str, cause: str) -> None:
    said = look(person, HF_ENDPOINT=value)
    assert said.complaints == [cause]
    assert said.of(cause)["remedy"]["commands"] == [["export", "HF_ENDPOINT=https://hf-mirror.com"]]


@pytest.mark.parametrize("name", ["HF_ENDPONT", "HF_ENPOINT", "hf_endpoint"])
def test_a_variable_that_nobody_reads(person: dict[str, str], name: str) -> None:
    assert look(person, **{name: "https://hf-mirror.com"}).complaints == ["hf-endpoint-misspelt"]
    both = {name: "https://hf-mirror.com", "HF_ENDPOINT": "https://hf-mirror.com"}
    assert look(person, **both).complaints == []


def test_a_variable_that_another_program_reads(person: dict[str, str]) -> None:
    said = look(person, HF_MIRROR="https://hf-mirror.com", HF_INFERENCE_ENDPOINT="https://x.example")
    assert said.complaints == [] and "HF_MIRROR" in said.of("hf-endpoint-misspelt")["evidence"]


# --- names -------------------------------------------------------------------------------------------


def on_island(person: dict[str, str], island: Island, *cover: str, **more: str) -> list[str]:
    if os.geteuid() != 0:
        missing("root", "a network namespace needs root")
    spec = msgspec.json.encode(island).decode()
    prefix = ["unshare", "-n", "-m", sys.executable, "-m", "tests.faults.island", spec, *cover]
    return diagnose({**person, **more}, "--area", "network", offline=False, prefix=prefix).complaints


def whole() -> Island:
    addresses = tuple(f"{one}/32" for one in (*OUTSIDE, HUB_HOST))
    known = dict.fromkeys(("huggingface.co", "hf-mirror.com", "hub.example"), HUB_HOST)
    return Island(addresses=addresses, accepting=OUTSIDE, hub=(HUB_HOST,), names=known)


@pytest.mark.parametrize(
    ("order", "causes"),
    [
        ("hosts: files mdns4_minimal [NOTFOUND=return]\n", ["nsswitch-without-dns"]),
        ("hosts: files\n# hosts: files dns\n", ["nsswitch-without-dns"]),
        ("hosts: files  # dns\n", []),  # the C library takes no notice of the mark
        ("hosts: files dns\n", []),
        ("passwd: files\n", []),
    ],
)
def test_names_for_which_nobody_is_asked(
    person: dict[str, str], tmp_path: Path, order: str, causes: list[str]
) -> None:
    (tmp_path / "order").write_text(order)
    mount = f'mount --bind {tmp_path}/order /etc/nsswitch.conf && exec "$@"'
    assert on_island(person, whole(), "sh", "-c", mount, "-", **ENDPOINT) == causes


def test_a_line_for_the_index_in_the_hosts_file(person: dict[str, str]) -> None:
    hosts = "127.0.0.1 localhost\n10.9.9.8 index.example  # faster\n"
    index = {"PIP_INDEX_URL": "http://index.example/simple", "PIP_TRUSTED_HOST": "index.example"}
    island = msgspec.structs.replace(whole(), hosts=hosts)
    assert on_island(person, island, **index, **ENDPOINT) == ["hosts-file-pins-index"]


def test_the_first_name_server_is_gone(person: dict[str, str]) -> None:
    """The second answers, and each name comes late."""
    servers = "nameserver 10.1.1.77\nnameserver 127.0.0.1\n"
    island = msgspec.structs.replace(whole(), route=True, resolv_conf=servers)
    assert on_island(person, island, **ENDPOINT) == ["name-server-first-silent"]
