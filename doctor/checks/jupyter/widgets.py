"""Are progress bars and buttons of notebooks shown: ipywidgets in the kernel's Python, and its part in the page?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from doctor.catalogue import found
from doctor.facts import Facts, Jupyter, Packages
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.release import before
from doctor.text import Text

FALLS_BACK = "4.63"  # the first tqdm that writes text where ipywidgets is not there
BRINGS = "7.6"  # the first ipywidgets that brings its part of JupyterLab 3
USERS = ("tqdm", "huggingface-hub")
PAGE_FOR = {7: 1, 8: 3}  # the release of jupyterlab-widgets that shows what that ipywidgets sends
STOPS = Text("tqdm {version} stops with an error there", "tqdm {version} 会因此报错")
FALLS = Text(
    "progress bars are text, and notebook_login() fails", "进度条只显示文本，notebook_login() 会报错"
)
NONE = Text("none", "无")


def check(jupyter: Jupyter, facts: Facts, goal: Goal) -> Iterator[Finding]:
    packages = facts.packages
    if isinstance(packages, Packages):
        there = {**packages.elsewhere, **packages.installed}
        yield from _missing(there, goal)
        yield from _page(jupyter, there, goal)
        yield from _lab_part(jupyter, packages.installed, goal)


def _missing(there: Mapping[str, str], goal: Goal) -> Iterator[Finding]:
    if "ipykernel" not in there or "ipywidgets" in there or not any(name in there for name in USERS):
        return
    version = there.get("tqdm", "")
    stops = before(version, FALLS_BACK)
    yield found(
        "jupyter",
        "ipywidgets-missing",
        severity="warn" if stops else "info",
        prefix=goal.prefix,
        python=goal.interpreter,
        effect=Text(STOPS.en.format(version=version), STOPS.zh.format(version=version)) if stops else FALLS,
    )


def _page(jupyter: Jupyter, there: Mapping[str, str], goal: Goal) -> Iterator[Finding]:
    """The server's environment shows what kernels of other environments send. Within one the metadata says what fits."""
    if "jupyterlab" not in there:
        return
    page = there.get("jupyterlab-widgets")
    for kernel in jupyter.kernels:
        wanted = PAGE_FOR.get(_major(kernel.widgets))
        if wanted and kernel.prefix != goal.prefix and _major(page) != wanted:
            yield found(
                "jupyter",
                "jupyter-widgets-of-another-release",
                kernel=kernel.name,
                has=kernel.widgets or "-",
                page=page or NONE,
                python=goal.interpreter,
                wanted=f"jupyterlab-widgets=={wanted}.*",
            )
            return


def _lab_part(jupyter: Jupyter, installed: Mapping[str, str], goal: Goal) -> Iterator[Finding]:
    """Since ipywidgets 7.6 it asks for jupyterlab-widgets, which JupyterLab 3 takes: there its metadata tells."""
    lab, widgets = installed.get("jupyterlab", ""), installed.get("ipywidgets", "")
    if jupyter.lab_widgets or not lab or not widgets or _major(lab) < 0:
        return
    built = _major(lab) < 3
    if built or ("jupyterlab-widgets" not in installed and before(widgets, BRINGS)):
        yield found(
            "jupyter",
            "jupyter-widgets-no-lab-part",
            commands=None if built else ((goal.interpreter, "-m", "pip", "install", "ipywidgets>=7.6"),),
            lab=lab,
            widgets=widgets,
            prefix=goal.prefix,
        )


def _major(version: str | None) -> int:
    first = (version or "").partition(".")[0]
    return int(first) if first.isdecimal() else -1
