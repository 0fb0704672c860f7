"""The folders that an environment's Python takes packages from, and whether a package is in them."""

from __future__ import annotations

from pathlib import Path

from doctor.goal.target import site_of
from doctor.probes.jupyter.files.places import home
from doctor.probes.python.interpreter import sees_system
from doctor.reading.peek import is_file, is_folder, peek_text


def has_package(prefix: str, name: str) -> bool | None:
    """Whether a package's folder is in an environment; None where it may come from elsewhere."""
    sites = sites_of(Path(prefix))
    if any(is_folder(site / name) for site in sites):
        return True
    return None if not sites or sees_system(Path(prefix)) or any(map(borrows, sites)) else False


def sites_of(prefix: Path) -> list[Path]:
    """Folders of packages that the environment's interpreter has on its path."""
    own = site_of(prefix)
    others = [prefix / "lib" / "python3" / "dist-packages"]
    if not is_file(prefix / "pyvenv.cfg"):  # a venv does not look into the person's home
        others += sorted(home().glob(".local/lib/python3*/site-packages"))
    return [site for site in (own, *others) if site and is_folder(site)]


def borrows(site: Path) -> bool:
    """A .pth that adds another folder, or code that finds modules in its own way."""
    lines = (line for path in site.glob("*.pth") for line in peek_text(path).splitlines())
    return any(line.startswith(("/", "import __editable__")) for line in lines)
