"""Servers on loopback that answer as they are told: a portal, a mirror that redirects, a proxy, one that stalls."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.serving import serving

STALL_LIMIT = 30.0  # seconds after which a stalling answer is given up, so that no test hangs on it


@dataclass
class Web:
    """What it was asked, and where it is."""

    url: str = ""
    asked: list[tuple[str, str, str]] = field(default_factory=list)  # method, path, Authorization
    closing: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Page:
    """One answer. `stall`: take the request, and say nothing."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    stall: bool = False
    date: str = ""


Answer = Callable[[str], Page]  # by path
HUB = Page(200, {"X-Repo-Commit": "0" * 40, "ETag": '"x"'}, b"{}")
PORTAL = Page(200, {"Content-Type": "text/html"}, b"<html>please log in</html>")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    web: Web
    answer: Answer
    fake_date = ""

    def log_message(self, *args: object) -> None:
        """Quiet."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        return self.fake_date or super().date_time_string(timestamp)

    def do_GET(self) -> None:
        self.web.asked.append((self.command, self.path, self.headers.get("Authorization", "")))
        page = type(self).answer(self.path)
        if page.stall:
            self.web.closing.wait(STALL_LIMIT)
            self.close_connection = True
            return
        self.fake_date = page.date
        self.send_response(page.status)
        for name, value in {"Content-Length": str(len(page.body)), **page.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page.body)

    do_HEAD = do_GET

    def do_CONNECT(self) -> None:
        """A tunnel, for those whom the answer to CONNECT lets through."""
        self.web.asked.append(("CONNECT", self.path, ""))
        page = type(self).answer(f"CONNECT {self.path}")
        if page.status != 200:
            self.send_response(page.status)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port)), 5) as far:
            self.send_response(200)
            self.end_headers()
            pump(self.connection, far)
        self.close_connection = True


def pump(near: socket.socket, far: socket.socket) -> None:
    """Bytes both ways, until one side ends."""
    other = {near: far, far: near}
    while True:
        ready, _, _ = select.select([near, far], [], [], STALL_LIMIT)
        for one in ready:
            data = one.recv(65536)
            if not data:
                return
            other[one].sendall(data)
        if not ready:
            return


@contextlib.contextmanager
def serve_web(
    answer: Answer | Page, context: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0
) -> Iterator[Web]:
    """Answers by path (or one for all), over TLS when a context is given."""
    web = Web()
    how = (lambda path: answer) if isinstance(answer, Page) else answer
    handler = type("BoundHandler", (Handler,), {"web": web, "answer": staticmethod(how)})
    with serving(handler, web.closing, context, host, port) as web.url:
        yield web


# --- certificates ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Authority:
    """A certificate authority of our own: `bundle` is what to trust."""

    folder: Path

    @property
    def bundle(self) -> Path:
        return self.folder / "ca.pem"

    def context(
        self, first: str = "20250101000000Z", last: str = "20400101000000Z", name: str = "IP:127.0.0.1"
    ) -> ssl.SSLContext:
        """A server's side, with a certificate for loopback (or another name) that holds from `first` to `last`."""
        leaf = self.folder / "leaf"
        extra = self.folder / "leaf.ext"
        extra.write_text(f"subjectAltName={name}\n")
        request = ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=leaf"]
        openssl(*request, "-keyout", f"{leaf}.key", "-out", f"{leaf}.csr")
        config = self.folder / "ca.conf"
        config.write_text(CA_CONFIG.format(folder=self.folder))
        (self.folder / "index.txt").write_text("")
        (self.folder / "serial").write_text("01\n")
        dates = ["-startdate", first, "-enddate", last]
        signed = ["-in", f"{leaf}.csr", "-extfile", str(extra), "-out", f"{leaf}.pem"]
        openssl("ca", "-batch", "-config", str(config), "-notext", *dates, *signed)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{leaf}.pem", f"{leaf}.key")
        return context


CA_CONFIG = """
[ca]
default_ca = own
[own]
database = {folder}/index.txt
serial = {folder}/serial
new_certs_dir = {folder}
certificate = {folder}/ca.pem
private_key = {folder}/ca.key
default_md = sha256
policy = any
[any]
commonName = supplied
"""


def make_authority(folder: Path) -> Authority:
    folder.mkdir()
    subject = ["-subj", "/O=Example Corp/CN=Example Corp Inspection CA"]
    openssl(
        *["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "5000", *subject],
        *["-keyout", str(folder / "ca.key"), "-out", str(folder / "ca.pem")],
    )
    return Authority(folder)


def openssl(*args: str) -> None:
    subprocess.run(["openssl", *args], check=True, capture_output=True, timeout=30)
