"""What conda's settings come to, and what was accepted of Anaconda's terms. No secret of theirs becomes a fact."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from doctor.facts import CondaProxy, CondaSettings, CondaTerms
from doctor.probes.conda.channels import channels, shown, urls
from doctor.probes.conda.condarc import Condarc
from doctor.reading.peek import peek

TERMS_HOSTS = ("repo.anaconda.com", "repo.anaconda.cloud")  # whose channels serve a terms.json
TERMS_PLACES = (  # conda_anaconda_tos/path.py: SEARCH_PATH
    "/etc/conda/tos",
    "/var/lib/conda/tos",
    "$CONDA_ROOT/conda-meta/tos",
    "$XDG_CONFIG_HOME/conda/tos",
    "~/.config/conda/tos",
    "~/.conda/tos",
    "$CONDA_PREFIX/conda-meta/tos",
)
HERE = ("127.0.0.1", "localhost", "::1")
YES = ("1", "true", "yes", "on", "y")


def settings(said: Condarc) -> CondaSettings:
    named = "channels" in said.settings
    return CondaSettings(
        asked=True,
        files=said.files,
        broken=said.broken,
        invalid=said.invalid,
        channels=tuple(map(shown, channels(said))) if named else None,
        priority=str(said.settings["channel_priority"]).lower()
        if said.settings.get("channel_priority")
        else None,
        offline=_yes(said.settings.get("offline")),
        classic_solver=str(said.settings.get("solver") or said.settings.get("experimental_solver"))
        == "classic",
        proxies=tuple(_proxies(said)),
        pins=said.strings("pinned_packages"),
        own_channels=(*said.mapping("custom_channels"), *said.mapping("custom_multichannels")),
        subdir=str(said.settings["subdir"]) if said.settings.get("subdir") else None,
    )


def _yes(value: object) -> bool:
    return value is True or str(value).lower() in YES


def _proxies(said: Condarc) -> Iterator[CondaProxy]:
    for scheme, value in said.mapping("proxy_servers").items():
        parts = urlsplit(str(value) if "://" in str(value) else f"http://{value}")
        try:
            host, port = parts.hostname, parts.port
        except ValueError:
            continue
        if host:
            yield CondaProxy(
                scheme=str(scheme)[:80].partition("@")[0],
                address=f"{host}:{port or 80}",
                error=_silent(host, port or 80) if host in HERE else None,
            )


def _silent(host: str, port: int) -> str | None:
    """Why a proxy on this machine does not answer. Asking leaves no trace outside, so it is done offline too."""
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError as error:
        return error.strerror or str(error)
    return None


def terms(said: Condarc, root: str | None, environ: Mapping[str, str]) -> CondaTerms:
    """The newest decision for each channel counts, whatever place it is kept in."""
    plugin = root and any(Path(root).glob("conda-meta/conda-anaconda-tos-*.json"))
    if not plugin:
        return CondaTerms()
    decided: dict[str, tuple[str, bool]] = {}
    for place in TERMS_PLACES:
        for url, version, accepted in _decisions(place, {**environ, "CONDA_ROOT": str(root)}):
            decided[url] = max(decided.get(url, ("", accepted)), (version, accepted))
    return CondaTerms(
        plugin=True,
        wanted=tuple(shown(url) for url in urls(said) if urlsplit(url).hostname in TERMS_HOSTS),
        accepted=tuple(shown(url) for url, (_, accepted) in decided.items() if accepted),
        rejected=tuple(shown(url) for url, (_, accepted) in decided.items() if not accepted),
        automatic=_automatic(said, environ),
    )


def _automatic(said: Condarc, environ: Mapping[str, str]) -> bool:
    names = ("CONDA_PLUGINS_AUTO_ACCEPT_TOS", "CI")
    in_files = said.mapping("plugins").get("auto_accept_tos")
    return _yes(in_files) or any(_yes(environ.get(name, "")) for name in names)


def _decisions(place: str, environ: Mapping[str, str]) -> Iterator[tuple[str, str, bool]]:
    """Channel, version of the terms, accepted: of every record below one place."""
    unset = re.match(r"\$(\w+)", place)
    if unset and not environ.get(unset.group(1)):
        return
    filled = re.sub(r"\$(\w+)", lambda found: environ[found.group(1)], place)
    for path in Path(filled).expanduser().glob("*/*.json"):
        record = _record(path)
        if isinstance(record.get("base_url"), str) and isinstance(record.get("tos_accepted"), bool):
            yield record["base_url"].rstrip("/"), str(record.get("version", "")), record["tos_accepted"]


def _record(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(peek(path) or b"{}")
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
