"""The certificate of our server, looked at: is it one, whose print has it, and how long is it good for?"""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import msgspec

from doctor.facts import Certificate
from doctor.goal import Goal
from doctor.goal.tls import unfit_pair
from doctor.reading.peek import peek, peek_text

DAY = 86400.0


class Made(msgspec.Struct, frozen=True):
    """What is written beside a certificate of ours when it is made: reading it out of the certificate takes a library."""

    fingerprint: str
    ends_at: float  # seconds since the epoch


def made_path(goal: Goal) -> Path:
    return Path(goal.jupyter_dir) / "tls" / "made.json"


def look_at_certificate(goal: Goal) -> Certificate:
    assert goal.tls
    error = unfit_pair(goal.tls)
    if error:
        return Certificate(path=goal.tls.certificate, error=error)
    print_ = fingerprint(peek_text(Path(goal.tls.certificate)))
    made = _made(goal) if goal.tls.own else None
    days = (made.ends_at - time.time()) / DAY if made and made.fingerprint == print_ else None
    return Certificate(path=goal.tls.certificate, fingerprint=print_, days_left=days)


def fingerprint(pem: str) -> str:
    """SHA-256 of the first certificate in a PEM text, in the form that browsers show."""
    import ssl

    end = "-----END CERTIFICATE-----"
    first = pem[pem.index("-----BEGIN CERTIFICATE-----") :].partition(end)[0] + end
    digits = hashlib.sha256(ssl.PEM_cert_to_DER_cert(first)).hexdigest().upper()
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))


def _made(goal: Goal) -> Made | None:
    try:
        return msgspec.json.decode(peek(made_path(goal)) or b"", type=Made)
    except ValueError:
        return None
