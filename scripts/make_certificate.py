#!/usr/bin/env python3
"""Make a self-signed certificate and its key: certificate.pem and key.pem (mode 0600) in a folder.

Prints the end of its validity in seconds since the epoch. Needs the package cryptography, here or in --packages.

    PREFIX/bin/python scripts/make_certificate.py --out FOLDER --name localhost --name 127.0.0.1
"""

from __future__ import annotations

import argparse
import datetime
import ipaddress
import os
import re
import sys
from pathlib import Path

DAYS = 397  # what browsers accept at most of certificates in general
HOST = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="the folder that gets the two files")
    parser.add_argument(
        "--name", action="append", required=True, help="a name or address of the server (repeat)"
    )
    parser.add_argument("--packages", help="a folder with the package cryptography")
    parser.add_argument("--days", type=int, default=DAYS, help=f"validity (default: {DAYS})")
    asked = parser.parse_args()
    if asked.packages:
        sys.path.insert(0, asked.packages)
    certificate, key, ends = make(asked.name, asked.days)
    write_private(asked.out / "key.pem", key)
    write_private(asked.out / "certificate.pem", certificate)
    print(f"{ends.timestamp():.0f}")
    return 0


def make(names: list[str], days: int) -> tuple[bytes, bytes, datetime.datetime]:
    """Certificate and key in PEM form, and the end of validity. Names that are neither host nor address are left out."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())  # every browser knows it
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "JupyterLab on this machine")])
    now = datetime.datetime.now(datetime.timezone.utc)
    ends = now + datetime.timedelta(days=days)
    builder = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    )
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(ends)
    builder = builder.add_extension(x509.SubjectAlternativeName([*alternatives(names, x509)]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    plain = serialization.NoEncryption()
    shape = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    pem = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    return pem, key.private_bytes(*shape), ends


def alternatives(names, x509):  # type: ignore[no-untyped-def]
    for name in names:
        try:
            yield x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            if HOST.fullmatch(name):
                yield x509.DNSName(name)


def write_private(path: Path, data: bytes) -> None:
    """Beside, then renamed: a server that starts meanwhile finds a whole file."""
    beside = path.with_name(f".{path.name}.part")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    beside.replace(path)


if __name__ == "__main__":
    sys.exit(main())
