"""Do the notebooks see the Hub's variables that the person's shell has?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from doctor.catalogue import found
from doctor.facts import Export, Jupyter
from doctor.finding import Finding, Severity

# Without these a download goes elsewhere or nowhere. The others are merely missed.
DECIDING = {"HF_ENDPOINT", "HF_HOME", "HF_HUB_CACHE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"}
BESIDE = {"NO_PROXY"}


def check(jupyter: Jupyter) -> Iterator[Finding]:
    """The processes started first are the ones without it; one finding tells of all."""
    for pid, env in _processes(jupyter):
        lost = [export for export in jupyter.exports if _is_lost(export, env, jupyter)]
        if lost:
            yield found(
                "jupyter",
                "hf-env-not-in-kernel",
                severity=_weight(lost),
                pid=pid,
                names=[export.name for export in lost],
                places=sorted({export.place for export in lost}),
            )
            return


def _weight(lost: list[Export]) -> Severity:
    """A proxy that this shell alone has was switched on for a download, and is no wish for all."""
    lasting = [e for e in lost if not (e.name.upper().endswith("_PROXY") and e.place == "this shell")]
    if not lasting:
        return "info"
    return "fail" if any(export.name.upper() in DECIDING for export in lasting) else "warn"


def _processes(jupyter: Jupyter) -> list[tuple[int, Mapping[str, str]]]:
    """Kernels, as their spec has been applied to them; where none runs, the servers that would start them."""
    if jupyter.kernel_processes:
        return [(kernel.pid, kernel.hub_env) for kernel in jupyter.kernel_processes]
    given = dict.fromkeys((name for k in jupyter.kernels if k.name == "python3" for name in k.env), "")
    return [(server.pid, {**server.hub_env, **given}) for server in jupyter.servers]


def _is_lost(export: Export, env: Mapping[str, str], jupyter: Jupyter) -> bool:
    if export.name in jupyter.provided or export.name.upper() in BESIDE:
        return False
    if export.name.upper().endswith("_PROXY"):
        return not {export.name.lower(), export.name.upper()} & env.keys()
    there = env.get(export.name)
    if there is None:
        return True
    # An empty text is one that cannot be known from outside.
    differs = bool(export.value) and bool(there) and there.rstrip("/") != export.value.rstrip("/")
    return differs and export.name in DECIDING
