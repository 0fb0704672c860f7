"""What steers the Hugging Face client in the person's shell: variables, where they were set, which place wins."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from doctor.facts.hub import CachePlace, EndpointShape, Variable
from doctor.goal import Goal
from doctor.hub_env import OTHER_NAMES, right_host
from doctor.probes.listing import names_in
from doctor.reading import startup

NAMES = (
    "HF_ENDPOINT",
    "HF_HOME",
    "HF_HUB_CACHE",
    "HUGGINGFACE_HUB_CACHE",
    "TRANSFORMERS_CACHE",
    "PYTORCH_TRANSFORMERS_CACHE",
    "HF_HUB_OFFLINE",
    "TRANSFORMERS_OFFLINE",
    "HF_DATASETS_OFFLINE",
    "HF_HUB_DISABLE_XET",
    "HF_HUB_ENABLE_HF_TRANSFER",
    "HF_TOKEN_PATH",
    "HF_HUB_DOWNLOAD_TIMEOUT",
    "HF_HUB_ETAG_TIMEOUT",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN",
    "HF_HUB_DISABLE_TELEMETRY",
    "HF_HUB_DISABLE_PROGRESS_BARS",
    "HF_HUB_DISABLE_SYMLINKS_WARNING",
)
# What is copied from a browser's address, or a link of some guide: a page of the site. A company's own Hub may lie below a path.
PAGE = (
    r"https?://(?:(?:www\.)?huggingface\.co|hf\.co|hf-mirror\.com)/+[^/\s]"
    r"|https?://[^#]+#"
    r"|https?://[^/]+/+(?:models|datasets|spaces|docs|api)/*(?:[?#]|$)"
)
PLAIN_HTTP = (
    r"http://(?:(?:www\.)?huggingface\.co|hf\.co|hf-mirror\.com)(?:[:/]|\Z)"  # they answer with a redirect
)
RESEMBLES = 0.86  # one slip away from the right name
QUOTES = "\"'`“”‘’"
MANY = 500  # repositories counted in one place


def endpoint_shape(value: str | None) -> EndpointShape:
    """How HF_ENDPOINT is written. A slash at the end is no fault: the client takes it off."""
    if value is None:
        return "unset"
    if not value.strip():
        return "empty"
    if value.strip()[0] in QUOTES or value.strip()[-1] in QUOTES:
        return "quoted"
    if re.match(r"\w+://[^/\s]*@", value):
        return "password"
    if not value.isascii() or not re.fullmatch(r"https?://[^/\s,;]+(/\S*)?", value):
        return "no-scheme"
    if re.match(PLAIN_HTTP, value):
        return "plain-http"
    if re.match(PAGE, value):
        return "page"
    return "host" if right_host(value) else "fine"


def variables(environ: Mapping[str, str]) -> tuple[Variable, ...]:
    """Those that are set, and the start-up files that set them."""
    present = [name for name in NAMES if name in environ]
    lines = startup_lines(tuple(present)) if present else {}
    return tuple(
        Variable(name=name, value=without_password(environ[name]), files=tuple(lines.get(name, ())))
        for name in present
    )


def misspelt(environ: Mapping[str, str]) -> tuple[Variable, ...]:
    """Variables with an address, meant as HF_ENDPOINT where that is not set. Nobody reads them."""
    if "HF_ENDPOINT" in environ:
        return ()
    names = [n for n, v in environ.items() if n[:2] in ("HF", "hf", "HU", "Hf") and v.startswith("http")]
    wrong = [name for name in names if name in OTHER_NAMES or _resembles(name)]
    lines = startup_lines(tuple(wrong)) if wrong else {}
    return tuple(
        Variable(name=name, value=without_password(environ[name]), files=tuple(lines.get(name, ())))
        for name in wrong
    )


def _resembles(name: str) -> bool:
    from doctor.near import nearest  # only where there is such a variable

    return bool(nearest(name.upper(), ("HF_ENDPOINT",), cutoff=RESEMBLES))


def without_password(value: str) -> str:
    return re.sub(r"(\w+://)?[^/\s@]*:[^/\s@]*@|(?<=://)[^/\s@]*@", lambda m: f"{m[1] or ''}***@", value)


def startup_lines(names: tuple[str, ...]) -> dict[str, list[str]]:
    """Where the shell's start-up files set these names, as FILE:LINE. The values are not read."""
    setting = re.compile(rf"^\s*(?:export\s+|declare\s+-x\s+)?({'|'.join(names)})=")
    found: dict[str, list[str]] = {}
    for place, line in startup.lines(startup_files()):
        if match := setting.match(line):
            found.setdefault(match[1], []).append(place)
    return found


def startup_files() -> list[tuple[str, Path]]:
    return [*startup.of_home(os.environ.get("HOME", "/")), *startup.of_system()]


def hub_cache(goal: Goal, environ: Mapping[str, str]) -> Path:
    """Where models are for the processes that are judged: the person's own, or those of our environment."""
    return effective(goal, environ)[1] if goal.foreign else Path(goal.cache) / "hub"


def effective(goal: Goal, environ: Mapping[str, str]) -> tuple[str, Path]:
    """The variable that decides where huggingface_hub keeps models, and the place. The newest name wins."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if environ.get(name):
            return name, _plain(environ[name])
    return "HF_HOME", Path(goal.cache) / "hub"


def places(goal: Goal, environ: Mapping[str, str]) -> tuple[CachePlace, ...]:
    """The place that wins, then the others that some variable names or that hold models all the same."""
    first = effective(goal, environ)
    named = [("HF_HOME", Path(goal.cache) / "hub")]
    named += [(n, _plain(environ[n])) for n in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE") if environ.get(n)]
    rest = [(name, path) for name, path in named if not same(path, first[1])]
    return tuple(CachePlace(variable=n, path=str(p), models=count_models(p)) for n, p in (first, *rest))


def transformers_place(goal: Goal, environ: Mapping[str, str]) -> str | None:
    """Where transformers 4 looks for models, when an old variable sends it elsewhere than huggingface_hub."""
    for name in ("TRANSFORMERS_CACHE", "PYTORCH_TRANSFORMERS_CACHE"):
        if environ.get(name):
            path = _plain(environ[name])
            return None if same(path, effective(goal, environ)[1]) else str(path)
    return None


def same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def count_models(folder: Path) -> int:
    return sum(1 for name in names_in(folder)[:MANY] if name.startswith("models--"))


def _plain(value: str) -> Path:
    """As huggingface_hub takes it: variables and ~ in it are filled in."""
    return Path(os.path.expandvars(value)).expanduser().absolute()
