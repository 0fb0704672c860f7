"""Name servers and routes that are really broken, and how long the doctor takes over all of it."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
import pytest

from doctor.facts import AREAS as FACTS
from tests.faults.island import Island
from tests.faults.network.outside import (
    CHANNELS,
    ENDPOINT,
    HUB_HOST,
    OUTSIDE,
    conda,
    on_island,
    pip_conf,
)

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
