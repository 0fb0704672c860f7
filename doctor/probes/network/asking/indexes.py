"""Do the indexes that pip and uv are told to use answer, and is what they offer what our lock knows?

The witness is one small package of the lock whose version is a date: an index that does not list it is behind, and
one whose bytes have another hash is not to be trusted, nor is what stands before it.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urljoin, urlsplit

import msgspec

from doctor.facts.network import Index, Reply
from doctor.goal import Goal
from doctor.goal.lockfile import hashes, lock_path, pins
from doctor.probes.installers.pip import Setting, indexes, read_pip
from doctor.probes.network.asking.client import Names, ask, silent_reply
from doctor.probes.network.asking.question import SECONDS, Question, Said, without_login
from doctor.probes.network.asking.redirects import follow
from doctor.probes.network.told.proxies import with_scheme
from doctor.reading.links import Links
from doctor.reading.peek import is_there

Way = tuple[Index, Callable[[], tuple[Index, Said]]]
ASKED = 6  # indexes at most
WITNESS = "certifi"
UV_LOGIN = re.compile(r"UV_INDEX_\w+_(USERNAME|PASSWORD)\Z")
ENDS = ("/+simple/", "/simple/")
SIMPLE = re.compile(r"/\+?simple/?\Z")
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
    login: Literal["none", "address", "elsewhere"] = "elsewhere" if _has_logins() else "none"
    return Index(
        url=url,
        setting=setting.key,
        source=setting.source,
        extra=extra,
        reply=reply,
        login="address" if "@" in urlsplit(setting.value).netloc else login,
    )


def _has_logins(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether pip or uv may find a login that is not in the address: a netrc file, a keyring, variables."""
    places = (environ.get("NETRC", ""), "~/.netrc", "~/_netrc")
    kept = any(place and is_there(Path(place).expanduser()) for place in places)
    return kept or shutil.which("keyring") is not None or any(UV_LOGIN.match(name) for name in environ)


def ask_index(goal: Goal, index: Index, question: Question, names: Names) -> tuple[Index, Said]:
    said = follow(question, ask(question, names), names)
    index = msgspec.structs.replace(index, reply=said.reply)
    if said.reply.status in (401, 403, 404, 410):
        return msgspec.structs.replace(index, whole=whole_address(question, names)), said
    judged = said.reply.status == 200 and not index.extra and len(said.body) < PAGE
    return (weigh(goal, index, question, said.body, names) if judged else index), said


def whole_address(question: Question, names: Names) -> str:
    """The address with the end that its kind of server needs (devpi: +simple), where an index answers there; else ""."""
    base = question.url.removesuffix(f"/{WITNESS}/")
    for end in () if SIMPLE.search(base) else ENDS:
        if time.monotonic() > names.until - SECONDS:
            return ""
        said = ask(msgspec.structs.replace(question, url=f"{base}{end}{WITNESS}/", body=PAGE), names)
        links = Links(said.body.decode("utf-8", "replace")).found
        if said.reply.status == 200 and any(f"{WITNESS}-" in link for link in links):
            return without_login(f"{base}{end}")
    return ""


def weigh(goal: Goal, index: Index, question: Question, page: bytes, names: Names) -> Index:
    """Is the locked version of the witness listed, and are its bytes what the lock says?"""
    version = pins(lock_path(goal.profile.name, goal.python), goal.python).get(WITNESS)
    links = Links(page.decode("utf-8", "replace")).found
    if not any(f"{WITNESS}-" in link for link in links):
        return msgspec.structs.replace(index, not_an_index=True)
    if version is None:
        return index
    file = re.compile(rf"{WITNESS}-{re.escape(version)}-py3-none-any\.whl$")
    wheel = next((link for link in links if file.search(unquote(link.partition("#")[0]))), None)
    known = msgspec.structs.replace(index, listed=wheel is not None, witness=f"{WITNESS}=={version}")
    if wheel is None:
        return known
    files, mismatch = file_of(goal, question, wheel, names)
    return msgspec.structs.replace(known, files=files, mismatch=mismatch)


def file_of(goal: Goal, question: Question, wheel: str, names: Names) -> tuple[str, str]:
    """Why the wheel does not come, and how it differs from every hash that the lock allows; "" where nothing is wrong."""
    allowed = hashes(lock_path(goal.profile.name, goal.python), WITNESS)
    url = urljoin(question.url, wheel.partition("#")[0])
    said = ask(msgspec.structs.replace(question, url=url, body=WHEEL), names)
    if said.reply.stage != "answered" or said.reply.status >= 400:
        return f"{without_login(url).rpartition('/')[0]}: {said.reply.said}", ""
    got = hashlib.sha256(said.body).hexdigest()
    length = said.headers.get("content-length", "")
    whole = said.reply.status == 200 and length == str(len(said.body))
    other = whole and bool(allowed) and got not in allowed
    return "", f"sha256 {got[:12]}…, {len(said.body)} bytes" if other else ""
