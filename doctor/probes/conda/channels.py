"""The channels that conda's settings name, and the addresses that conda makes of their names."""

from __future__ import annotations

import os
import re

from doctor.probes.conda.condarc import Condarc

MAIN = ("https://repo.anaconda.com/pkgs/main", "https://repo.anaconda.com/pkgs/r")  # what `defaults` means
ALIAS = "https://conda.anaconda.org"


def channels(condarc: Condarc) -> tuple[str, ...]:
    """The channels as they are named in the settings; `nodefaults` is no channel."""
    return tuple(name for name in condarc.strings("channels") if name and name != "nodefaults")


def urls(condarc: Condarc) -> tuple[str, ...]:
    """The addresses that the channels stand for, each once. Local folders are left out."""
    found = (url for name in channels(condarc) for url in expand(name, condarc))
    return tuple(dict.fromkeys(url for url in found if re.match(r"https?://", url)))


def expand(name: str, condarc: Condarc) -> tuple[str, ...]:
    """The addresses of one channel, as conda makes them of its name."""
    if "://" in name or name.startswith(("/", ".", "~")):
        return (name.rstrip("/"),)
    if name == "defaults":
        own = condarc.strings("default_channels")
        return tuple(url for word in own for url in expand(word, condarc)) if own else MAIN
    members = condarc.mapping("custom_multichannels").get(name)
    if isinstance(members, list):
        return tuple(url for word in members if word != name for url in expand(str(word), condarc))
    alias = str(condarc.settings.get("channel_alias") or ALIAS)
    first = name.split("/")[0]
    custom = condarc.mapping("custom_channels")
    home = (
        custom.get(name) or custom.get(first) or ("https://repo.anaconda.com" if first == "pkgs" else alias)
    )
    return (f"{os.path.expandvars(str(home)).rstrip('/')}/{name}",)


def shown(url: str) -> str:
    """An address without user, password and token, for facts and for people."""
    plain = re.sub(r"://[^/@\s]*@", "://", url)
    plain = re.sub(r"/t/[^/\s]+/", "/t/…/", plain)
    return plain.partition("?")[0]
