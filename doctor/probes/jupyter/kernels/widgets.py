"""Which ipywidgets the Python of a kernel has: the page that shows its widgets must speak the same protocol."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from doctor.facts import LabExtension
from doctor.probes.jupyter.kernels.sites import sites_of
from doctor.probes.listing import names_in
from doctor.reading.peek import is_folder

MANAGER = "jupyter-widgets-jupyterlab-manager-*.tgz"  # as JupyterLab before its third release keeps it


def in_lab(folders: Iterable[Path], prebuilt: Iterable[LabExtension]) -> bool:
    """Whether JupyterLab has the part that draws widgets."""
    if any(one.name.startswith("@jupyter-widgets/") for one in prebuilt):
        return True
    own = os.environ.get("JUPYTERLAB_DIR")
    places = [*([Path(own)] if own else []), *(folder / "lab" for folder in folders)]
    return any(True for place in places for _ in (place / "extensions").glob(MANAGER))


def ipywidgets_of(prefix: str) -> str | None:
    """Its version by the name of its metadata; None where it is not there."""
    for site in sites_of(Path(prefix)):
        if is_folder(site / "ipywidgets"):
            named = (
                name
                for name in names_in(site)
                if name.startswith("ipywidgets-") and name.endswith(".dist-info")
            )
            return next((name.removesuffix(".dist-info").partition("-")[2] for name in named), None)
    return None
