"""What Jupyter's logs say, and what else keeps it from working: versions, extensions, startup files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from doctor.catalogue import found
from doctor.facts import Facts, Jupyter, LogLine, Packages
from doctor.finding import Finding, Severity

# A log's sign and the finding that it shows, where nothing nearer the cause was seen.
SHOWN_BY_LOG = {
    "host-blocked": "jupyter-host-header-blocked",
    "origin": "jupyter-xsrf-or-origin",
    "kernel-died": "jupyter-kernel-died",
    "no-space": "jupyter-save-failed",
    "permission": "jupyter-permission-denied",
    "bad-config": "jupyter-config-refused",
    "address": "jupyter-address-refused",
    "db-locked": "jupyter-database-locked",
    "plain-on-tls": "jupyter-https-opened-as-http",
}
# Releases that do not work together though their metadata lets pip install both.
CLASHES = (
    ("notebook", "<6.5.3", "pyzmq", ">=25"),
    ("notebook", "<6.5.5", "traitlets", ">=5.10"),
    ("notebook", "<7", "jupyter-client", ">=8.0"),
    ("jupyterlab", ">=4", "jupyter-server", "<2.4"),
    ("jupyterlab", ">=4", "tornado", "<6.2"),
    ("jupyterlab", ">=4", "notebook-shim", "<0.2"),
    ("jupyter-server", ">=2", "jupyter-client", "<7.4.4"),
    ("jupyter-client", ">=8", "pyzmq", "<23"),
    ("jupyter-client", ">=8", "tornado", "<6.2"),
    ("ipykernel", ">=7", "jupyter-client", "<8"),
    ("pyzmq", "<17", "tornado", ">=5"),
    ("jupyter-client", "<5.2.2", "tornado", ">=5"),
    ("notebook", "<5.7.5", "tornado", ">=6"),
    ("jupyter-server", "<1.24", "anyio", ">=4"),
    ("jupyter-server", ">=1", "traitlets", "<5"),
    ("ipython", "<7.20", "jedi", ">=0.18"),
    ("nbclassic", "<0.2.8", "jupyter-server", ">=1.7"),
)


def check(jupyter: Jupyter, facts: Facts) -> Iterator[Finding]:
    yield from _logs(jupyter)
    yield from startup(jupyter)
    installed = facts.packages.installed if isinstance(facts.packages, Packages) else {}
    if jupyter.lost_assets and "jupyterlab" in installed:
        yield found("jupyter", "jupyter-lab-assets-missing", path=jupyter.lost_assets)
    yield from _clashes(installed)
    yield from _extensions(jupyter, installed)


def _logs(jupyter: Jupyter) -> Iterator[Finding]:
    for line in jupyter.log_lines:
        name = SHOWN_BY_LOG.get(line.sign)
        if name:
            yield found("jupyter", name, severity=_weight(line), file=line.path, line=line.line)


def _weight(line: LogLine) -> Severity | None:
    """Programs that try every port of the internet leave such lines too, but come from no page."""
    from_a_page = "Cross Origin" in line.line or "referer=http" in line.line
    return "info" if line.sign == "origin" and not from_a_page else None


def startup(jupyter: Jupyter) -> Iterator[Finding]:
    for said in jupyter.startup_errors:
        yield found("jupyter", "ipython-startup-broken", said=said)


def _clashes(installed: Mapping[str, str]) -> Iterator[Finding]:
    for one, versions, other, bad in CLASHES:
        if _is(installed.get(one), versions) and _is(installed.get(other), bad):
            seen = f"{one} {installed[one]}, {other} {installed[other]}"
            yield found("jupyter", "jupyter-versions-clash", seen=seen, package=one)
            return


def _is(version: str | None, wanted: str) -> bool:
    try:
        return version is not None and SpecifierSet(wanted).contains(Version(version), prereleases=True)
    except InvalidVersion:
        return False


def _extensions(jupyter: Jupyter, installed: Mapping[str, str]) -> Iterator[Finding]:
    major = installed.get("jupyterlab", "").partition(".")[0]
    for one in jupyter.extensions:
        if one.disabled and one.name.startswith("@jupyterlab/"):
            yield found("jupyter", "jupyter-core-extension-off", name=one.name, file=one.path)
        elif major.isdecimal() and one.built_for and one.built_for < int(major):
            yield found("jupyter", "jupyter-extension-too-old", name=one.name, built=one.built_for, lab=major)
