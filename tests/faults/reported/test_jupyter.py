"""JupyterLab and notebooks, as people have reported them; each named at first sight."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.faults.dists import install, remove, site_of
from tests.faults.unrehearsed.jupyter_like import Person, person_with_jupyter


@pytest.fixture
def person(home: Path, course_like: Path) -> Person:
    install(course_like, "torch", "2.13.0+cpu")
    return person_with_jupyter(home, course_like)


def test_a_notebook_of_before_with_traitlets_of_today(person: Person) -> None:
    """https://github.com/newaetech/chipwhisperer-jupyter/issues/49: "No module named 'jupyter_server.contents'"."""
    for name in ("notebook", "jupyterlab"):
        remove(person.env, name)
    for info in site_of(person.env).glob("ipykernel-*.dist-info"):
        shutil.rmtree(info)
    install(person.env, "ipykernel", "6.29.5", {})
    install(person.env, "notebook", "6.5.4", requires=("traitlets>=4.2.1", "jupyter-client>=5.3.4"))
    install(person.env, "jupyter-client", "7.4.9", requires=("traitlets",))
    install(person.env, "traitlets", "5.9.0")
    assert person.look().complaints == []
    remove(person.env, "traitlets")
    install(person.env, "traitlets", "5.14.3")
    said = person.look()
    assert said.complaints == ["jupyter-versions-clash"]
    assert "notebook 6.5.4, traitlets 5.14.3" in said.of("jupyter-versions-clash")["title"]


def test_nbgrader_took_traitlets_back(person: Person) -> None:
    """https://github.com/jupyter-server/jupyter_server/issues/710: the server does not start any more."""
    remove(person.env, "jupyter-server")
    install(person.env, "jupyter-server", "1.15.6", requires=("traitlets>=5", "pyzmq>=17"))
    install(person.env, "pyzmq", "22.3.0")
    install(person.env, "nbgrader", "0.6.2", requires=("traitlets<5",))
    install(person.env, "traitlets", "4.3.3")
    said = person.look()
    assert said.complaints == ["requirement-conflict"]
    assert "jupyter-server 1.15.6: traitlets>=5 ≠ 4.3.3" in said.of("requirement-conflict")["evidence"]


@pytest.mark.parametrize("name", ["jupyter_notebook_config.py", "jupyter_server_config.py"])
def test_a_certificate_of_an_earlier_installation(person: Person, name: str) -> None:
    """https://github.com/jupyter/notebook/issues/7156: 'certfile "/anaconda/jupyter.pem" does not exist'."""
    owner = "NotebookApp" if "notebook" in name else "ServerApp"
    person.configure(f"c.{owner}.certfile = '/anaconda/jupyter.pem'\n", name)
    said = person.look()
    assert said.complaints == ["jupyter-certificate-missing"]
    assert "/anaconda/jupyter.pem" in said.of("jupyter-certificate-missing")["evidence"]
