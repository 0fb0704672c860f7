"""Repositories that a person names (ORG/NAME[@REVISION]), made into the same wish as a manifest's entry."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import msgspec

from bootstrap.hub.gate import gate_hint
from bootstrap.hub.job import Endpoint
from bootstrap.hub.link import Broke, Gated, Refused, Resting, check_status, send
from bootstrap.hub.listing import Offer, content, listing
from doctor.errors import Exit, Trouble, bad_input
from doctor.goal.profile import ModelWant
from doctor.text import Text, human_bytes

NAME = re.compile(r"(?P<id>[\w.-]+(?:/[\w.-]+)?)(?:@(?P<revision>[^@\s]+))?")
SILENCE = 20.0  # seconds
UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


class Choice(msgspec.Struct, frozen=True):
    """Which files of a repository, and how much of them at most."""

    include: tuple[str, ...] = ()  # patterns as in the shell; all when empty
    exclude: tuple[str, ...] = ()
    largest: int | None = None  # bytes of one repository


def parse_name(text: str) -> tuple[str, str]:
    """The repository and its revision. Raises Trouble (exit 2)."""
    found = NAME.fullmatch(text)
    if not found or ".." in text:
        raise bad_input(
            f"{text!r} names no repository: ORG/NAME or ORG/NAME@REVISION",
            f"{text!r} 不是仓库名：应为 ORG/NAME 或 ORG/NAME@版本",
        )
    return found["id"], found["revision"] or "main"


def parse_size(text: str) -> int:
    """Bytes of "10GB", "500 MB" or a number. Raises Trouble (exit 2)."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)B?", text.strip().upper())
    if not found:
        raise bad_input(
            f"--max-size {text!r} is no size; such as 10GB", f"--max-size {text!r} 不是大小；例如 10GB"
        )
    return int(float(found[1]) * UNITS[found[2]])


def want(name: str, choice: Choice, endpoints: Sequence[Endpoint], token: str | None) -> ModelWant:
    """Ask the endpoints in turn what the repository is. Raises Trouble: 4 gated or too large, 5 nobody has it, 2 no such file."""
    repo, revision = parse_name(name)
    said: dict[str, Exception] = {}
    for endpoint in endpoints:
        try:
            return _chosen(
                repo, revision, choice, *_ask(endpoint, repo, revision, token if endpoint.token else None)
            )
        except (Refused, Broke, Resting) as error:
            said[endpoint.name] = error
    raise _nobody(name, repo, said)


def _ask(endpoint: Endpoint, repo: str, revision: str, token: str | None) -> tuple[str, tuple[Offer, ...]]:
    """The full commit that the revision means, and the files there."""
    url = f"{endpoint.url.rstrip('/')}/api/models/{repo}/revision/{quote(revision, safe='')}"
    reply = send("GET", url, token, {}, SILENCE)
    check_status(reply)
    try:
        commit = msgspec.json.decode(content(reply), type=dict)["sha"]
    except (ValueError, KeyError) as error:
        raise Refused("answers with something that is no description of a model") from error
    files = listing(endpoint, repo, commit, token, SILENCE)
    if files is None:
        raise Refused("does not list the files of a repository")
    return commit, files


def _chosen(repo: str, revision: str, choice: Choice, commit: str, files: tuple[Offer, ...]) -> ModelWant:
    taken = [one for one in files if _wanted(one.name, choice)]
    if not taken:
        names = ", ".join(one.name for one in files[:8])
        raise bad_input(f"{repo}: no file fits; it has {names}", f"{repo}：没有符合的文件；仓库中有 {names}")
    size = sum(one.size for one in taken)
    if choice.largest is not None and size > choice.largest:
        raise _too_large(repo, size, choice.largest)
    return ModelWant(
        id=repo,
        revision=commit,
        files=tuple(one.name for one in taken),
        bytes=size,
        licence="none stated",
        sizes={one.name: one.size for one in taken},
        sha256={one.name: one.hash for one in taken if len(one.hash) == 64},
        refs=() if revision == commit else (revision,),
    )


def _wanted(name: str, choice: Choice) -> bool:
    def fits(patterns: tuple[str, ...]) -> bool:
        return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)

    return (not choice.include or fits(choice.include)) and not fits(choice.exclude)


def _too_large(repo: str, size: int, largest: int) -> Trouble:
    return Trouble(
        Text(
            f"{repo}: {human_bytes(size)}, more than --max-size {human_bytes(largest)}",
            f"{repo}：{human_bytes(size)}，超过 --max-size {human_bytes(largest)}",
        ),
        Exit.PERSON,
        Text(
            "take less of it, such as --include '*.safetensors' --include '*.json', or raise --max-size",
            "少取一些，例如 --include '*.safetensors' --include '*.json'，或提高 --max-size",
        ),
    )


def _nobody(name: str, repo: str, said: dict[str, Exception]) -> Trouble:
    why = "; ".join(f"{endpoint}: {error}" for endpoint, error in said.items()) or "-"
    message = Text(f"{name} cannot be had ({why})", f"无法获取 {name}（{why}）")
    if any(isinstance(error, Gated) for error in said.values()):
        return Trouble(message, Exit.PERSON, gate_hint(repo))
    gone = said and all(isinstance(error, Refused) for error in said.values())
    return Trouble(message, Exit.USAGE if gone else Exit.NETWORK)


def names_or_folders(names: Sequence[str], wants: Sequence[ModelWant]) -> list[str]:
    """The repositories whose cache is to be checked: those named, else those of the profile."""
    return [parse_name(name)[0] for name in names] or [one.id for one in wants]


def cached_blobs(repo_folder: Path) -> list[Path]:
    """The whole files of a cached repository, named by their hash."""
    blobs = sorted((repo_folder / "blobs").glob("*"))
    return [path for path in blobs if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", path.name)]
