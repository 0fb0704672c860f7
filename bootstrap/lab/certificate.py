"""A certificate of this machine's own, for TLS=self-signed: made by the library `cryptography`, which is fetched for it alone."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path

import msgspec
import psutil

from bootstrap import process
from bootstrap.env.uv import from_any_index
from bootstrap.safety.files import private_folder, write_atomically
from bootstrap.step import Work
from doctor.errors import Exit
from doctor.goal.lockfile import LOCKS
from doctor.lab.certificate import Made, fingerprint, look_at_certificate, made_path
from doctor.text import Text

MAKE = Path(__file__).resolve().parents[2] / "scripts" / "make_certificate.py"
RENEW = 30.0  # days before its end
DAY = 86400


def ensure(work: Work) -> None:
    """Make the pair that the goal wants, unless it is there and good for a while."""
    tls = work.goal.tls
    if tls is None or not tls.own:
        return
    seen = look_at_certificate(work.goal)
    if seen.error or seen.days_left is None or seen.days_left < RENEW:
        _make(work, Path(tls.certificate).parent)


def _make(work: Work, folder: Path) -> None:
    packages = Path(work.goal.home) / "cryptography"
    work.note("created", str(packages))
    private_folder(folder)
    try:
        _fetch(work, packages)
        argv = [work.goal.interpreter, "-I", str(MAKE), "--packages", str(packages), "--out", str(folder)]
        done = work.call([*argv, *(f"--name={name}" for name in names(work.goal.ip))], seconds=120)
    finally:
        shutil.rmtree(packages, ignore_errors=True)
    pem = (folder / "certificate.pem").read_text(encoding="ascii")
    made = Made(fingerprint=fingerprint(pem), ends_at=float(done.tail[-1]))
    write_atomically(made_path(work.goal), msgspec.json.encode(made), 0o600)


def _fetch(work: Work, packages: Path) -> None:
    lock = LOCKS / "tls.txt"
    done = from_any_index(work, ["--require-hashes", "--target", str(packages), "-r", str(lock)])
    if done.code != 0:
        message = Text(f"no index delivered all of {lock.name}", f"没有软件源能提供 {lock.name} 的全部内容")
        raise process.failed(["uv", "pip", "install"], work.log, done.tail, message, Exit.NETWORK)


def names(ip: str, environ: Mapping[str, str] = os.environ) -> list[str]:
    """What a browser may call this machine. The address that a provider maps to it is known from ssh alone."""
    ssh = environ.get("SSH_CONNECTION", "").split()
    cards = [one.address for card in psutil.net_if_addrs().values() for one in card]
    known = ["localhost", "127.0.0.1", "::1", socket.gethostname(), socket.getfqdn(), ip, *ssh[2:3], *cards]
    return list(
        dict.fromkeys(name.partition("%")[0] for name in known if name not in ("*", "", "0.0.0.0", "::"))
    )
