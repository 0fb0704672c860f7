"""A file of certificates judged by its form: what is called whole OpenSSL loads, and nothing cut or garbled is called whole."""

from __future__ import annotations

import base64
import ssl
from pathlib import Path

import certifi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.probes.network.trust import stores
from doctor.probes.network.trust.bundle import is_sound

ALL = Path(certifi.where()).read_bytes()
START, END = b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n"
ONE = START + ALL.split(START)[1].split(END)[0] + END
OUTER = base64.b64decode(ONE.removeprefix(START).removesuffix(END))


def block(content: bytes) -> bytes:
    return START + base64.encodebytes(content) + END


def test_whole_bundles_are_sound() -> None:
    assert is_sound(ALL) and is_sound(ONE) and is_sound(b"# a comment\n" + ONE.replace(b"\n", b"\r\n"))
    assert is_sound(block(OUTER))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>not found</html>",
        ONE[: len(ONE) // 2],
        ALL[:-40],
        ONE.replace(b"\n", b""),
        ONE + START,
        ONE.replace(b"CERTIFICATE", b"TRUSTED CERTIFICATE"),
        block(OUTER[:-1]),
        block(OUTER + b"\0"),
        block(OUTER[: len(OUTER) // 2]),
        block(b""),
        block(b"\x30\x00"),
        OUTER,
    ],
)
def test_what_is_cut_garbled_or_something_else_is_left_to_openssl(content: bytes) -> None:
    assert not is_sound(content)


@given(at=st.integers(0, len(OUTER) - 1), length=st.integers(0, 9))
def test_a_gap_is_never_sound(at: int, length: int) -> None:
    left = OUTER[:at] + OUTER[at + length + 1 :]
    assert not is_sound(ONE + block(left))


@pytest.mark.parametrize("by_form", [True, False])
def test_both_ways_of_looking_say_the_same(by_form: bool, tmp_path: Path) -> None:
    files = {"whole": ALL, "cut": ALL[: len(ALL) // 2], "page": b"<html>", "empty": b""}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    said = {name: stores.fault_of(str(tmp_path / name), by_form) for name in (*files, "none")}
    assert said.pop("whole") == "" and said.pop("none") == "there is no such file"
    assert set(said.values()) == {"it holds no certificate"}
    assert stores.fault_of(str(tmp_path), by_form) == "a folder without hashed names"
    hashed = tmp_path / "hashed"
    hashed.mkdir()
    (hashed / "5ed36f99.0").write_bytes(ALL)
    assert stores.fault_of(str(hashed), by_form) == ""
    with pytest.raises(ssl.SSLError):
        stores.context_of(str(tmp_path / "cut"))
