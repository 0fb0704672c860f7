"""An HTTP server on loopback, there for as long as a test needs it."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Quiet: clients that are killed or that hang up are what these tests are about."""


@contextmanager
def serving(
    handler: Callable[..., BaseHTTPRequestHandler],
    closing: threading.Event | None = None,
    context: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
) -> Iterator[str]:
    """Its address; over TLS when a context is given. `closing` is set at the end, so that answers which wait give up."""
    server = Server((host, port), handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"{'https' if context else 'http'}://{host}:{server.server_port}"
    finally:
        if closing:
            closing.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
