"""Packages around JupyterLab as people have reported them: widgets, releases that do not go together, extensions of another age."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from doctor.texts.search import by_text
from tests.faults.dists import install
from tests.faults.jupyter.patient import add_kernel, spec_of
from tests.faults.patient import diagnose

AREAS = "packages,jupyter"


@pytest.mark.parametrize(
    ("tqdm", "severity"), [("4.46.1", "warn"), ("4.67.1", "info")], ids=["stops", "writes text"]
)
def test_a_kernel_without_ipywidgets(person: dict[str, str], tqdm: str, severity: str) -> None:
    """https://github.com/tqdm/tqdm/issues/394: name 'IntProgress' is not defined."""
    env = Path(person["TARGET"])
    install(env, "ipykernel", "6.29.5")
    install(env, "tqdm", tqdm)
    said = diagnose(person, "--area", AREAS)
    assert said.of("ipywidgets-missing")["severity"] == severity
    install(env, "ipywidgets", "8.1.5")
    assert "ipywidgets-missing" not in [one["id"] for one in diagnose(person, "--area", AREAS).findings]


@pytest.mark.parametrize(("page", "shown"), [(None, False), ("1.1.1", False), ("3.0.13", True)])
def test_widgets_of_a_kernel_elsewhere(
    person: dict[str, str], home: Path, tmp_path: Path, page: str | None, shown: bool
) -> None:
    other = tmp_path / "other"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(other)], check=True, timeout=60)
    for name, version in (("ipykernel", "6.29.5"), ("ipywidgets", "8.1.5"), ("tqdm", "4.67.1")):
        install(other, name, version)
    add_kernel(person, "mine", spec_of(other / "bin/python"))
    env = Path(person["TARGET"])
    install(env, "jupyterlab", "4.4.0")
    index = env / "share/jupyter/lab/static/index.html"
    index.parent.mkdir(parents=True)
    index.write_text("<html>")
    if page:
        install(env, "jupyterlab-widgets", page)
    said = diagnose(person, "--area", AREAS)
    of_widgets = [name for name in said.complaints if "widgets" in name]
    assert of_widgets == ([] if shown else ["jupyter-widgets-of-another-release"])


@pytest.mark.parametrize(
    "releases",
    [
        {"notebook": "5.4.0", "pyzmq": "16.0.3", "tornado": "5.0"},
        {"notebook": "5.7.4", "pyzmq": "25.1", "tornado": "6.0.4"},
        {"jupyter-server": "1.15.6", "traitlets": "4.3.3"},
        {"notebook": "6.5.4", "traitlets": "5.14.3"},
    ],
    ids=lambda releases: " ".join(releases),
)
def test_releases_that_do_not_go_together(person: dict[str, str], releases: dict[str, str]) -> None:
    """https://github.com/jupyter/notebook/issues/3407: type object 'IOLoop' has no attribute 'initialized'."""
    for name, version in releases.items():
        install(Path(person["TARGET"]), name, version)
    assert diagnose(person, "--area", AREAS).failed == ["jupyter-versions-clash"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("NameError: name 'IntProgress' is not defined", "ipywidgets-missing"),
        ("TqdmWarning: IProgress not found. Please update jupyter and ipywidgets.", "ipywidgets-missing"),
        ("Error displaying widget: model not found", "jupyter-widgets-of-another-release"),
        ("ModuleNotFoundError: No module named 'jupyter_server.contents'", "jupyter-versions-clash"),
        ("AttributeError: type object 'IOLoop' has no attribute 'initialized'", "jupyter-versions-clash"),
    ],
)
def test_the_text_of_packages(text: str, name: str) -> None:
    assert by_text(text)[0].id == name


# --- of another age -------------------------------------------------------------------------------------


def test_extensions_of_the_classic_notebook(person: dict[str, str]) -> None:
    """https://github.com/Jupyter-contrib/jupyter_nbextensions_configurator/issues/165: No module named 'notebook.base'."""
    env = Path(person["TARGET"])
    install(env, "notebook", "7.0.0", {"notebook/__init__.py": "__version__ = '7.0.0'\n"})
    configurator = {"jupyter_nbextensions_configurator/__init__.py": "from notebook.base import handlers\n"}
    install(env, "jupyter-nbextensions-configurator", "0.6.3", configurator, ["notebook>=6"])
    install(env, "jupyter-contrib-nbextensions", "0.7.0")
    said = diagnose(person, "--area", AREAS)
    told = said.of("jupyter-classic-extensions")
    assert told["severity"] == "warn" and "notebook 7.0.0" in told["title"]
    assert "name-not-in-library" not in said.complaints
    assert told["remedy"]["commands"][1][-1] == "notebook<7"
    assert (
        by_text("ModuleNotFoundError: No module named 'notebook.base'")[0].id == "jupyter-classic-extensions"
    )


def test_the_same_beside_the_classic_notebook(person: dict[str, str]) -> None:
    env = Path(person["TARGET"])
    install(env, "notebook", "6.5.7", {"notebook/__init__.py": "", "notebook/base/__init__.py": ""})
    install(env, "jupyter-nbextensions-configurator", "0.6.3")
    said = diagnose(person, "--area", AREAS)
    assert "jupyter-classic-extensions" not in [one["id"] for one in said.findings]


@pytest.mark.parametrize(("nbclassic", "fits"), [("0.2.7", False), ("0.2.8", True)])
def test_an_nbclassic_of_before_jupyter_server_1_7(
    person: dict[str, str], nbclassic: str, fits: bool
) -> None:
    """https://github.com/jupyterlab/jupyterlab/issues/10228: no attribute '_extensions'."""
    install(Path(person["TARGET"]), "jupyter-server", "1.7.0")
    install(Path(person["TARGET"]), "nbclassic", nbclassic)
    said = diagnose(person, "--area", AREAS)
    assert ("jupyter-versions-clash" in said.complaints) != fits
    text = "AttributeError: 'ExtensionManager' object has no attribute '_extensions'"
    assert by_text(text)[0].id == "jupyter-versions-clash"


@pytest.mark.parametrize(
    ("lab", "widgets", "built", "complains"),
    [
        ("0.33.10", "7.4.0", False, True),
        ("2.2.9", "7.6.3", False, True),
        ("2.2.9", "7.5.1", True, False),
        ("3.0.16", "7.5.1", False, True),
        ("4.4.0", "8.1.5", False, False),
    ],
)
def test_widgets_without_their_part_of_jupyterlab(
    person: dict[str, str], lab: str, widgets: str, built: bool, complains: bool
) -> None:
    """https://github.com/jupyter-widgets/ipywidgets/issues/2174: text in place of a slider."""
    env = Path(person["TARGET"])
    install(env, "jupyterlab", lab)
    install(env, "ipywidgets", widgets)
    folder = env / "share/jupyter/lab/extensions"
    (env / "share/jupyter/lab/static").mkdir(parents=True)
    (env / "share/jupyter/lab/static/index.html").write_text("<html>")
    if built:
        folder.mkdir()
        (folder / "jupyter-widgets-jupyterlab-manager-2.0.0.tgz").write_bytes(b"x")
    said = diagnose(person, "--area", AREAS)
    assert ("jupyter-widgets-no-lab-part" in said.complaints) == complains
    text = "interactive(children=(IntSlider(value=10, description='x'), Output()))"
    assert by_text(text)[0].id == "jupyter-widgets-no-lab-part"
