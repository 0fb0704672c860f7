"""Networks of Docker's beside the machine's own, packets that are too large, and proxies that only a shell knows."""

from __future__ import annotations

import json
import os
from pathlib import Path

import msgspec
import pytest

from tests.conftest import missing
from tests.faults.dists import install, remove
from tests.faults.island import Island
from tests.faults.network.outside import ENDPOINT, HUB_HOST, OUTSIDE, on_island, pip_conf
from tests.faults.network.test_names import world
from tests.faults.patient import Diagnosis, diagnose

BRIDGE = (
    "ip link add docker0 type bridge; ip address add {network} dev docker0; ip link set docker0 up mtu {mtu}"
)
WAY_OUT = "ip link add e0 type veth peer name e1; ip address add {address} dev e0; ip link set e1 up; ip link set e0 up mtu {mtu}"


def machine(
    person: dict[str, str],
    tmp_path: Path,
    *commands: str,
    daemon: object = None,
    servers: str = "",
    **more: str,
) -> Diagnosis:
    """The doctor in a network of its own, without asking anybody. `daemon` is Docker's daemon.json."""
    if os.geteuid() != 0:
        missing("root", "a network namespace needs root")
    etc = tmp_path / "docker"
    etc.mkdir(exist_ok=True)
    (etc / "daemon.json").write_text(json.dumps(daemon or {}))
    (tmp_path / "resolv.conf").write_text(servers)
    mounts = [
        "mount -t sysfs none /sys",
        f"mount --bind {tmp_path}/resolv.conf /etc/resolv.conf",
        f"mkdir -p /etc/docker; mount --bind {etc} /etc/docker",
        "ip link set lo up",
        "echo 1 > /proc/sys/net/ipv4/ip_forward",
    ]
    script = "; ".join([*mounts, *commands]) + '\nexec "$@"'
    prefix = ["unshare", "-n", "-m", "sh", "-ec", script, "sh"]
    return diagnose({**person, **more}, "--area", "network", prefix=prefix)


def bridge(network: str = "172.17.0.1/16", mtu: int = 1500) -> str:
    return BRIDGE.format(network=network, mtu=mtu)


def way_out(address: str, mtu: int = 1500) -> str:
    return WAY_OUT.format(address=address, mtu=mtu) + "; ip route add default dev e0"


@pytest.mark.parametrize(
    ("address", "network", "found"),
    [
        ("172.17.9.78/20", "172.17.0.1/16", ["docker-network-overlaps"]),
        ("172.18.9.78/20", "172.17.0.1/16", []),
        ("172.17.9.78/20", "10.210.0.1/24", []),
    ],
)
def test_a_network_of_dockers_over_the_machines_own(
    person: dict[str, str], tmp_path: Path, address: str, network: str, found: list[str]
) -> None:
    said = machine(person, tmp_path, way_out(address), bridge(network))
    assert said.complaints == found


@pytest.mark.parametrize(
    ("server", "found"),
    [
        ("172.17.40.2", ["docker-network-overlaps"]),
        ("172.17.0.1", []),
        ("192.168.0.1", []),
        ("223.5.5.5", []),
    ],
)
def test_a_name_server_behind_dockers_bridge(
    person: dict[str, str], tmp_path: Path, server: str, found: list[str]
) -> None:
    said = machine(person, tmp_path, way_out("192.168.0.7/24"), bridge(), servers=f"nameserver {server}\n")
    assert said.complaints == found
    assert not found or server in said.of(found[0])["title"]


def test_a_name_server_that_only_the_host_has(person: dict[str, str], tmp_path: Path) -> None:
    said = machine(person, tmp_path, daemon={"dns": ["127.0.0.53"]})
    assert said.complaints == ["docker-dns-loopback"]
    assert machine(person, tmp_path, daemon={"dns": ["223.5.5.5"]}).complaints == []


def findings(said: Diagnosis) -> list[str]:
    return [finding["id"] for finding in said.findings]


def test_packets_that_the_way_out_does_not_take(person: dict[str, str], tmp_path: Path) -> None:
    small = (way_out("192.168.0.7/24", mtu=1450), bridge())
    assert findings(machine(person, tmp_path, *small)) == ["docker-packets-too-large"]
    assert findings(machine(person, tmp_path, *small, daemon={"mtu": 1400})) == []
    assert findings(machine(person, tmp_path, way_out("192.168.0.7/24"), bridge())) == []


def test_a_proxy_that_containers_do_not_get(person: dict[str, str], tmp_path: Path) -> None:
    proxy = {"https_proxy": "http://127.0.0.1:9"}
    assert "docker-without-proxy" in findings(machine(person, tmp_path, **proxy))
    config = Path(person["HOME"]) / ".docker/config.json"
    config.parent.mkdir()
    config.write_text('{"proxies": {"default": {"httpsProxy": "http://proxy.example:3128"}}}')
    assert "docker-without-proxy" not in findings(machine(person, tmp_path, **proxy))


