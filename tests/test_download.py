"""Downloads: resumed, verified, and passed on to the next host when one misbehaves."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from bootstrap import download, process
from bootstrap.download import Candidate, fetch
from doctor.errors import Exit, Trouble
from doctor.probes.disk import place
from tests.conda_host.server import Host, serving

DATA = os.urandom(300_000)
SHA = hashlib.sha256(DATA).hexdigest()


def get(hosts: list[Host], target: Path, said: list[str] | None = None) -> Path:
    lines: list[str] = [] if said is None else said
    with ExitStack() as stack:
        served = [stack.enter_context(serving(host)) for host in hosts]
        candidates = [Candidate(f"host{n}", f"{host.url}/f") for n, host in enumerate(served)]
        return fetch(candidates, SHA, target, tell=lines.append)


def good() -> Host:
    return Host({"/f": DATA})


def test_a_good_host_is_enough(tmp_path: Path) -> None:
    assert get([good()], tmp_path / "down" / "f").read_bytes() == DATA
    assert [path.name for path in (tmp_path / "down").iterdir()] == ["f"]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (DATA[:1000] + bytes([DATA[1000] ^ 1]) + DATA[1001:], "other bytes"),
        (DATA[:-7], "other bytes"),
        (b"<!DOCTYPE html><title>please log in</title>", "web page"),
        (b"\n <html></html>", "web page"),
        (b"", "empty"),
    ],
)
def test_a_host_with_other_bytes_is_named_and_the_next_one_used(
    tmp_path: Path, body: bytes, word: str
) -> None:
    said: list[str] = []
    assert get([Host({"/f": body}), good()], tmp_path / "f", said).read_bytes() == DATA
    assert len(said) == 1
    assert said[0].startswith("host0: ")
    assert word in said[0]


def test_nothing_gets_the_name_without_the_hash(tmp_path: Path) -> None:
    with pytest.raises(Trouble) as trouble:
        get([Host({"/f": b"x" * 500}), Host({})], tmp_path / "f")
    assert trouble.value.code == Exit.NETWORK
    assert "host0: sent other bytes" in trouble.value.message.en
    assert "host1: HTTP 404" in trouble.value.message.en
    assert not (tmp_path / "f").exists()


def test_a_cut_link_is_resumed_where_it_broke(tmp_path: Path) -> None:
    host = Host({"/f": DATA}, cut_after=120_000, cuts=1)
    assert get([host], tmp_path / "f").read_bytes() == DATA
    assert [asked for _, asked in host.requests] == [None, "bytes=120000-"]


def test_a_cut_link_goes_on_at_the_next_host(tmp_path: Path) -> None:
    other = good()
    get([Host({"/f": DATA}, cut_after=100_000), other], tmp_path / "f")
    assert other.requests == [("/f", "bytes=100000-")]


def test_a_host_without_ranges_starts_again(tmp_path: Path) -> None:
    (tmp_path / "f.part").write_bytes(DATA[:50_000])
    assert get([Host({"/f": DATA}, ranges=False)], tmp_path / "f").read_bytes() == DATA


def test_wrong_bytes_of_one_host_are_not_held_against_the_next(tmp_path: Path) -> None:
    (tmp_path / "f.part").write_bytes(b"z" * 1000)
    said: list[str] = []
    assert get([good()], tmp_path / "f", said).read_bytes() == DATA
    assert said == []


def test_a_part_longer_than_the_file_is_dropped(tmp_path: Path) -> None:
    (tmp_path / "f.part").write_bytes(b"z" * 400_000)
    assert get([good()], tmp_path / "f").read_bytes() == DATA


def test_killed_before_the_renaming_costs_no_network(tmp_path: Path) -> None:
    (tmp_path / "f.part").write_bytes(DATA)
    assert fetch([], SHA, tmp_path / "f").read_bytes() == DATA


def test_what_is_there_is_used_and_what_rotted_is_not(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(DATA)
    assert fetch([], SHA, tmp_path / "f").read_bytes() == DATA
    (tmp_path / "f").write_bytes(DATA[:-1])
    assert get([good()], tmp_path / "f").read_bytes() == DATA


def test_a_drip_does_not_run_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "WINDOW", 0.4)
    said: list[str] = []
    assert get([Host({"/f": DATA}, drip=0.01), good()], tmp_path / "f", said).read_bytes() == DATA
    assert "too slow" in said[0]


def test_silence_ends_and_the_next_host_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "SILENCE", 0.3)
    said: list[str] = []
    assert get([Host({"/f": DATA}, drip=3), good()], tmp_path / "f", said).read_bytes() == DATA
    assert len(said) == 1


def test_a_full_disk_says_how_much_is_missing_and_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=100_000))
    with pytest.raises(Trouble) as trouble:
        get([good()], tmp_path / "f")
    assert trouble.value.code == Exit.PERSON
    assert "200000 bytes" in trouble.value.message.en
    assert f"missing on {place('', tmp_path).mount}" in trouble.value.message.en


def test_a_stop_request_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_stopping", stopping := threading.Event())
    stopping.set()
    with pytest.raises(process.Stopped):
        get([good()], tmp_path / "f")
