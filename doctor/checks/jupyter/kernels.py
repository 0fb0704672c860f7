"""Does each kernel start, and is it the Python that the person installed into?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from doctor.catalogue import found
from doctor.facts import Jupyter, Kernel
from doctor.finding import Finding, by_hand
from doctor.goal import Goal
from doctor.text import Text

NEEDED = ("torch", "transformers", "datasets", "diffusers")
MISSED = ("cache",)
EFFECTS = {
    "packages": Text(
        "other packages come before those of its environment", "其他位置的软件包排在该环境的软件包之前"
    ),
    "home": Text(
        "the packages of another Python come before those of its environment",
        "使用另一个 Python 的软件包，而不是该环境的",
    ),
    "libraries": Text(
        "other CUDA libraries come before those that torch was built with",
        "其他 CUDA 库排在 torch 自带的库之前",
    ),
    "endpoint": Text("no download can reach that address", "无法从该地址下载"),
    "path": Text("models are kept at a place that changes with each folder", "模型存放的位置随工作目录而变"),
    "cache": Text("the models that you have are not there", "该位置没有你已有的模型"),
    "offline": Text("nothing may be fetched, and no model is there", "不允许下载，而本地没有模型"),
}
SHORTEST_NAME = 3  # of an environment; shorter ones are found in any title


def check(jupyter: Jupyter, goal: Goal) -> Iterator[Finding]:
    yield from each(jupyter)
    yield from _another_python(jupyter, goal)


def each(jupyter: Jupyter) -> Iterator[Finding]:
    for kernel in jupyter.kernels:
        if kernel.error:
            yield found(
                "jupyter", "jupyter-kernelspec-broken", name=kernel.name, file=kernel.path, said=kernel.error
            )
        elif not kernel.runs:
            yield by_hand(
                found(
                    "jupyter",
                    "jupyter-stale-kernelspec",
                    severity=None if kernel.is_ipykernel else "warn",  # another language is missed by few
                    commands=(("jupyter", "kernelspec", "remove", kernel.name),),
                    name=kernel.name,
                    file=kernel.path,
                    python=kernel.interpreter,
                )
            )
        elif kernel.lost_home and kernel.is_ipykernel:
            yield found(
                "jupyter",
                "jupyter-kernel-pythonhome",
                name=kernel.name,
                file=kernel.path,
                home=kernel.lost_home,
            )
        elif kernel.astray:
            yield _led_astray(kernel)
        elif kernel.is_ipykernel and kernel.has_ipykernel is False:
            yield found(
                "jupyter",
                "jupyter-kernel-without-ipykernel",
                name=kernel.name,
                file=kernel.path,
                python=kernel.interpreter,
            )


def _led_astray(kernel: Kernel) -> Finding:
    """One kernel.json to mend, whatever else it says. Where models are kept is merely missed."""
    first = min(kernel.astray, key=lambda variable: variable.leads in MISSED)
    return found(
        "jupyter",
        "jupyter-kernel-env-misleads",
        severity="warn" if first.leads in MISSED else None,
        name=kernel.name,
        file=kernel.path,
        variables=[f"{one.name}={one.value}" for one in kernel.astray],
        variable=first.name,
        effect=EFFECTS[first.leads],
    )


def _another_python(jupyter: Jupyter, goal: Goal) -> Iterator[Finding]:
    """The person installed into one environment, and their notebooks run in another that lacks it."""
    have = set(NEEDED) & set(jupyter.target_packages)
    if not have:
        return
    usable = [k for k in jupyter.kernels if k.runs and not k.error and k.is_ipykernel]
    wrong = _misnamed(usable, have, goal) or _default(usable, have, goal)
    if wrong:
        lacks = sorted(have - set(wrong.hub_packages or ()))
        seen = f"{wrong.path}: {wrong.interpreter}"
        yield _finding(seen, wrong.prefix or "?", lacks, goal)
    else:
        yield from _other_server(jupyter, usable, have, goal)


def _misnamed(kernels: list[Kernel], have: set[str], goal: Goal) -> Kernel | None:
    """A kernel that bears the environment's name and is not it."""
    name = goal.prefix.rstrip("/").rpartition("/")[2]
    if len(name) < SHORTEST_NAME:
        return None
    word = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])")
    named = (k for k in kernels if word.search(k.name) or word.search(k.display_name))
    return next((k for k in named if _lacks(k, have, goal)), None)


def _default(kernels: list[Kernel], have: set[str], goal: Goal) -> Kernel | None:
    """The kernel that new notebooks get, where none that is offered has what was installed."""
    if any(not _lacks(kernel, have, goal) for kernel in kernels):
        return None  # the right one only has to be picked
    return next((kernel for kernel in kernels if kernel.name == "python3"), None)


def _lacks(kernel: Kernel, have: set[str], goal: Goal) -> bool:
    known = kernel.hub_packages is not None
    return known and kernel.prefix != goal.prefix and not have <= set(kernel.hub_packages or ())


def _other_server(jupyter: Jupyter, kernels: list[Kernel], have: set[str], goal: Goal) -> Iterator[Finding]:
    """A server of another environment sees the person's kernels, not those that lie in this environment."""
    seen = [k for k in kernels if not k.path.startswith(f"{goal.prefix}/")]
    if any(not _lacks(kernel, have, goal) for kernel in seen):
        return
    for server in jupyter.servers:
        lacks = server.hub_packages is not None and sorted(have - set(server.hub_packages))
        if server.prefix and server.prefix != goal.prefix and lacks:
            yield _finding(f"pid {server.pid}, port {server.port}", server.prefix, lacks, goal)
            return


def _finding(seen: str, prefix: str, lacks: list[str], goal: Goal) -> Finding:
    return found(
        "jupyter",
        "jupyter-kernel-is-another-python",
        seen=seen,
        kernel=prefix,
        lacks=lacks,
        env=goal.prefix,
        python=goal.interpreter,
        name=goal.prefix.rstrip("/").rpartition("/")[2].lower(),
    )
