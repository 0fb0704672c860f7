"""The way to the network, and which sources answer: everything is asked at once, and ends by a deadline."""

from __future__ import annotations

import time
from pathlib import Path

from doctor.facts.network import Network
from doctor.goal import Goal
from doctor.goal.target import site_packages
from doctor.probes.installers.pip import read_pip
from doctor.probes.network.told.settings import endpoint_of, settings, unasked
from doctor.probes.network.trust import stores

BUDGET = 4.5  # seconds for all that is asked; what has not answered by then is late


def probe(goal: Goal) -> Network:
    return unasked(goal) if goal.offline else asked(goal)


def asked(goal: Goal) -> Network:
    from doctor.probes.network.asking.client import Names
    from doctor.probes.network.asking.rounds import Desk, ask_all

    until = time.monotonic() + BUDGET
    endpoint, source = endpoint_of(goal)
    site = site_packages(goal)
    desk = Desk(
        goal=goal,
        endpoint=endpoint,
        hub_bundle=bundle_of_hub(site),
        pip_bundle=bundle_of_pip(goal, site),
        public_bundle=stores.certifi_bundle(site),
        names=Names(until),
        until=until,
    )
    return ask_all(desk, settings(goal, endpoint, source))


def bundle_of_hub(site: Path) -> str:
    """What huggingface_hub would trust: requests' variables before its release 1, httpx's since."""
    release = next((info.name.split("-")[1] for info in site.glob("huggingface_hub-*.dist-info")), "0")
    variables = stores.OF_REQUESTS if release.split(".")[0] == "0" else stores.OF_HTTPX
    return stores.first_usable(variables) or stores.certifi_bundle(site)


def bundle_of_pip(goal: Goal, site: Path) -> str:
    """pip's own setting, requests' variables, else the machine's certificates."""
    cert = read_pip(goal.prefix).get("cert")
    path = str(Path(cert.value).expanduser()) if cert else ""
    if path and not stores.fault_of(path):
        return path
    return stores.first_usable(stores.OF_REQUESTS) or stores.system_bundle() or stores.certifi_bundle(site)
