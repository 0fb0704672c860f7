"""What is asked of a source of each kind, and how its answer is judged.

A login page, a parked domain and an error page with status 200 answer fast. So what comes is read: as the format that
it has to be, and by its hash where that is known and the object came whole.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
import zlib
from collections.abc import Callable
from urllib.parse import unquote, urljoin, urlsplit

import msgspec

from doctor.goal import Goal
from doctor.goal.lockfile import hashes, lock_path, pins
from doctor.goal.profile import ModelWant
from doctor.mirrors.table import Kind, Source, installers, python_build_file
from doctor.mirrors.tape import Check, Lacks, Page, Tape, Wrong
from doctor.text import human_bytes

KNOWN = ("openai-community/gpt2", "main")  # asked of where no model is wanted
# Of the lock: one file for every Python, large enough to tell fast from slow; the last is small.
WITNESSES = ("pygments", "setuptools", "certifi")
LISTS_NOT = "does not list"  # begins what is said of a source that answers, and has not what is looked for
SMALL = 1_000_000  # bytes: a page or a model's config.json


class Build(msgspec.Struct, frozen=True):
    """The build of torch that is looked for."""

    version: str
    variant: str = "cpu"  # empty for what a package index offers by default

    @property
    def name(self) -> str:
        return f"{self.version}+{self.variant}" if self.variant else self.version


def sample_url(source: Source, goal: Goal) -> str:
    """A small thing that a working source of this kind must have."""
    if source.kind == "conda_installer":
        pinned = installers(platform.machine())
        return source.url.format(file=pinned[0].file) if pinned else source.url
    if source.kind == "conda_channel":
        return f"{source.url.rstrip('/')}/noarch/repodata.json"
    if source.kind == "package_index":
        return f"{source.url.rstrip('/')}/{WITNESSES[-1]}/"
    if source.kind == "python_build":
        return f"{source.url.rstrip('/')}/{python_build_file(goal.python, platform.machine()) or ''}"
    if source.kind == "hub":
        model, revision = model_of(goal)
        return f"{source.url.rstrip('/')}/{model}/resolve/{revision}/config.json"
    return source.url


def take(tape: Tape, source: Source, goal: Goal, build: Build | None) -> None:
    """Measure one source. Raises Wrong where it is no source of its kind."""
    if source.kind == "torch_index":
        torch_index(tape, source, goal, build or Build(goal.profile.torch.version))
    else:
        OTHERS[source.kind](tape, source, goal)


# --- the Hub -----------------------------------------------------------------------------------------


def hub(tape: Tape, source: Source, goal: Goal) -> None:
    """The configuration of a wanted model, as a Hub sends it, and then its weights."""
    base, (model, revision) = source.url.rstrip("/"), model_of(goal)
    try:
        page = tape.get(sample_url(source, goal), is_json, SMALL)
    except Lacks:
        if goal.endpoint:  # one of the person's own need not have what the course begins with
            return
        raise
    commit = page.headers.get("X-Repo-Commit", "")
    if not commit:
        raise Wrong("not a Hub's answer: no X-Repo-Commit")
    if re.fullmatch(r"[0-9a-f]{40}", revision) and commit != revision:
        raise Wrong(f"another commit: {commit[:12]}")
    want = next((one for one in goal.models if one.id == model), None)
    if want is not None and "config.json" in want.sha256:
        same_bytes(page, {want.sha256["config.json"]})
    weights = weights_of(want)
    if weights.endswith((".safetensors", ".bin")):  # a person may want the small files alone
        tape.get(f"{base}/{model}/resolve/{revision}/{weights}", is_weights)


def model_of(goal: Goal) -> tuple[str, str]:
    """The model that is asked for: one with weights in one file."""
    configured = [want for want in goal.models if "config.json" in want.files]
    with_weights = [want for want in configured if "model.safetensors" in want.files]
    first = next(iter([*with_weights, *configured]), None)
    return (first.id, first.revision) if first else KNOWN


def weights_of(want: ModelWant | None) -> str:
    if want is None or "model.safetensors" in want.files:
        return "model.safetensors"
    return max(
        want.files, key=lambda name: (want.sizes.get(name, 0), name.endswith((".safetensors", ".bin")))
    )


def is_json(head: bytes, whole: bool) -> None:
    not_a_page(head)
    try:
        if whole and not isinstance(json.loads(head), dict):
            raise Wrong("its config.json is no object")
    except ValueError as error:
        raise Wrong("its config.json is no JSON") from error


def is_weights(head: bytes, whole: bool) -> None:
    """A safetensors file begins with the length of its header, and then the header."""
    not_a_page(head)
    length = int.from_bytes(head[:8], "little")
    if not head or ((head[8:9] != b"{" or length > 100_000_000) and head[:2] not in (b"PK", b"\x80\x02")):
        raise Wrong(f"not weights: begins with {shown(head)}")


# --- conda -------------------------------------------------------------------------------------------


def conda_installer(tape: Tape, source: Source, goal: Goal) -> None:
    pinned = next(iter(installers(platform.machine())), None)
    if pinned is None:
        raise Wrong(f"no installer is pinned for {platform.machine()}")
    page = tape.get(source.url.format(file=pinned.file), is_script)
    same_bytes(page, {pinned.sha256})


def is_script(head: bytes, whole: bool) -> None:
    not_a_page(head)
    if not head.startswith(b"#!"):
        raise Wrong(f"not an installer: begins with {shown(head)}")


def conda_channel(tape: Tape, source: Source, goal: Goal) -> None:
    """Its list of packages; some have it in the packed form alone."""
    url = sample_url(source, goal)
    try:
        tape.get(url, is_repodata)
    except Wrong as wrong:
        if str(wrong) != "HTTP 404":
            raise
        tape.get(f"{url}.zst", is_packed)


REPODATA = rb'\s*\{\s*("(info|packages|packages\.conda|removed|repodata_version|signatures)"\s*:|\})'


def is_repodata(head: bytes, whole: bool) -> None:
    not_a_page(head)
    if not re.match(REPODATA, head):
        raise Wrong(f"not a channel's repodata: begins with {shown(head)}")


def is_packed(head: bytes, whole: bool) -> None:
    if not head.startswith(b"\x28\xb5\x2f\xfd"):
        raise Wrong(f"not a channel's repodata: begins with {shown(head)}")


# --- Python itself -----------------------------------------------------------------------------------


def python_build(tape: Tape, source: Source, goal: Goal) -> None:
    """The very archive that the pinned uv would fetch. Its hash is uv's own affair, which checks it when it unpacks."""
    if python_build_file(goal.python, platform.machine()) is None:
        raise Wrong(f"no build of Python {goal.python} is known for {platform.machine()}")
    tape.get(sample_url(source, goal), is_python)


