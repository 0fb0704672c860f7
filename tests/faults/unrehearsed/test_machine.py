"""What is wrong with the machine itself, or with what each program on it inherits."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.conftest import ROOT, missing
from tests.faults.island import Island
from tests.faults.patient import diagnose
from tests.faults.unrehearsed.look import look


def test_a_text_encoding_that_a_variable_forces(person: dict[str, str]) -> None:
    assert look(person, PYTHONIOENCODING="utf_8:replace").complaints == []
    assert look(person, PYTHONIOENCODING="ascii").complaints == ["locale-not-utf8"]


def test_a_machine_that_cannot_reach_itself(person: dict[str, str]) -> None:
    if os.geteuid() != 0:
        missing("root", "a network namespace needs root")
    assert diagnose(person, "--area", "host", prefix=["unshare", "-n"]).failed == ["loopback-down"]


def test_a_file_in_the_place_of_the_null_device(person: dict[str, str], tmp_path: Path) -> None:
    if os.geteuid() != 0:
        missing("root", "a mount namespace needs root")
    (tmp_path / "null").write_text("")
    cover = ["unshare", "-m", "sh", "-c", f'mount --bind {tmp_path}/null /dev/null && exec "$@"', "-"]
    assert diagnose(person, "--area", "host", prefix=cover).failed == ["dev-null-not-a-device"]


def test_a_hosts_file_that_was_written_over(person: dict[str, str], tmp_path: Path) -> None:
    """`echo ... > /etc/hosts`: nobody knows localhost, and JupyterLab does not start."""
    if os.geteuid() != 0:
        missing("root", "a mount namespace needs root")
    (tmp_path / "hosts").write_text("192.0.2.7 huggingface.co  # localhost\n")
    (tmp_path / "order").write_text("hosts: files dns\n")
    mounts = [
        f"mount --bind {tmp_path}/{name} /etc/{of}"
        for name, of in (("hosts", "hosts"), ("order", "nsswitch.conf"))
    ]
    cover = ["unshare", "-m", "sh", "-c", f'{" && ".join(mounts)} && exec "$@"', "-"]
    assert diagnose(person, "--area", "host", prefix=cover).failed == ["localhost-unknown"]
    (tmp_path / "order").write_text("hosts: files myhostname dns\n")
    assert diagnose(person, "--area", "host", prefix=cover).complaints == []


@pytest.mark.parametrize(
    ("address", "failed"),
    [("127.0.0.1", []), (None, ["localhost-unknown"]), ("198.51.100.9", ["localhost-unknown"])],
)
def test_a_name_server_that_is_asked_for_localhost(
    person: dict[str, str], tmp_path: Path, address: str | None, failed: list[str]
) -> None:
    """Where no file says it: it knows the name, does not, or answers for each name with an address of its own."""
    if os.geteuid() != 0:
        missing("root", "a network namespace needs root")
    names = {"localhost": address} if address else {}
    hosts = f"192.0.2.7 huggingface.co\n127.0.1.1 {socket.gethostname()}\n"
    spec = msgspec.json.encode(Island(names=names, hosts=hosts)).decode()
    (tmp_path / "order").write_text("hosts: files dns\n")
    order = f'mount --bind {tmp_path}/order /etc/nsswitch.conf && exec "$@"'
    cover = ["unshare", "-n", "-m", "sh", "-c", order, "-", sys.executable, "-m", "tests.faults.island", spec]
    listening = "import socket; socket.create_server(('localhost', 0))"
    done = subprocess.run(
        [*cover, sys.executable, "-c", listening], cwd=ROOT, capture_output=True, check=False
    )
    assert (done.returncode == 0) == (failed == [])
    said = diagnose(person, "--area", "host", prefix=cover)
    assert said.failed == said.complaints == failed
    assert address is None or not failed or address in said.of(failed[0])["evidence"]


def test_a_library_to_load_first_that_is_not_there(person: dict[str, str]) -> None:
    assert look(person, LD_PRELOAD="/usr/lib/libtcmalloc_of_old.so.4").complaints == ["preload-missing"]
    assert look(person, LD_PRELOAD="").complaints == []


@pytest.mark.parametrize(
    ("value", "complaints"),
    [
        ("libtcmalloc_of_old.so.4", ["preload-missing"]),
        ("libm.so.6 libtcmalloc_of_old.so.4", ["preload-missing"]),
        ("libm.so.6", []),
        ("libm.so.6:libdl.so.2", []),
        ("/usr/$LIB/libgamemodeauto.so.0", []),
    ],
)
def test_a_library_to_load_first_by_its_name(
    person: dict[str, str], value: str, complaints: list[str]
) -> None:
    assert look(person, LD_PRELOAD=value).complaints == complaints


@pytest.mark.parametrize(
    ("content", "complaints"),
    [("/opt/gone/libwatch.so\n", ["preload-missing"]), ("# /opt/gone/libwatch.so\n", []), ("", [])],
)
def test_a_library_that_each_program_loads_first(
    person: dict[str, str], tmp_path: Path, content: str, complaints: list[str]
) -> None:
    """As a monitor leaves it that was removed. The file is laid over an empty one: it is rarely there."""
    if os.geteuid() != 0:
        missing("root", "a mount namespace needs root")
    for folder in ("upper", "work"):
        (tmp_path / folder).mkdir()
    (tmp_path / "upper/ld.so.preload").write_text(content)
    over = f"lowerdir=/etc,upperdir={tmp_path}/upper,workdir={tmp_path}/work"
    cover = ["unshare", "-m", "sh", "-c", f'mount -t overlay overlay -o {over} /etc && exec "$@"', "-"]
    assert diagnose(person, "--area", "host", prefix=cover).complaints == complaints
