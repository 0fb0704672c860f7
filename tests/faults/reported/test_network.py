"""Ways out that lead nowhere, as people have reported them; each named at first sight."""

from __future__ import annotations

from pathlib import Path

from tests.faults.island import Island
from tests.faults.network.outside import ENDPOINT, HUB_HOST, OUTSIDE, links, on_island, pip_conf
from tests.faults.unrehearsed.test_proxies import ask
from tests.faults.web import Page, serve_web

WHEEL = "certifi-2026.10.18-py3-none-any.whl"
OUT = tuple(f"{address}/32" for address in (*OUTSIDE, HUB_HOST))


def test_a_mirror_that_shows_its_pages_and_keeps_its_files(person: dict[str, str], tmp_path: Path) -> None:
    """https://github.com/RIDE-Lab/SAGE/issues/1477: "HTTP error 403 while getting" a wheel."""
    with serve_web(lambda path: links(WHEEL) if path.endswith("/") else Page(403)) as web:
        conf = pip_conf(person, f"[global]\nindex-url = {web.url}/simple/\ntrusted-host = 127.0.0.1\n")
        said = ask(person, tmp_path)
    assert said.complaints == ["pip-index-files-unreachable"]
    assert str(conf) in said.of(said.failed[0])["evidence"] and "403" in said.of(said.failed[0])["evidence"]


def test_an_address_of_ipv6_and_nobody_who_forwards_its_packets(person: dict[str, str]) -> None:
    """https://github.com/pypa/pip/issues/9662: "Read timed out", and fine with `curl -4`."""
    hosts = f"127.0.0.1 localhost\n2606:4700::1111 hub.example\n{HUB_HOST} hub.example\n"
    world = Island(addresses=OUT, accepting=OUTSIDE, hub=(HUB_HOST,), names={}, hosts=hosts, route6=True)
    said = on_island(world, person, "network", **ENDPOINT)
    assert said.complaints == ["ipv6-broken"]
    assert any("disable_ipv6" in word for word in said.of("ipv6-broken")["remedy"]["commands"][0])


def test_a_proxy_of_git_on_a_neighbour_that_is_gone(person: dict[str, str]) -> None:
    """https://github.com/bigtreetech/CB1/issues/6: "Failed to connect to 192.168.0.126 port 7890"."""
    text = "[http]\n\tproxy = http://192.168.0.126:7890/\n[https]\n\tproxy = https://192.168.0.126:7890/\n"
    path = Path(person["HOME"]) / ".gitconfig"
    path.write_text(text)
    world = Island(
        addresses=OUT, accepting=OUTSIDE, hub=(HUB_HOST,), names={"hub.example": HUB_HOST}, route=True
    )
    said = on_island(world, person, "network", **ENDPOINT)
    assert said.complaints == ["tool-proxy-dead"]
    told = said.of("tool-proxy-dead")
    assert str(path) in told["evidence"]
    assert [command[-1] for command in told["remedy"]["commands"]] == ["http.proxy", "https.proxy"]
