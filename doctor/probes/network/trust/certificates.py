"""A second look at a host whose certificate was refused: what does it present, and what time is it there?"""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

import httpx
import msgspec

from doctor.facts.network import Certificate, Reply
from doctor.probes.network.asking.question import (
    AGENT,
    SECONDS,
    Question,
    Said,
    session,
    skew_of,
    without_login,
)
from doctor.probes.network.told.proxies import proxy_for
from doctor.probes.network.trust.stores import blind_context, context_of, issuer_and_dates, system_bundle


def look_again(question: Question, via: str | None, host: str, reply: Reply) -> Said:
    """Without verification, and without anything of the person's."""
    parts = urlsplit(without_login(question.url))
    try:
        with (
            session(blind_context(), via) as asking,
            asking.stream("HEAD", f"{parts.scheme}://{parts.netloc}/", headers=AGENT) as response,
        ):
            raw = response.extensions["network_stream"].get_extra_info("ssl_object").getpeercert(True)
            seen, skew = certificate(host, raw, question.bundle, reply), skew_of(response.headers)
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
    reply = Reply(kind="hub", url=endpoint, stage="answered")
    said = look_again(question, None, urlsplit(endpoint).hostname or "", reply)
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