def is_python(head: bytes, whole: bool) -> None:
    """A gzip stream of a tar archive whose files are in python/."""
    not_a_page(head)
    try:
        start = zlib.decompressobj(wbits=31).decompress(head, 512)
    except zlib.error:
        start = b""
    if not start.startswith(b"python/"):
        raise Wrong(f"not a build of Python: begins with {shown(head)}")


# --- packages and torch ------------------------------------------------------------------------------


def package_index(tape: Tape, source: Source, goal: Goal) -> None:
    """A wheel that our lock pins by its hash, by the way that installers go."""
    name, version, allowed = witness(goal)
    page = tape.get(f"{source.url.rstrip('/')}/{name}/", is_listing, SMALL)
    file = re.compile(rf"{name}-{re.escape(version)}-.*\.whl$" if version else r"\.whl$", re.IGNORECASE)
    link = next((link for link in links_of(page) if file.search(name_in(link).replace("_", "-"))), None)
    if link is None:
        raise Wrong(f"does not list {name} {version}".strip())
    same_bytes(tape.get(link.partition("#")[0], is_wheel), set(allowed))


def witness(goal: Goal) -> tuple[str, str, frozenset[str]]:
    lock = lock_path(goal.profile.name, goal.python)
    locked = pins(lock, goal.python)
    name = next((name for name in (*WITNESSES, *locked) if name in locked), WITNESSES[-1])
    return name, locked.get(name, ""), hashes(lock, name)


