"""Extensions of the classic notebook beside notebook 7, which is made of JupyterLab's parts and loads none of them."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.packages.clashes import OF_CLASSIC_SERVERS, of_classic
from doctor.facts import Facts, Packages
from doctor.finding import Finding
from doctor.goal import Goal

# Beside those that a server imports, which stops at it: these are only not shown.
SHOWN = ("jupyterthemes", "rise", "jupyter-latex-envs", "jupyter-highlight-selected-word")


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    if not isinstance(facts.packages, Packages):
        return
    installed = facts.packages.installed
    stopping = of_classic(installed, OF_CLASSIC_SERVERS)
    names = (*stopping, *of_classic(installed, SHOWN))
    if names:
        pip = (goal.interpreter, "-m", "pip")
        yield found(
            "jupyter",
            "jupyter-classic-extensions",
            severity="warn" if stopping and "nbclassic" not in installed else "info",
            commands=((*pip, "uninstall", "-y", *names), (*pip, "install", "notebook<7")),
            names=[f"{name} {installed[name]}" for name in names],
            notebook=installed["notebook"],
        )
