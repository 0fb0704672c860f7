"""What is asked of the Hub: the endpoint in use, the others, the token, gated models, and the hosts of Xet."""

from __future__ import annotations

import json
import time
from urllib.parse import urlsplit

import msgspec

from doctor.facts.network import Answer, Reply
from doctor.goal import Goal
from doctor.hub_env import OFFICIAL
from doctor.mirrors.samples import sample_url
from doctor.mirrors.table import Source, sources
from doctor.probes.hub import cached_models
from doctor.probes.network.asking.client import Names, ask
from doctor.probes.network.asking.question import Question, Said
from doctor.probes.network.asking.redirects import follow
from doctor.probes.network.told.proxies import proxy_for
from doctor.probes.network.told.settings import official

KNOWN = ("openai-community/gpt2", "main")  # asked of where no model is wanted
CAS = "https://cas-server.xethub.hf.co"
ASKED = 12  # models at most
WHO = 100_000  # bytes of what the Hub says of the token
NO_FILES = (
    "inference.",
    "user.",
    "discussion.",
    "post.",
    "job.",
)  # rights to write that no repository is written to with
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def model_question(goal: Goal, url: str, bundle: str) -> Question:
    sample = Source(kind="hub", name="", url=url)
    known = f"{url}/{KNOWN[0]}/resolve/{KNOWN[1]}/config.json"
    asked = known if goal.foreign or not goal.models else sample_url(sample, goal)
    return Question(kind="hub", url=asked, bundle=bundle)


def ask_endpoint(question: Question, names: Names) -> Said:
    """A server error is asked about twice: one alone passes."""
    said = ask(question, names)
    if said.reply.status >= 500:
        time.sleep(0.3)
        said = ask(question, names)
    if 300 <= said.reply.status < 400 and not said.reply.from_hub:  # a Hub's own redirect leads to its files
        end = follow(question, said, names, at_home=True)  # elsewhere the client does not follow
        return end if end.reply.circle else said
    return said


def others(goal: Goal, endpoint: str) -> list[Source]:
    """The sources of models that are not in use."""
    plain = msgspec.structs.replace(goal, endpoint=None)
    return [source for source in sources("hub", plain) if source.url.rstrip("/") != endpoint.rstrip("/")]


def answer_of(source: Source, reply: Reply) -> Answer:
    """A source that answers without being a Hub does not count as answering."""
    good = reply.from_hub and reply.status < 400
    error = None if good else reply.said if reply.status >= 400 or reply.error else "not a Hub's answer"
    return Answer(
        kind=source.kind,
        name=source.name,
        url=source.url,
        seconds=reply.seconds if good else None,
        error=error,
    )


# --- the token ---------------------------------------------------------------------------------------


def may_have_token(url: str) -> bool:
    """Only the official Hub over TLS, or a program on this machine to which no proxy leads."""
    parts = urlsplit(url)
    if f"{parts.scheme}://{parts.netloc}" == OFFICIAL:
        return True
    return parts.hostname in LOOPBACK and proxy_for(url) is None


def token_question(goal: Goal, secret: str, source: str, bundle: str) -> Question | None:
    """Nothing is asked with what no header can hold, nor of who may not have it."""
    url = f"{official(goal)}/api/whoami-v2"
    if not secret or not secret.isascii() or not secret.isprintable() or not may_have_token(url):
        return None
    return Question(
        kind="whoami", url=url, source=source, bundle=bundle, token=secret, method="GET", body=WHO
    )


def role_of(said: Said) -> str:
    """What the token may do: "read", "write" or "fineGrained"; of the last, "read" where it may write to nothing."""
    role, rights = token_of(said)
    if rights is not None and not any(
        one.endswith(".write") and not one.startswith(NO_FILES) for one in rights
    ):
        return "read"
    return role


def token_of(said: Said) -> tuple[str, tuple[str, ...] | None]:
    """The role of the token; of a fine-grained one what it may do, as the Hub names its rights."""
    try:
        token = json.loads(said.body)["auth"]["accessToken"]
        role, fine = str(token["role"]), token.get("fineGrained") or {}
        scoped = [str(one) for scope in fine.get("scoped") or () for one in scope.get("permissions") or ()]
        rights = dict.fromkeys([*scoped, *map(str, fine.get("global") or ())])
    except (ValueError, TypeError, KeyError, AttributeError):
        return "", None
    return role, tuple(rights) if role == "fineGrained" else None


def gate_questions(goal: Goal, endpoint: str, secret: str, bundle: str) -> list[Question]:
    """The wanted models that are still to fetch: may this person have them?"""
    if goal.foreign:
        return []
    absent = {model.id for model in cached_models(goal) if model.state != "complete"}
    missing = [model for model in goal.models if model.id in absent]
    shown = secret if secret.isascii() and secret.isprintable() and may_have_token(endpoint) else ""
    return [
        Question(
            kind="model",
            url=f"{endpoint}/{model.id}/resolve/{model.revision}/config.json",
            name=model.id,
            bundle=bundle,
            token=shown,
        )
        for model in missing[:ASKED]
    ]


# --- Xet: large files come from other hosts, which no mirror stands in for ---------------------------


ITSELF = Reply(kind="xet", url="", stage="answered")  # no other host is needed


def ask_xet(goal: Goal, endpoint: str, bundle: str, names: Names) -> Reply | None:
    """The host that holds large files, when the endpoint says that there is one."""
    head = ask(Question(kind="xet", url=large_file(goal, endpoint), bundle=bundle), names)
    if head.reply.stage != "answered" or head.reply.status >= 400:
        return None
    if "x-xet-hash" not in head.headers:
        return ITSELF
    route = head.links.get("xet-auth") or head.headers.get("x-xet-refresh-route", "")
    host = cas_host(route.replace(OFFICIAL, endpoint, 1), endpoint, bundle, names)
    return ask(Question(kind="xet", url=host, bundle=bundle), names).reply


def large_file(goal: Goal, endpoint: str) -> str:
    weights = [m for m in goal.models if "model.safetensors" in m.files and not goal.foreign]
    model, revision = (weights[0].id, weights[0].revision) if weights else KNOWN
    return f"{endpoint}/{model}/resolve/{revision}/model.safetensors"


def cas_host(route: str, endpoint: str, bundle: str, names: Names) -> str:
    """Asked of the endpoint, as the client does. Its answer also holds a short-lived key, which is dropped here."""
    if not route.startswith(f"{endpoint}/"):
        return CAS
    said = ask(Question(kind="xet", url=route, method="GET", bundle=bundle, body=4096), names)
    named = said.headers.get("x-xet-cas-url") or _cas_in(said.body)
    return named if named.startswith(("http://", "https://")) else CAS


def _cas_in(body: bytes) -> str:
    try:
        return str(json.loads(body).get("casUrl", ""))
    except (ValueError, AttributeError):
        return ""
