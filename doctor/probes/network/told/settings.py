"""What files and variables tell of the way to the network by themselves. Nobody is asked, and no HTTP client is loaded."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from doctor.facts.network import Index, Network
from doctor.goal import Goal
from doctor.hub_env import OFFICIAL, recorded_endpoint
from doctor.mirrors.table import sources
from doctor.probes.installers.pip import indexes, read_pip
from doctor.probes.installers.pip_flaws import flaws
from doctor.probes.network.line import links, names
from doctor.probes.network.told import proxies, start_files
from doctor.probes.network.trust import stores
from doctor.reading.peek import is_file

FLAGS = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE")


def unasked(goal: Goal) -> Network:
    """All that can be known of the network without a request."""
    endpoint, source = endpoint_of(goal)
    return msgspec.structs.replace(
        settings(goal, endpoint, source),
        asked=False,
        proxies=(*proxies.proxies(), *proxies.pip_proxy(goal)),
        indexes=tuple(
            Index(url=proxies.without_login(one.value), setting=one.key, source=one.source, extra=extra)
            for one, extra in indexes(goal.prefix)
        ),
    )


def settings(goal: Goal, endpoint: str, source: str) -> Network:
    """What files and variables tell by themselves."""
    cert = read_pip(goal.prefix).get("cert")
    return Network(
        (),
        endpoint=endpoint,
        endpoint_source=source,
        official=official(goal) if source else endpoint,  # the table is not read twice for one answer
        unproxied=proxies.unproxied(),
        ca_files=stores.ca_files(
            (cert.source, cert.value) if cert else None,
            by_form=goal.offline and not goal.deep,  # else OpenSSL loads them anyway, or there is time for it
        ),
        routes=names.routes(),
        links=links.links(),
        docker=links.docker(),
        private_servers=links.private_servers(),
        shell_proxies=start_files.proxies_of_shells(),
        sudo=bool(os.environ.get("SUDO_USER")),
        system_certificates=stores.system_state(),
        name_servers=names.name_servers(),
        offline_flag=offline_flag(),
        via=proxies.place_of(via) if (via := proxies.proxy_for(endpoint)) else "",
        flaws=flaws(goal.prefix, folder=Path(goal.root_dir)),
        turbo=is_file(Path("/etc/network_turbo")),
    )


def official(goal: Goal) -> str:
    """Where programs go that were told nothing: the table's official source stands for it (and, in tests, on loopback)."""
    plain = msgspec.structs.replace(goal, endpoint=None, mirrors="auto")
    return next((source.url for source in sources("hub", plain) if source.official), OFFICIAL)


def endpoint_of(goal: Goal) -> tuple[str, str]:
    """The endpoint that programs would ask, and who said so ("" for the official one)."""
    if goal.endpoint:
        return goal.endpoint, "HF_ENDPOINT"
    chosen = None if goal.foreign else recorded_endpoint(goal)
    return (chosen, "setup") if chosen else (official(goal), "")


def offline_flag(environ: Mapping[str, str] = os.environ) -> str:
    set_to = {name: environ.get(name, "").upper() for name in FLAGS}
    return next((name for name, value in set_to.items() if value in ("1", "ON", "YES", "TRUE")), "")
