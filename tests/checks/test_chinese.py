"""A reader of Chinese is told in Chinese what was seen; only what other programs print stays as it is."""

from __future__ import annotations

import re

import pytest

from doctor.catalogue import in_chinese
from tests.checks.test_machines import NAMES, judged

PROSE = r"(?:[A-Za-z][A-Za-z'-]* ){3,}[A-Za-z']+"  # words in a row; a list of names has commas
# Their evidence quotes a program, a log or a certificate.
QUOTING = {
    "conda-prefix-not-allowed",
    "dns-broken",
    "ffmpeg-library-missing",
    "driver-module-build-failed",
    "driver-module-does-not-fit-kernel",
    "gpu-firmware-missing",
    "gpu-memory-window-below-4g",
    "gpu-memory-window-missing",
    "gpu-not-served-by-driver",
    "gpu-xid",
    "hub-unreachable",
    "interpreter-broken",
    "inodes-full",
    "jupyter-address-refused",
    "jupyter-config-refused",
    "jupyter-host-header-blocked",
    "jupyter-kernel-fails",
    "jupyter-root-refused",
    "jupyter-save-failed",
    "jupyter-xsrf-or-origin",
    "pip-mirror-dead",
    "pip-missing",
    "secure-boot-rejects-module",
    "startup-file-fails",
    "startup-file-stops-python",
    "tls-clock-skew",
    "tls-corporate-ca",
    "wsl-gpu-access-blocked",
}


@pytest.mark.parametrize("name", NAMES)
def test_no_english_prose_in_chinese(name: str) -> None:
    for finding in judged(name):
        if finding.id not in QUOTING:
            told = (finding.title.zh, finding.evidence.zh, finding.cause.zh)
            assert [hit for text in told for hit in re.findall(PROSE, text)] == [], finding.id


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        (
            "HF_ENDPOINT is None, wanted 'a'; X is '1', wanted '2'",
            "HF_ENDPOINT 为 None，应为 'a'; X 为 '1'，应为 '2'",
        ),
        ("/a/python leads to /b, which is not there", "/a/python 指向 /b，但后者不存在"),
        ("no answer within 5 s", "未在时限内响应"),
        ("/opt/is not there/wanted", "/opt/is not there/wanted"),
        ("OSError: [Errno 28] No space left on device", "OSError: [Errno 28] No space left on device"),
    ],
)
def test_our_own_words_are_translated_and_those_of_others_are_not(english: str, chinese: str) -> None:
    assert in_chinese(english) == chinese
