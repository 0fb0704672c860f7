"""With what a share of a card (vGPU) asks for its licence: a token, or the address of a server of the older kind."""

from __future__ import annotations

import re
from pathlib import Path

from doctor.probes.gpu.nvml.processes import named
from doctor.probes.listing import names_in
from doctor.reading.peek import peek_text

CONFIG = Path("/etc/nvidia/gridd.conf")
TOKENS = Path("/etc/nvidia/ClientConfigToken")
SETS = re.compile(r"^\s*(ServerAddress|ClientConfigTokenPath|FeatureType)\s*=\s*(\S+)", re.MULTILINE)
DAEMON = "nvidia-gridd"
NO_LICENCE = "0"  # FeatureType: none is asked for


def lacks() -> tuple[str, ...]:
    said = dict(SETS.findall(peek_text(CONFIG)))
    folder = Path(said.get("ClientConfigTokenPath", str(TOKENS)))
    tokens = [name for name in names_in(folder) if name.endswith(".tok")]
    found = []
    if not tokens and "ServerAddress" not in said:
        found.append(f"no token in {folder}, no ServerAddress in {CONFIG}")
    if said.get("FeatureType") == NO_LICENCE:
        found.append(f"{CONFIG}: FeatureType=0")
    if not named(DAEMON):
        found.append(f"{DAEMON} is not running")
    return tuple(found)
