"""Names of the Hub's variables that are written with a slip, or that other programs use: the client reads none of them."""

from __future__ import annotations

from collections.abc import Mapping

from doctor.facts.hub import Slip
from doctor.hub_env import OTHER_NAMES
from doctor.near import one_slip
from doctor.probes.hub.settings import startup_lines

WEIGHTY = (
    "HF_HOME", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE", "HF_DATASETS_CACHE",
    "HF_HUB_DISABLE_XET", "HF_HUB_ENABLE_HF_TRANSFER", "HF_TOKEN", "HF_TOKEN_PATH", "HF_HUB_DOWNLOAD_TIMEOUT",
    "HF_HUB_ETAG_TIMEOUT", "HF_HUB_DISABLE_IMPLICIT_TOKEN",
)  # fmt: skip
# What guides, other programs and older releases say.
OTHERS = {
    "HF_CACHE": "HF_HUB_CACHE", "HF_CACHE_DIR": "HF_HUB_CACHE", "HF_CACHE_HOME": "HF_HOME", "HF_HUB_HOME": "HF_HOME",
    "HUGGINGFACE_HOME": "HF_HOME", "HUGGINGFACE_CACHE": "HF_HUB_CACHE", "HUGGING_FACE_HUB_CACHE": "HF_HUB_CACHE",
    "HF_OFFLINE": "HF_HUB_OFFLINE", "HUGGINGFACE_OFFLINE": "HF_HUB_OFFLINE", "HF_TRANSFER": "HF_HUB_ENABLE_HF_TRANSFER",
    "HF_ENABLE_HF_TRANSFER": "HF_HUB_ENABLE_HF_TRANSFER", "HF_DISABLE_XET": "HF_HUB_DISABLE_XET",
    "HF_XET_DISABLE": "HF_HUB_DISABLE_XET", "HF_HUB_TIMEOUT": "HF_HUB_DOWNLOAD_TIMEOUT",
    "HF_TIMEOUT": "HF_HUB_DOWNLOAD_TIMEOUT", "HF_DOWNLOAD_TIMEOUT": "HF_HUB_DOWNLOAD_TIMEOUT",
    "HF_HUB_TOKEN": "HF_TOKEN", "HUGGINGFACE_TOKEN": "HF_TOKEN", "HUGGINGFACE_HUB_TOKEN": "HF_TOKEN",
    "HF_API_TOKEN": "HF_TOKEN", "HF_API_KEY": "HF_TOKEN", "HUGGINGFACE_API_KEY": "HF_TOKEN",
    "HUGGINGFACEHUB_API_TOKEN": "HF_TOKEN", "HF_ACCESS_TOKEN": "HF_TOKEN",
}  # fmt: skip
BEGIN = ("HF_", "HUGGING", "TRANSFORMER", "hf_", "Hf_")
OLDER = {"HF_TOKEN": "HUGGING_FACE_HUB_TOKEN", "HF_HUB_CACHE": "HUGGINGFACE_HUB_CACHE"}  # read as well


def slips(environ: Mapping[str, str]) -> tuple[Slip, ...]:
    """Each with the name that was meant, where that is not set itself. Values are not kept: one may be a token."""
    found = [(name, *_meant(name)) for name in environ if name.startswith(BEGIN)]
    lost = [one for one in found if one[1] and not _is_set(one[1], environ)]
    lines = startup_lines(tuple(name for name, _, _ in lost)) if lost else {}
    return tuple(
        Slip(name=name, meant=meant, of_others=other, files=tuple(lines.get(name, ())))
        for name, meant, other in lost
    )


def _meant(name: str) -> tuple[str, bool]:
    """The right name, and whether this one may be meant for another program."""
    upper = name.upper()
    if name in WEIGHTY or name in OLDER.values() or upper in OTHER_NAMES:
        return "", False
    right = upper if upper in WEIGHTY else OTHERS.get(name) or one_slip(upper, WEIGHTY) or ""
    return right, name in OTHERS or right == "HF_TOKEN"


def _is_set(name: str, environ: Mapping[str, str]) -> bool:
    return name in environ or OLDER.get(name, name) in environ
