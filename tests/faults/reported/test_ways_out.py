"""Docker's way out and an index's address, as people have reported them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.network.outside import links, look, sources
from tests.faults.network.test_links import bridge, machine
from tests.faults.web import HUB, Page, serve_web


def test_a_host_that_forwards_nothing(person: dict[str, str], tmp_path: Path) -> None:
    """https://github.com/moby/moby/issues/36151: with --net=host containers reach the internet, else not."""
    off = "echo 0 > /proc/sys/net/ipv4/ip_forward"
    assert machine(person, tmp_path, off, bridge()).complaints == ["docker-without-forwarding"]
    assert machine(person, tmp_path, off).complaints == []  # no network of Docker's is up
    assert machine(person, tmp_path, bridge()).complaints == []


RULE = "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE"
DOCKERD = "import signal; open('/proc/self/comm', 'w').write('dockerd'); signal.pause()"


@pytest.mark.parametrize(("rules", "severity"), [("", "warn"), (RULE, None)])
@pytest.mark.parametrize("by_file", [True, False])
def test_a_daemon_that_may_make_no_rules(
    person: dict[str, str], tmp_path: Path, rules: str, severity: str | None, by_file: bool
) -> None:
    """https://github.com/moby/moby/issues/13381: in a container ping 8.8.8.8 hangs, on the host it does not."""
    save = tmp_path / "bin/iptables-save"
    save.parent.mkdir()
    save.write_text(f"#!/bin/sh\necho '{rules}'\n")
    save.chmod(0o755)
    running = subprocess.Popen([sys.executable, "-c", DOCKERD, "--iptables=false"]) if not by_file else None
    try:
        while running and Path(f"/proc/{running.pid}/comm").read_text().strip() != "dockerd":
            assert running.poll() is None
        said = machine(
            person,
            tmp_path,
            bridge(),
            daemon={"iptables": False} if by_file else {},
            PATH=f"{save.parent}:{person['PATH']}",
        )
    finally:
        if running:
            running.kill()
            running.wait()
    told = {one["id"]: one for one in said.findings}.get("docker-without-rules")
    assert (told and told["severity"]) == severity
    if told:
        assert ("daemon.json" if by_file else "dockerd, process") in told["evidence"]


@pytest.mark.parametrize(
    ("end", "login", "found"),
    [
        ("", "username:password@", "pip-index-lacks-its-end"),
        ("/+simple/", "username:password@", ""),
        ("/+simple/", "", "pip-index-refuses"),
    ],
)
def test_an_address_of_devpi(
    person: dict[str, str], tmp_path: Path, end: str, login: str, found: str
) -> None:
    """https://github.com/pypa/pip/issues/6318: pip asks for "User for pypi.example.com:" though the password is there."""
    page = links("certifi-2026.10.18-py3-none-any.whl")
    refuses = Page(401, {"WWW-Authenticate": 'Basic realm="pypi"'})
    with (
        serve_web(HUB) as hub,
        serve_web(page) as web,
        serve_web(lambda path: page if "/+simple/" in path and login else refuses) as devpi,
    ):
        address = devpi.url.replace("://", f"://{login}") + f"/root/xy{end}"
        indexes = {"PIP_INDEX_URL": f"{web.url}/simple", "PIP_EXTRA_INDEX_URL": address}
        said = look(person, **indexes, **sources(tmp_path, hub.url))
    told = [one for one in said.complaints if one in ("pip-index-lacks-its-end", "pip-index-refuses")]
    assert told == ([found] if found else [])
    assert "username" not in str(said)
    if found == "pip-index-lacks-its-end":
        line = said.of(found)["remedy"]["commands"][0]
        assert line[0] == "export" and line[1].endswith("/root/xy/+simple/")
