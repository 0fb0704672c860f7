"""Which ipywidgets the Python of a kernel has: the page that shows its widgets must speak the same protocol."""

from __future__ import annotations

from pathlib import Path

from doctor.probes.jupyter.kernels import sites_of
from doctor.probes.listing import names_in
from doctor.reading.peek import is_folder


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
