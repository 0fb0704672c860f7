"""One request, bounded in time, without redirects and with the person's own proxy and certificates."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx
import msgspec

from doctor.facts.network import Certificate, Name, Reply, Stage
from doctor.probes.network.names import is_address, look_up
from doctor.probes.network.pool import Asked
from doctor.probes.network.proxies import place_of, proxy_for, read
from doctor.probes.network.trust import blind_context, context_of, issuer_and_dates, system_bundle

SECONDS = 3.0  # for a name, for a connection, for the first byte
AGENT = {"User-Agent": "groundwork-doctor"}


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What to ask. The login of `url` and the token go to that host alone, and into no fact."""

    kind: str
    url: str
    name: str = ""
    source: str = ""
    method: str = "HEAD"
    bundle: str = ""  # certificates to trust; "" for no verification
    token: str = ""
    proxy: str | None = None  # instead of the one that the variables name
    body: int = 0  # bytes of the body that are wanted


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """The reply as a fact, and what else came with it."""

    reply: Reply
    skew: float | None = None
    certificate: Certificate | None = None
    headers: dict[str, str] = {}
    links: dict[str, str] = {}
    body: bytes = b""


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
            client(context, via) as session,
            session.stream(question.method, question.url, headers=_headers(question)) as response,
        ):
            body = _read(response, question.body)
            return _told(question, via, response, body, time.monotonic() - began)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        return _explained(question, via, host, error)


def client(context: ssl.SSLContext, via: str | None) -> httpx.Client:
    # The proxy was chosen already: httpx would make one for each variable, and stop at one that it cannot read.
    return httpx.Client(verify=context, proxy=via, trust_env=False, timeout=SECONDS, follow_redirects=False)


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
    return Said(reply=reply, skew=_skew(heads), headers=dict(heads), links=links, body=body)


def _skew(heads: httpx.Headers) -> float | None:
    """Seconds by which our clock is ahead of the server's. A cache repeats an old Date, and says how old."""
    try:
        date = parsedate_to_datetime(heads["Date"]).timestamp()
        return time.time() - date - float(heads.get("Age", "0"))
    except (KeyError, ValueError):
        return None


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
    return _failed(question, proxy_for(question.url), "late", "no answer in time")


def without_login(url: str) -> str:
    """An address as it may be shown. What follows a question mark may be a signature."""
    scheme, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path.partition('?')[0]}"


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


# --- a second look at a host whose certificate was refused: what does it present, and what time is it there? ---


def look_again(question: Question, via: str | None, host: str, reply: Reply) -> Said:
    """Without verification, and without anything of the person's."""
    parts = urlsplit(without_login(question.url))
    try:
        with (
            client(blind_context(), via) as session,
            session.stream("HEAD", f"{parts.scheme}://{parts.netloc}/", headers=AGENT) as response,
        ):
            raw = response.extensions["network_stream"].get_extra_info("ssl_object").getpeercert(True)
            seen, skew = certificate(host, raw, question.bundle, reply), _skew(response.headers)
    except (httpx.HTTPError, OSError, ValueError, IndexError) as error:
        return Said(reply=msgspec.structs.replace(reply, error=f"{reply.error} ({error})"))
    return Said(reply=reply, skew=skew, certificate=seen)


def intercepted(endpoint: str, bundle: str, public: str) -> Certificate | None:
    """What vouches for the Hub when the person's certificates do and the public ones do not."""
    if bundle == public or not endpoint.startswith("https://") or proxy_for(endpoint):
        return None
    if accepts(endpoint, public) or not accepts(endpoint, bundle):
        return None
    question = Question(kind="hub", url=endpoint, bundle=bundle)
    said = look_again(question, None, urlsplit(endpoint).hostname or "", silent_reply(question))
    return msgspec.structs.replace(said.certificate, trusted=True) if said.certificate else None


def certificate(host: str, raw: bytes, bundle: str, reply: Reply) -> Certificate:
    issuer, first, last = issuer_and_dates(raw)
    system = system_bundle()
    again = bool(system) and system != bundle and bool(reply.tls_code) and not reply.via
    return Certificate(
        host=host,
        issuer=issuer,
        not_before=first,
        not_after=last,
        seen_at=time.time(),
        by_system=again and accepts(reply.url, system),
    )


def accepts(url: str, bundle: str) -> bool:
    """Does a bundle verify what the host presents?"""
    parts = urlsplit(url)
    try:
        with (
            socket.create_connection((parts.hostname or "", parts.port or 443), SECONDS) as link,
            context_of(bundle).wrap_socket(link, server_hostname=parts.hostname),
        ):
            return True
    except OSError:
        return False
