"""The Hub's variables for processes of the environment, read here and recorded by bootstrap/hub/choice.py; the person's token."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from doctor.goal import Goal
from doctor.near import one_slip
from doctor.reading.peek import peek, peek_text

OFFICIAL = "https://huggingface.co"
HOSTS = ("huggingface.co", "hf-mirror.com")  # that people type
# What guides and other programs call HF_ENDPOINT; huggingface_hub reads none of them.
OTHER_NAMES = (
    "HF_HUB_ENDPOINT", "HUGGINGFACE_ENDPOINT", "HUGGINGFACE_HUB_ENDPOINT", "HF_MIRROR", "HF_ENDPOINT_URL",
)  # fmt: skip


class HubChoice(msgspec.Struct, frozen=True):
    """What $GROUNDWORK_HOME/hub.json holds: the endpoint that the models step chose, None for the official one."""

    endpoint: str | None = None


def choice_path(goal: Goal) -> Path:
    return Path(goal.home) / "hub.json"


def recorded_endpoint(goal: Goal) -> str | None:
    """The endpoint that was chosen by measurement; None when none was, or when the file cannot be read."""
    try:
        return msgspec.json.decode(peek(choice_path(goal)) or b"", type=HubChoice).endpoint
    except ValueError:
        return None


def hub_environment(goal: Goal, recorded: str | None) -> dict[str, str]:
    """HF_HOME, and what a mirror needs. The person's endpoint wins over the recorded one.

    Xet is switched off with a mirror: its data hosts are not the mirror's, and a failure there is final. The person's
    token goes with every request, so to a mirror that they did not choose it is not sent unasked.
    """
    env = {"HF_HOME": goal.cache}
    endpoint = goal.endpoint or recorded
    if endpoint:
        env["HF_ENDPOINT"] = endpoint
    if endpoint and endpoint != OFFICIAL:
        env["HF_HUB_DISABLE_XET"] = "1"
    if recorded and recorded != OFFICIAL and not goal.endpoint:
        env["HF_HUB_DISABLE_IMPLICIT_TOKEN"] = "1"
    return env


def right_host(endpoint: str) -> str:
    """The host that an endpoint's is one slip away from; "" where it is another, or right."""
    host = endpoint.partition("://")[2].partition("/")[0].partition(":")[0].lower().rstrip(".")
    return "" if host in HOSTS else one_slip(host, HOSTS) or ""


def hub_cache_of(environ: Mapping[str, str]) -> Path:
    """Where huggingface_hub keeps models with these variables, and nothing else said. The newest name wins."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if environ.get(name):
            return Path(os.path.expandvars(environ[name])).expanduser()
    usual = Path(environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
    home = Path(os.path.expandvars(environ.get("HF_HOME") or str(usual)))
    return home.expanduser() / "hub"


def token(goal: Goal, environ: Mapping[str, str] = os.environ) -> tuple[str, str]:
    """The token that programs would send, and where it is kept. The variable wins over the file."""
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        if environ.get(name, "").strip():
            return environ[name].strip(), name
    path = Path(environ.get("HF_TOKEN_PATH") or f"{goal.cache}/token").expanduser()
    kept = peek_text(path, 400).strip()
    return kept, str(path) if kept else ""
