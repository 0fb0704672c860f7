"""Do the indexes that pip and uv are told to use answer, and is what they offer what our lock knows?

The witness is one small package of the lock whose version is a date: an index that does not list it is behind, and
one whose bytes have another hash is not to be trusted, nor is what stands before it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import partial
from html.parser import HTMLParser
from urllib.parse import unquote, urljoin

import msgspec

from doctor.facts.network import Index, Reply
from doctor.goal import Goal
from doctor.goal.lockfile import hashes, lock_path, pins
from doctor.probes.network.client import Names, ask, silent_reply
from doctor.probes.network.proxies import with_scheme
from doctor.probes.network.question import Question, Said, without_login
from doctor.probes.pip_config import Setting, indexes, read_pip

Way = tuple[Index, Callable[[], tuple[Index, Said]]]
ASKED = 6  # indexes at most
WITNESS = "certifi"
PAGE, WHEEL = 300_000, 400_000  # bytes at most


def questions(goal: Goal, bundle: str, names: Names) -> list[Way]:
    """One for each configured index, and what is known of it if it stays silent."""
    found: list[Way] = []
    proxy = read_pip(goal.prefix).get("proxy")
    for setting, extra in indexes(goal.prefix)[:ASKED]:
        question = question_of(setting, extra, bundle, with_scheme(proxy.value) if proxy else None)
        index = index_of(setting, extra, silent_reply(question))
        found.append((index, partial(ask_index, goal, index, question, names)))
    return found


def question_of(setting: Setting, extra: bool, bundle: str, proxy: str | None) -> Question:
    return Question(
        kind="extra_index" if extra else "index",
        url=f"{setting.value.rstrip('/')}/{WITNESS}/",
        name=setting.key,
        source=setting.source,
        bundle=bundle,
        proxy=proxy,
        method="GET",
        body=0 if extra else PAGE,
    )


def index_of(setting: Setting, extra: bool, reply: Reply) -> Index:
    url = without_login(setting.value)
    return Index(url=url, setting=setting.key, source=setting.source, extra=extra, reply=reply)


def ask_index(goal: Goal, index: Index, question: Question, names: Names) -> tuple[Index, Said]:
    said = ask(question, names)
    index = msgspec.structs.replace(index, reply=said.reply)
    judged = said.reply.status == 200 and not index.extra and len(said.body) < PAGE
    return (weigh(goal, index, question, said.body, names) if judged else index), said


class Links(HTMLParser):
    """The addresses of a page of PEP 503."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if tag == "a" and name == "href" and value]


def weigh(goal: Goal, index: Index, question: Question, page: bytes, names: Names) -> Index:
    """Is the locked version of the witness listed, and are its bytes what the lock says?"""
    version = pins(lock_path(goal.profile.name, goal.python), goal.python).get(WITNESS)
    links = Links(page.decode("utf-8", "replace")).found
    if version is None or not links:
        return index
    file = re.compile(rf"{WITNESS}-{re.escape(version)}-py3-none-any\.whl$")
    wheel = next((link for link in links if file.search(unquote(link.partition("#")[0]))), None)
    return msgspec.structs.replace(
        index,
        listed=wheel is not None,
        witness=f"{WITNESS}=={version}",
        mismatch=difference(goal, question, wheel, names) if wheel else "",
    )


def difference(goal: Goal, question: Question, wheel: str, names: Names) -> str:
    """How the wheel differs from every hash that the lock allows; "" when it does not, or did not come whole."""
    allowed = hashes(lock_path(goal.profile.name, goal.python), WITNESS)
    url = urljoin(question.url, wheel.partition("#")[0])
    said = ask(msgspec.structs.replace(question, url=url, body=WHEEL), names)
    got = hashlib.sha256(said.body).hexdigest()
    length = said.headers.get("content-length", "")
    whole = said.reply.status == 200 and length == str(len(said.body))
    return f"sha256 {got[:12]}…, {len(said.body)} bytes" if whole and allowed and got not in allowed else ""
