"""Whom to trust: the certificates that programs would use, and what a refused host presents."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from doctor.facts.network import CaFile
from doctor.probes.listing import names_in
from doctor.probes.network.trust.bundle import is_sound
from doctor.reading.peek import is_file, is_folder, is_there, peek

if TYPE_CHECKING:
    import ssl

SYSTEM = (  # Debian, Red Hat, SUSE
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
)
OF_REQUESTS = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")  # huggingface_hub < 1, pip, conda
OF_OTHERS = ("GIT_SSL_CAINFO", "AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
HASHED = re.compile(r"[0-9a-f]{8}\.\d+\Z")  # OpenSSL's names in a folder of certificates
OF_HTTPX = ("SSL_CERT_FILE", "SSL_CERT_DIR")  # huggingface_hub 1 and later


def system_bundle() -> str:
    return next((path for path in SYSTEM if is_file(Path(path))), "")


def system_state(
    folder: Path = Path("/etc/ssl/certs"), update: Path = Path("/etc/ca-certificates.conf")
) -> Literal["", "none", "old"]:
    """Whether the machine has certificates to trust at all, and whether they are of before 2021.

    Then the root of Let's Encrypt that everybody had ended; OpenSSL before 1.1.0 takes it for the end of all.
    """
    if not system_bundle() and not any(name.endswith((".pem", ".crt", ".0")) for name in names_in(folder)):
        return "none" if _has_openssl() else ""
    old = is_file(folder / "DST_Root_CA_X3.pem") and is_file(update)
    return "old" if old and not is_file(folder / "ISRG_Root_X1.pem") else ""


def _has_openssl() -> bool:
    """Where no program looks for them there is none: other systems keep theirs elsewhere."""
    return any(is_folder(Path(place)) for place in ("/etc/ssl", "/etc/pki"))


def certifi_bundle(site: Path | None) -> str:
    """The target's own certifi: people add their company's certificate to it. Else ours."""
    theirs = site / "certifi" / "cacert.pem" if site else None
    if theirs and is_file(theirs):
        return str(theirs)
    import certifi

    return certifi.where()


def ca_files(
    pip_cert: tuple[str, str] | None, environ: Mapping[str, str] = os.environ, *, by_form: bool = False
) -> tuple[CaFile, ...]:
    """The settings that name certificates, and whether what they name can be used."""
    names = [name for name in (*OF_HTTPX, *OF_REQUESTS, *OF_OTHERS) if environ.get(name)]
    if "SSL_CERT_FILE" in names and "SSL_CERT_DIR" in names:
        names.remove("SSL_CERT_DIR")  # httpx looks at the file alone
    named = [(name, environ[name]) for name in names]
    own = [(pip_cert[0], str(Path(pip_cert[1]).expanduser()))] if pip_cert else []  # pip fills in ~
    return tuple(
        CaFile(setting=name, path=path, fault=FAULT_OF.get(name, fault_of)(path, by_form))
        for name, path in (*named, *own)
    )


def first_usable(variables: tuple[str, ...], environ: Mapping[str, str] = os.environ) -> str:
    """The first of the variables that is set, as a path; "" when none is, or when it names nothing usable."""
    path = next((environ[name] for name in variables if environ.get(name)), "")
    return path if path and not fault_of(path) else ""


@cache
def fault_of(path: str, by_form: bool = False) -> str:
    """Why a bundle cannot be used; "" when it can. `by_form`: one that is plainly in order need not be loaded."""
    place = Path(path)
    if by_form and is_sound(peek(place) or b""):
        return ""
    import ssl  # a large part of the area's time, and few people name a bundle

    try:
        if is_folder(place):
            return (
                "" if any(HASHED.match(name) for name in names_in(place)) else "a folder without hashed names"
            )
        if not is_there(place):  # no program fills in ~ here
            return "there is no such file"
        if not is_file(place):
            return "it is not a file"
        context_of(str(place))
    except ssl.SSLError:
        return "it holds no certificate"
    except OSError as error:
        return error.strerror or str(error)
    return ""


def fault_of_file(path: str, by_form: bool = False) -> str:
    """httpx takes SSL_CERT_FILE for a file, and ends at a folder."""
    return "it is a folder" if is_folder(Path(path)) else fault_of(path, by_form)


def fault_of_folders(path: str, by_form: bool = False) -> str:
    """Of those that SSL_CERT_DIR names, one that is there will do."""
    return "" if any(map(is_folder, path.split(":"))) else "there is no such folder"


FAULT_OF = {"SSL_CERT_FILE": fault_of_file, "SSL_CERT_DIR": fault_of_folders}


@cache
def context_of(bundle: str) -> ssl.SSLContext:
    """Trust in what a bundle holds, and in nothing else. Raises OSError (ssl.SSLError) when it holds nothing."""
    import ssl

    place = Path(bundle).expanduser()
    if is_folder(place):
        return ssl.create_default_context(capath=str(place))
    return ssl.create_default_context(cafile=str(place))


def blind_context() -> ssl.SSLContext:
    """For a look at what a refused host presents. Nothing of the person's is ever sent over it."""
    import ssl

    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


# --- a certificate, as bytes (DER, RFC 5280): Python tells nothing of one that it did not verify ---


def issuer_and_dates(certificate: bytes) -> tuple[str, float, float]:
    """Who signed it, and from when to when it holds. Raises ValueError or IndexError on other bytes."""
    body = next(children(next(children(certificate))[1]))[1]
    parts = [part for part in children(body) if part[0] != 0xA0]  # the version is optional
    issuer, validity = parts[2][1], parts[3][1]
    first, last = (moment(tag, text) for tag, text in children(validity))
    return name_in(issuer), first, last


def children(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each element in turn."""
    at = 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(data[at : at + size], "big"), at + size
        yield tag, data[at : at + length]
        at += length


def moment(tag: int, text: bytes) -> float:
    """UTCTime (tag 23) has two digits of the year, GeneralizedTime four."""
    form = "%y%m%d%H%M%SZ" if tag == 0x17 else "%Y%m%d%H%M%SZ"
    return datetime.strptime(text.decode("ascii"), form).replace(tzinfo=timezone.utc).timestamp()


COMMON_NAME, ORGANISATION = bytes((0x55, 4, 3)), bytes((0x55, 4, 10))


def name_in(issuer: bytes) -> str:
    """Organisation and common name."""
    said: dict[bytes, str] = {}
    for _, group in children(issuer):
        for _, pair in children(group):
            (_, kind), (_, value) = children(pair)
            said[kind] = value.decode("utf-8", "replace")
    named = [said[kind] for kind in (ORGANISATION, COMMON_NAME) if said.get(kind)]
    return ", ".join(dict.fromkeys(named)) or "no name"
