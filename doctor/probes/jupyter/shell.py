"""What the person's shell exports and their kernels may lack: from rc files and from the shell that we were started in."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

from doctor.facts import Export
from doctor.probes.jupyter.files.places import home, ipython_dir
from doctor.probes.jupyter.files.pyconfig import Said, read_python
from doctor.probes.jupyter.kernels.sites import has_package
from doctor.probes.jupyter.servers.processes import HUB, without_secret
from doctor.reading.peek import is_file, peek, peek_text

# By shell: what another shell's file says holds for nobody here.
RC_FILES = {
    "bash": (".profile", ".bash_login", ".bash_profile", ".bashrc"),
    "zsh": (".zshenv", ".zprofile", ".zshrc"),
    "fish": (".config/fish/config.fish",),
}
# At the margin alone: what is indented stands in a function (`proxy_on`), or depends on something.
LINE = re.compile(r"^(?:export\s+|declare\s+-x\s+)(\w+)=(\"[^\"]*\"|'[^']*'|[^\s;#&|]*)", re.MULTILINE)
FISH = re.compile(r"^set\s+-(?:gx|Ux|xg|xU|x)\s+(\w+)\s+(\"[^\"]*\"|'[^']*'|\S+)", re.MULTILINE)
ASSIGNED = re.compile(r"""environ(?:\[|\.setdefault\(|\.update\(\{)\s*["'](\w+)["']""")


def exports() -> tuple[Export, ...]:
    """Variables by name. What this shell has now wins over what a file would say in the next one."""
    found = {export.name: export for path in rc_files() for export in _in_file(path)}
    for name, value in os.environ.items():
        if HUB.match(name) and value:
            place = found[name].place if name in found else "this shell"
            found[name] = Export(name=name, value=without_secret(name, value), place=place)
    return tuple(found[name] for name in sorted(found))


def rc_files() -> list[Path]:
    system = [Path("/etc/environment"), Path("/etc/profile"), *sorted(Path("/etc/profile.d").glob("*.sh"))]
    shell = Path(os.environ.get("SHELL") or "bash").name
    return [*system, *(home() / name for name in RC_FILES.get(shell, RC_FILES["bash"]))]


def _in_file(path: Path) -> list[Export]:
    said = peek_text(path)
    plain = path == Path("/etc/environment")
    matches = (
        FISH.finditer(said) if path.suffix == ".fish" else LINE.finditer(_exported(said) if plain else said)
    )
    return [
        Export(
            name=match[1],
            value=_value(match[1], match[2]),
            place=f"{path}:{said.count(chr(10), 0, match.start(1)) + 1}" if not plain else str(path),
        )
        for match in matches
        if HUB.match(match[1])
    ]


def _exported(said: str) -> str:
    return "\n".join(f"export {line}" for line in said.splitlines())


def _value(name: str, written: str) -> str:
    """The value as written; empty where the shell would have to work it out."""
    value = written.strip("\"'")
    if written.startswith("'") or not re.search(r"[$`~]", value):
        return without_secret(name, value)
    return ""


def provided() -> tuple[str, ...]:
    """Variables that an IPython startup file sets in every kernel."""
    said = (ASSIGNED.findall(peek_text(path)) for path in startup_files())
    return tuple(dict.fromkeys(name for names in said for name in names))


def startup_files() -> list[Path]:
    profile = ipython_dir() / "profile_default"
    configs = [profile / "ipython_config.py", profile / "ipython_kernel_config.py"]
    return [*sorted(profile.glob("startup/*.py")), *(path for path in configs if is_file(path))]


def startup_errors(prefix: str, notebooks: Path) -> tuple[str, ...]:
    """Startup files that end with an error, as far as their text tells. IPython runs them in the folder of the notebook."""
    files = startup_files()
    reader = prefix if files and has_package(prefix, "IPython") else ""
    said = ((path, _startup(path, reader, notebooks)) for path in files)
    return tuple(f"{path}:{one.line or 1}: {one.error}" for path, one in said if one.error)


def _startup(path: Path, prefix: str, notebooks: Path) -> Said:
    source = peek(path) or b""
    if path.name.endswith("_config.py"):
        return read_python(source, path, prefix)
    from doctor.probes.jupyter.kernels.imports import first_lost  # only where somebody has a startup file

    try:
        lost = first_lost(ast.parse(source), prefix, notebooks)
    except (SyntaxError, ValueError, RecursionError) as error:
        return Said({}, getattr(error, "msg", None) or str(error), getattr(error, "lineno", None))
    return Said({}, *(lost or ()))
