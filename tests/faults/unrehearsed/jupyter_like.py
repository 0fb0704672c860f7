"""A person's environment with as much of Jupyter in it as the doctor asks of it, and their files around it."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from tests.faults.dists import install, script
from tests.faults.patient import Diagnosis, bare_environ, diagnose


class Person(msgspec.Struct, frozen=True):
    home: Path
    env: Path

    def look(self) -> Diagnosis:
        environ = bare_environ(self.home, TARGET=str(self.env))
        return diagnose(environ, "--area", "packages,jupyter")

    def configure(self, text: str, name: str = "jupyter_server_config.py") -> None:
        self._write(f".jupyter/{name}", text).chmod(0o600)

    def startup(self, text: str, name: str = "startup/00.py") -> None:
        self._write(f".ipython/profile_default/{name}", text)

    def kernel(self, **more: object) -> None:
        """A kernel of the environment, but for what `more` says."""
        argv = [str(self.env / "bin/python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = {"argv": argv, "display_name": "Course", "language": "python", **more}
        self._write(".local/share/jupyter/kernels/course/kernel.json", json.dumps(spec))

    def _write(self, name: str, text: str) -> Path:
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


def person_with_jupyter(home: Path, env: Path) -> Person:
    """Whole: nothing is to be said of it."""
    install(
        env,
        "jupyter-server",
        "2.21.1",
        {"jupyter_server/__init__.py": "", "jupyter_server/auth/__init__.py": "passwd = print\n"},
    )
    install(env, "ipykernel", "7.4.0", {"ipykernel/__init__.py": "", "ipykernel_launcher.py": ""})
    install(
        env, "ipython", "9.18.1", {"IPython/__init__.py": "", "IPython/lib/__init__.py": "from .x import *\n"}
    )
    install(env, "jupyterlab", "4.6.6")
    install(env, "notebook", "7.5.0", {"notebook/__init__.py": "def app(): pass\n"})
    for name in ("jupyter", "jupyter-lab"):
        script(env, name, f"#!{env}/bin/python")
    page = env / "share/jupyter/lab/static/index.html"
    page.parent.mkdir(parents=True)
    page.write_text("<html></html>")
    return Person(home, env)
