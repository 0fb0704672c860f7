"""The way to the network, and which sources answer: everything is asked at once, and ends by a deadline."""

from __future__ import annotations

import time
from pathlib import Path

from doctor.facts.network import Network
from doctor.goal import Goal
from doctor.goal.target import site_packages
from doctor.probes.installers.pip import read_pip
from doctor.probes.network import trust
from doctor.probes.network.settings import endpoint_of, settings, unasked

BUDGET = 4.5  # seconds for all that is asked; what has not answered by then is late


def probe(goal: Goal) -> Network:
    return unasked(goal) if goal.offline else asked(goal)


def asked(goal: Goal) -> Network:
    from doctor.probes.network.client import Names
    from doctor.probes.network.rounds import Desk, ask_all

    until = time.monotonic() + BUDGET
    endpoint, source = endpoint_of(goal)
    site = site_packages(goal)
    desk = Desk(
        goal=goal,
        endpoint=endpoint,
        hub_bundle=bundle_of_hub(site),
        pip_bundle=bundle_of_pip(goal, site),
        public_bundle=trust.certifi_bundle(site),
        names=Names(until),
        until=until,
    )
    return ask_all(desk, settings(goal, endpoint, source))


def bundle_of_hub(site: Path) -> str:
    """What huggingface_hub would trust: requests' variables before its release 1, httpx's since."""
    release = next((info.name.split("-")[1] for info in site.glob("huggingface_hub-*.dist-info")), "0")
    variables = trust.OF_REQUESTS if release.split(".")[0] == "0" else trust.OF_HTTPX
    return trust.first_usable(variables) or trust.certifi_bundle(site)


def bundle_of_pip(goal: Goal, site: Path) -> str:
    """pip's own setting, requests' variables, else the machine's certificates."""
    cert = read_pip(goal.prefix).get("cert")
    path = str(Path(cert.value).expanduser()) if cert else ""
    if path and not trust.fault_of(path):
        return path
    return trust.first_usable(trust.OF_REQUESTS) or trust.system_bundle() or trust.certifi_bundle(site)
