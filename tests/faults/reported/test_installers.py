"""Settings and folders of pip and uv, and passwords of proxies, as people have reported them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.faults.patient import diagnose
from tests.faults.reported.etc import own_etc

AREAS = ("--area", "network")


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("pa[ss", "its login holds [: written %5B"),
        ("pa]s#s", "its login holds # ]: written %23 %5D"),
        ("p/a?ss", "its login holds / ?: written %2F %3F"),
    ],
)
def test_a_password_with_marks_of_an_address(person: dict[str, str], password: str, fault: str) -> None:
    """https://github.com/pypa/pip/pull/7722: "ValueError: Invalid IPv6 URL"."""
    value = f"http://user:{password}@proxy.example.com:8080"
    said = diagnose({**person, "http_proxy": value, "https_proxy": value}, *AREAS)
    told = said.of("proxy-malformed")
    assert fault in told["evidence"] and password not in str(said.findings)
    right = "http://USER:PASSWORD@proxy.example.com:8080"
    assert ["export", f"https_proxy={right}"] in told["remedy"]["commands"]


def test_a_password_that_is_escaped(person: dict[str, str]) -> None:
    value = "http://user:pa%5Bss@proxy.example.com:8080"
    said = diagnose({**person, "http_proxy": value, "https_proxy": value}, *AREAS)
    assert "proxy-malformed" not in [one["id"] for one in said.findings]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("[install]\nfind-links=https://me:secret@myserver/pyrepo\nno-index=yes\n", "pip-asks-no-index"),
        ("[install]\nfind-links=https://myserver/pyrepo\n", None),
        ("[install]\nno-index=yes\n", "pip-no-index-left-on"),
    ],
)
def test_no_index_beside_links(person: dict[str, str], tmp_path: Path, text: str, name: str | None) -> None:
    """https://github.com/pypa/pip/issues/4138: "Could not find a version that satisfies the requirement requests"."""
    said = diagnose(person, *AREAS, prefix=own_etc(tmp_path, {"pip.conf": text}))
    ids = [one["id"] for one in said.findings if one["id"].startswith("pip-")]
    assert ids == ([name] if name else []) and "secret" not in str(said.findings)
    if name == "pip-asks-no-index":
        assert "/etc/pip.conf" in said.of(name)["evidence"]


@pytest.mark.parametrize(
    ("sudo", "owner", "told"), [(True, 1000, True), (True, 0, False), (False, 1000, False)]
)
def test_pip_by_sudo_with_the_home_of_a_person(
    person: dict[str, str], home: Path, sudo: bool, owner: int, told: bool
) -> None:
    """https://github.com/pypa/pip/issues/4029: "you may want sudo's -H flag"."""
    if os.geteuid() != 0:
        missing("root", "root is what the fault is about")
    (home / ".cache/pip/http").mkdir(parents=True)
    os.chown(home / ".cache/pip", owner, owner)
    said = diagnose({**person, **({"SUDO_USER": "ineuw"} if sudo else {})}, *AREAS)
    assert ("pip-by-sudo-in-another-home" in [one["id"] for one in said.findings]) is told


@pytest.mark.parametrize(
    ("other", "more", "told"),
    [(True, {}, True), (True, {"UV_LINK_MODE": "copy"}, False), (False, {}, False)],
    ids=["two disks", "told to copy", "one disk"],
)
def test_a_cache_of_uv_on_another_disk(
    person: dict[str, str], home: Path, tmp_path: Path, other: bool, more: dict[str, str], told: bool
) -> None:
    """https://github.com/astral-sh/uv/issues/15875: "Failed to hardlink files; falling back to full copy"."""
    if os.geteuid() != 0:
        missing("root", "mounting needs root")
    place = home / ".cache/uv"
    (place / "archive-v0").mkdir(parents=True)
    mount = f"mount -t tmpfs none {place}; mkdir {place}/archive-v0\n" if other else ""
    prefix = ["unshare", "-m", "sh", "-ec", f'{mount}exec "$@"', "sh"]
    said = diagnose({**person, **more}, *AREAS, prefix=prefix)
    found = [one for one in said.findings if one["id"] == "uv-cache-on-another-disk"]
    assert [one["severity"] for one in found] == (["info"] if told else [])
