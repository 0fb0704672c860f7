"""One request, bounded in time. Whatever the network does, there is a reply that says how far it came."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import msgspec

from doctor.facts.network import Name, Reply, Stage
from doctor.probes.network.asking.pool import Asked
from doctor.probes.network.asking.question import (
    AGENT,
    SECONDS,
    Question,
    Said,
    session,
    skew_of,
    without_login,
)
from doctor.probes.network.line.names import is_address, look_up
from doctor.probes.network.told.proxies import place_of, proxy_for, read
from doctor.probes.network.trust.certificates import look_again
from doctor.probes.network.trust.stores import blind_context, context_of


class Names:
    """Each host's name is looked up once, in a thread that may hang."""

    def __init__(self, until: float) -> None:
        self.until = until
        self._asked: dict[str, Asked[Name]] = {}
        self._lock = threading.Lock()

    def get(self, host: str) -> Name:
        with self._lock:
            if host not in self._asked:
                self._asked[host] = Asked(lambda: look_up(host))
            asked = self._asked[host]
        said = asked.wait(min(self.until, time.monotonic() + SECONDS))
        return said or Name(host=host, error=f"no answer within {SECONDS:.0f} s", silent=True)

    def all(self) -> tuple[Name, ...]:
        with self._lock:
            hosts = sorted(self._asked)
        return tuple(self.get(host) for host in hosts)


def ask(question: Question, names: Names) -> Said:
    """Never raises for what the network does; the reply says how far it came."""
    via = question.proxy or proxy_for(question.url)
    fault = read(via, ()).fault if via else ""
    if fault:
        return Said(reply=_failed(question, via, "proxy", fault))
    host = urlsplit(question.url).hostname or ""
    if not via and not is_address(host):
        name = names.get(host)
        if name.error:
            return Said(reply=_failed(question, via, "name", name.error))
    return _ask(question, via, host)


def _ask(question: Question, via: str | None, host: str) -> Said:
    began = time.monotonic()
    try:
        context = context_of(question.bundle) if question.bundle else blind_context()
        with (
            session(context, via) as asking,
            asking.stream(question.method, question.url, headers=_headers(question)) as response,
        ):
            body = _read(response, question.body)
            return _told(question, via, response, body, time.monotonic() - began)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        return _explained(question, via, host, error)


def _headers(question: Question) -> dict[str, str]:
    return {**AGENT, "Authorization": f"Bearer {question.token}"} if question.token else AGENT


def _read(response: httpx.Response, wanted: int) -> bytes:
    """The first bytes of the body; what drips is given up."""
    until, body = time.monotonic() + SECONDS, b""
    for piece in response.iter_bytes() if wanted else ():
        body += piece
        if len(body) >= wanted or time.monotonic() > until:
            break
    return body


def _told(question: Question, via: str | None, response: httpx.Response, body: bytes, took: float) -> Said:
    heads = response.headers
    location = urlsplit(heads.get("Location", ""))
    reply = msgspec.structs.replace(
        _failed(question, via, "answered", ""),
        status=response.status_code,
        location=f"{location.scheme}://{location.hostname}" if location.hostname else "",
        from_hub="X-Repo-Commit" in heads or "X-Error-Code" in heads,
        html=heads.get("Content-Type", "").startswith("text/html"),
        error_code=heads.get("X-Error-Code", "")[:60],
        wait=heads.get("Retry-After", "")[:40],
        seconds=round(took, 3),
    )
    links = {name: link.get("url", "") for name, link in response.links.items() if name}
    return Said(reply=reply, skew=skew_of(heads), headers=dict(heads), links=links, body=body)


def _failed(question: Question, via: str | None, stage: Stage, error: str, code: int = 0) -> Reply:
    return Reply(
        kind=question.kind,
        url=without_login(question.url),
        name=question.name,
        source=question.source,
        via=place_of(via) if via else "",
        stage=stage,
        error=error,
        tls_code=code,
    )


def silent_reply(question: Question) -> Reply:
    """What is known when it has not answered by the deadline."""
    return _failed(question, question.proxy or proxy_for(question.url), "late", "no answer in time")


def _explained(question: Question, via: str | None, host: str, error: Exception) -> Said:
    for cause in _chain(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            reply = _failed(question, via, "tls", cause.verify_message, cause.verify_code)
            return look_again(question, via, host, reply)
        if isinstance(cause, ssl.SSLError):
            return Said(reply=_failed(question, via, "tls", cause.reason or str(cause)))
        if isinstance(cause, socket.gaierror):
            return Said(reply=_failed(question, via, "proxy" if via else "name", cause.strerror or ""))
        if isinstance(cause, OSError) and cause.strerror:
            return Said(reply=_failed(question, via, _stage(error, via), cause.strerror))
    return Said(reply=_failed(question, via, _stage(error, via), str(error) or type(error).__name__))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or error.__context__


def _stage(error: Exception, via: str | None) -> Stage:
    if isinstance(error, httpx.ProxyError):
        return "proxy"
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)):
        return "proxy" if via else "connect"
    return "http"
