"""One small request to a server on this machine. http.client would bring the whole of email and ssl with it."""

from __future__ import annotations

import ipaddress
import re
import socket
import time

import msgspec

MOST = 65536  # bytes of an answer
STATUS = re.compile(rb"HTTP/1\.\d (\d{3})")


class Answer(msgspec.Struct, frozen=True):
    status: int
    body: bytes


def get(host: str, port: int, path: str, seconds: float, tls: bool = False) -> Answer | None:
    """What GET says; None when nothing answers in time, or what answers does not speak HTTP.

    With `tls` no certificate is judged: nothing secret is asked or told, and the question is whether one speaks it.
    """
    if any(character <= " " for character in path):
        return None
    until = time.monotonic() + seconds
    name = f"[{host}]" if ":" in host else host
    ask = f"GET {path} HTTP/1.0\r\nHost: {name}:{port}\r\nAccept: */*\r\n\r\n"
    try:
        with _connected(host, port, seconds, tls) as connection:
            connection.sendall(ask.encode())
            said = _all_of(connection, until)
    except (OSError, ValueError):
        return None
    head, _, body = said.partition(b"\r\n\r\n")
    status = STATUS.match(head)
    return Answer(int(status[1]), body) if status else None


def _connected(host: str, port: int, seconds: float, tls: bool) -> socket.socket:
    connection = _reached(host, port, seconds)
    if not tls:
        return connection
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        return context.wrap_socket(connection)
    except BaseException:
        connection.close()
        raise


def _reached(host: str, port: int, seconds: float) -> socket.socket:
    """A connection. To the usual address without looking up a name, for which Python loads all of IDNA first."""
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return socket.create_connection((host, port), timeout=seconds)
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        connection.settimeout(seconds)
        connection.connect((host, port))
    except BaseException:
        connection.close()
        raise
    return connection


def _all_of(connection: socket.socket, until: float) -> bytes:
    """Until the server closes, as it does after an answer to HTTP/1.0."""
    said = b""
    while len(said) < MOST and (part := connection.recv(MOST)):
        said += part
        connection.settimeout(max(0.01, until - time.monotonic()))
    return said
