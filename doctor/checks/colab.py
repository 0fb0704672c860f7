"""What is special about a hosted notebook, and kernels that must be restarted."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.facts import Colab, Facts, Network, Packages, Python, Torch
from doctor.facts.colab import OWN_KERNEL
from doctor.finding import Finding, Severity
from doctor.goal import Goal
from doctor.text import Text, human_bytes

LEAST_BYTES = 5_000_000_000  # the course's models take a little more
MOST_PLACES = 3
BINARY = ("numpy", "torch")  # half old and half new they do not work together
GPU_MENU = {
    "colab": Text("Runtime → Change runtime type → T4 GPU", "“代码执行程序”→“更改运行时类型”→“T4 GPU”"),
    "kaggle": Text("Settings → Accelerator → GPU T4 x2", "Settings → Accelerator → GPU T4 x2"),
}
SECRETS_MENU = {
    "colab": Text("the key symbol at the left", "左侧的钥匙图标"),
    "kaggle": Text("Add-ons → Secrets", "Add-ons → Secrets"),
}


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    colab = facts.colab
    assert isinstance(colab, Colab)
    yield from _kernels(colab)
    if colab.kind is None:
        return
    if colab.kind not in OWN_KERNEL:
        yield found("colab", "hosted-notebook", kind=colab.kind, signs=colab.signs)
        return
    if goal.manager != "system":
        yield found("colab", "colab-use-system", kind=colab.kind, signs=colab.signs)
    yield from _device(colab, colab.kind)
    yield from _drive(colab, goal)
    if colab.kind == "colab":
        yield from _language(facts)
    yield from _image(facts, colab, goal)
    if colab.token is False:
        yield found("colab", "colab-secrets-hidden", where=SECRETS_MENU[colab.kind])
    if colab.free_bytes is not None and colab.free_bytes < LEAST_BYTES:
        yield found("colab", "colab-session-disk-small", free=human_bytes(colab.free_bytes))
    if colab.kind == "kaggle" and _is_cut_off(facts):
        yield found("colab", "kaggle-internet-off")


def _device(colab: Colab, kind: str) -> Iterator[Finding]:
    if colab.tpu:
        yield found("colab", "colab-tpu-runtime", signs=colab.tpu)
    elif colab.gpu is False:
        yield found("colab", "colab-no-gpu-runtime", kind=kind, menu=GPU_MENU[kind])


def _language(facts: Facts) -> Iterator[Finding]:
    lines = facts.packages.sources.locales if isinstance(facts.packages, Packages) else ()
    if lines:
        places = tuple(dict.fromkeys(f"{use.file}:{use.line}" for use in lines))[:MOST_PLACES]
        names = tuple(dict.fromkeys(use.variable for use in lines))
        yield found("colab", "colab-locale-not-utf8", places=places, names=names)


def _drive(colab: Colab, goal: Goal) -> Iterator[Finding]:
    for folder in colab.drive_folders:
        yield found("colab", "colab-drive-folder-not-empty", folder=folder)
    if not colab.on_drive:
        return
    settings = ", ".join(f"{name}={path}" for name, path in colab.on_drive)
    if colab.drive_mounted is False:
        yield found("colab", "colab-drive-not-mounted", settings=settings)
    elif any(name != "ROOT_DIR" for name, _ in colab.on_drive):
        yield found("colab", "colab-cache-on-drive", settings=settings)


def _image(facts: Facts, colab: Colab, goal: Goal) -> Iterator[Finding]:
    """What the image brings, against what the course was made for."""
    python, torch = facts.python, facts.torch
    version = python.version if isinstance(python, Python) else None
    ours = goal.manager == "system" and not goal.foreign
    if version and ours and ".".join(version.split(".")[:2]) not in goal.profile.pythons:
        yield found(
            "colab",
            "colab-python-changed",
            version=version,
            release=colab.release or "-",
            pythons=goal.profile.pythons,
        )
    if colab.kind == "colab" and isinstance(torch, Torch) and torch.version and "+" not in torch.version:
        yield found("colab", "colab-preinstalled-torch-replaced", version=torch.version)


def _is_cut_off(facts: Facts) -> bool:
    network = facts.network
    return (
        isinstance(network, Network)
        and bool(network.answers)
        and all(a.seconds is None for a in network.answers)
    )


def _kernels(colab: Colab) -> Iterator[Finding]:
    for kernel in colab.kernels:
        binary = any(name in BINARY for name in kernel.packages)
        severity: Severity = "fail" if binary else "warn"
        name = "colab-restart-needed" if colab.kind in OWN_KERNEL else "kernel-restart-needed"
        yield found(
            "colab", name, severity=severity, packages=kernel.packages, pid=kernel.pid, minutes=kernel.minutes
        )
        return  # one line is enough, however many notebooks are open