# --- what was not handed on, and what gets lost -------------------------------------------------------


def test_a_proxy_that_only_the_shell_knows(person: dict[str, str]) -> None:
    rc = Path(person["HOME"]) / ".bashrc"
    rc.write_text("export https_proxy=http://user:pass@proxy.example:3128  # the company's\n")
    said = on_island(Island(), person, **ENDPOINT)
    assert said.failed == ["proxy-not-handed-on"] or said.complaints == ["proxy-not-handed-on"]
    finding = said.of("proxy-not-handed-on")
    assert "~/.bashrc: https_proxy" in finding["evidence"] and "pass" not in json.dumps(said.findings)
    assert on_island(world(), person, **ENDPOINT).complaints == []  # not needed here
    rc.write_text('proxy_on() { export https_proxy="$1"; }\n')
    assert on_island(Island(), person, **ENDPOINT).complaints == ["network-none"]


def test_hosts_that_take_connections_and_never_answer(person: dict[str, str]) -> None:
    pip_conf(person, "[global]\nindex-url = https://index.example/simple\n")
    names = {"hub.example": HUB_HOST, "index.example": "10.9.9.8"}
    addresses = tuple(f"{one}/32" for one in (*OUTSIDE, HUB_HOST, "10.9.9.8"))
    silent = msgspec.structs.replace(
        world(names=names), addresses=addresses, accepting=(*OUTSIDE, HUB_HOST, "10.9.9.8"), hub=()
    )
    said = on_island(silent, person, HF_ENDPOINT="https://hub.example")
    assert said.failed == ["large-packets-lost"]


NO_PIP = {"PIP_CONFIG_FILE": os.devnull}  # pip may be told here to trust the machine's own list

# --- the machine's own certificates ------------------------------------------------------------------


def test_no_certificates_at_all(person: dict[str, str], tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    said = machine(person, tmp_path, f"mount --bind {empty} /etc/ssl/certs", **NO_PIP)
    assert said.complaints == ["system-certificates-missing"]


def test_certificates_of_before_2021(person: dict[str, str], tmp_path: Path) -> None:
    certs = tmp_path / "certs"
    certs.mkdir()
    for name in ("ca-certificates.crt", "DST_Root_CA_X3.pem"):
        (certs / name).write_text("-----BEGIN CERTIFICATE-----\n")
    cover = f"mount --bind {certs} /etc/ssl/certs"
    assert machine(person, tmp_path, cover, **NO_PIP).complaints == ["system-certificates-old"]
    (certs / "ISRG_Root_X1.pem").touch()
    assert machine(person, tmp_path, cover, **NO_PIP).complaints == []


def test_an_extra_index_that_uv_asks_first(person: dict[str, str], tmp_path: Path) -> None:
    extra = {"UV_EXTRA_INDEX_URL": "https://me:secret@download.pytorch.org/whl/cpu"}
    said = machine(person, tmp_path, **extra)
    assert findings(said) == ["uv-takes-first-index"] and "secret" not in json.dumps(said.findings)
    assert findings(machine(person, tmp_path, **extra, UV_INDEX_STRATEGY="unsafe-best-match")) == []
    assert findings(machine(person, tmp_path, UV_EXTRA_INDEX_URL="https://mirror.example/simple")) == []


def test_hosts_of_the_first_use_are_a_matter_apart(person: dict[str, str]) -> None:
    said = on_island(world(), person, **ENDPOINT)
    finding = said.of("first-use-host-unreachable")
    assert finding["severity"] == "info" and "github.com" in finding["evidence"]
    nothing = on_island(Island(), person, **ENDPOINT)
    assert "first-use-host-unreachable" not in [f["id"] for f in nothing.findings if not f.get("blocked_by")]


def test_datasets_of_before_its_second_release(person: dict[str, str], course_like: Path) -> None:
    """https://github.com/THUDM/P-tuning-v2/issues/24: "Couldn't reach https://raw.githubusercontent.com/…/super_glue.py"."""
    old = {**person, "TARGET": str(course_like)}
    install(course_like, "datasets", "1.15.1")
    finding = on_island(world(), old, **ENDPOINT).of("first-use-host-unreachable")
    assert finding["severity"] == "warn" and "raw.githubusercontent.com" in finding["evidence"]
    remove(course_like, "datasets")
    install(course_like, "datasets", "3.6.0")
    assert on_island(world(), old, **ENDPOINT).of("first-use-host-unreachable")["severity"] == "info"
