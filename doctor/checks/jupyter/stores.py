"""Can Jupyter keep its secrets and its databases where its folders are?"""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.facts import Jupyter
from doctor.finding import Finding
from doctor.text import Text

BADLY = (
    "nfs",
    "cifs",
    "smb3",
    "smbfs",
)  # version 3 of NFS leaves locks to another service, which often is not there
WORK = Text("its locks work now, slowly", "目前锁可用，但较慢")


def check(jupyter: Jupyter) -> Iterator[Finding]:
    loose = jupyter.loose_modes
    if loose:
        yield found(
            "jupyter",
            "jupyter-runtime-dir-modes",
            folder=loose.folder,
            filesystem=loose.filesystem,
            mode=f"{loose.mode:o}",
        )
    if jupyter.databases:
        refused = next((one.refused for one in jupyter.databases if one.refused), None)
        said = any(line.sign == "db-locked" for line in jupyter.log_lines)
        yield found(
            "jupyter",
            "jupyter-database-network-fs",
            severity="warn"
            if refused or said or any(one.filesystem in BADLY for one in jupyter.databases)
            else "info",
            files=[one.path for one in jupyter.databases],
            filesystem=jupyter.databases[0].filesystem,
            locks=refused or WORK,
        )