def torch_index(tape: Tape, source: Source, goal: Goal, build: Build) -> None:
    """The wheel that this machine would get: from a project's page (PEP 503), or out of one flat folder."""
    base = source.url.format(variant=build.variant).rstrip("/")
    page = tape.get(f"{base}/" if source.flat else f"{base}/torch/", is_listing, SMALL * 4)
    links = links_of(page)
    link = next((link for link in links if fits(name_in(link), goal, build)), None)
    if link is None and not any(name_in(link).startswith("torch-") for link in links):
        raise Wrong("lists no torch at all (a login page of the network?)")
    if link is None:
        raise Wrong(f"{LISTS_NOT} torch {build.name} for Python {goal.python}")
    wheel = tape.get(link.partition("#")[0], is_wheel)
    stated = re.fullmatch(r"sha256=([0-9a-f]{64})", link.partition("#")[2])
    same_bytes(wheel, {stated[1]} if stated else set())


def fits(name: str, goal: Goal, build: Build) -> bool:
    """Is this file the wheel of the build, for this Python and processor?"""
    tag = f"cp{goal.python.replace('.', '')}"
    parts = name.removesuffix(".whl").split("-")
    return (
        len(parts) == 5
        and name.endswith(".whl")
        and (parts[0], parts[1]) == ("torch", build.name)
        and parts[2] in (tag, "py3")
        and (parts[3] in (tag, "none", "abi3"))
        and parts[4].endswith((platform.machine(), "any"))
    )


def is_listing(head: bytes, whole: bool) -> None:
    """A page of links (PEP 503), or the same as JSON (PEP 691)."""
    if whole and b"<a" not in head.lower() and not listed(head):
        raise Wrong("not an index: its page has no links")


class File(msgspec.Struct, frozen=True):
    url: str
    hashes: dict[str, str] = {}


class Listing(msgspec.Struct, frozen=True):
    files: tuple[File, ...]


def listed(body: bytes) -> tuple[str, ...]:
    """The addresses of a JSON page, each with its hash as a link has it; none where it is no such page."""
    try:
        files = msgspec.json.decode(body, type=Listing).files
    except ValueError:
        return ()
    return tuple(f"{one.url}#sha256={one.hashes.get('sha256', '')}" for one in files)


def is_wheel(head: bytes, whole: bool) -> None:
    not_a_page(head)
    if not head.startswith(b"PK\x03\x04"):
        raise Wrong(f"not a wheel: begins with {shown(head)}")


def links_of(page: Page) -> list[str]:
    """The addresses of a page, whole: an index may name another host."""
    from doctor.reading.links import Links

    found = listed(bytes(page.body)) or Links(page.body.decode("utf-8", "replace")).found
    return [urljoin(page.url, link) for link in found]


def name_in(link: str) -> str:
    return unquote(urlsplit(link).path).rpartition("/")[2]


# --- what all share ----------------------------------------------------------------------------------


def not_a_page(head: bytes) -> None:
    if not head:
        raise Wrong("sent nothing")
    if head[:200].lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        raise Wrong("sent a web page (a login page of the network?)")


def same_bytes(page: Page, allowed: set[str]) -> None:
    """By hash, where the object came whole and its hash is known."""
    got = hashlib.sha256(page.body).hexdigest()
    if page.whole and allowed and got not in allowed:
        raise Wrong(f"other bytes: {human_bytes(len(page.body))}, SHA-256 {got[:12]}…")


def shown(head: bytes) -> str:
    return repr(head[:16].decode("ascii", "replace"))


OTHERS: dict[Kind, Callable[[Tape, Source, Goal], None]] = {
    "hub": hub,
    "conda_installer": conda_installer,
    "conda_channel": conda_channel,
    "package_index": package_index,
    "python_build": python_build,
}
__all__ = ["Build", "Check", "sample_url", "take"]
