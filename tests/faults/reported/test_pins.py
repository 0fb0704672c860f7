"""Hosts files that lead programs to an address of long ago; the name server knows a better one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.island import Island
from tests.faults.network.outside import ENDPOINT, HUB_HOST, OUTSIDE, on_island, sources

HERE, THERE, GONE = "10.9.9.20", "10.9.9.21", "10.9.9.77"


@pytest.mark.parametrize(
    ("line", "known", "severity"),
    [
        (f"{GONE} raw.github.com", HERE, "warn"),
        (f"{GONE} raw.githubusercontent.com other.example", HERE, "warn"),
        (f"{GONE} raw.github.com", "10.9.9.78", "info"),
        (f"{THERE} raw.github.com", HERE, None),
        (f"# {GONE} raw.github.com", HERE, None),
        (f"{GONE} www.facebook.com", HERE, None),
    ],
    ids=[
        "stale",
        "one of several names",
        "out of reach anyway",
        "another that answers",
        "a comment",
        "no program's",
    ],
)
def test_a_line_of_an_old_list(
    person: dict[str, str], tmp_path: Path, line: str, known: str, severity: str | None
) -> None:
    """https://github.com/abngsa/smarthosts/issues/674: raw.github.com times out, other sites are fine."""
    addresses = tuple(f"{one}/32" for one in (*OUTSIDE, HUB_HOST, HERE, THERE, GONE))
    hosts = ("hub.example", "huggingface.co", "hf-mirror.com")
    programs = ("raw.github.com", "raw.githubusercontent.com", "github.com", "pypi.org")
    island = Island(
        addresses=addresses,
        accepting=(*OUTSIDE, HERE, THERE),
        hub=(HUB_HOST,),
        names={**dict.fromkeys(hosts, HUB_HOST), **dict.fromkeys(programs, known)},
        hosts=f"127.0.0.1 localhost\n::1 localhost\n{line}\n",
        route=True,
    )
    said = on_island(island, person, **ENDPOINT, **sources(tmp_path, "http://hub.example"))
    found = [one for one in said.findings if one["id"] == "hosts-file-pins-host"]
    assert [one["severity"] for one in found] == ([severity] if severity else [])
    if severity == "warn":
        assert known in found[0]["evidence"] and GONE in found[0]["evidence"]
