"""Is torch there, of a wanted release, can it use the GPUs, and does torchvision belong to it?"""

from __future__ import annotations

from collections.abc import Iterator

from packaging.version import Version

from doctor.facts import Facts, Torch
from doctor.finding import Finding, Remedy
from doctor.goal import Goal
from doctor.text import Text, both
from doctor.wheels.rules import Build, Machine, why_not_driver, why_not_gpu
from doctor.wheels.solve import Decision, decide, machine_of, visible_devices, without
from doctor.wheels.tables import kernels_of, release_of

BLOCKERS = ("environment-missing", "environment-half-made", "environment-foreign")
REMEDY = Remedy(commands=(("make", "setup"),), step="torch")


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    torch = facts.torch
    assert isinstance(torch, Torch)
    machine = machine_of(facts, goal.python)
    decision = decide(machine, goal.profile.torch)
    if machine.gpus and decision.rejected and not decision.choice:
        yield _not_all_served(machine, decision)
    yield from _build(torch, goal, machine, decision)


def _build(torch: Torch, goal: Goal, machine: Machine, decision: Decision) -> Iterator[Finding]:
    wanted = goal.profile.torch
    usable = machine.gpus and (decision.best or not decision.rejected)
    if torch.version is None:
        yield _finding(
            "torch-missing", Text("torch is not installed", "没有安装 torch"), f"wanted {wanted.version}"
        )
    elif not _is_wanted(torch.version, wanted.version, decision) and goal.manager != "system":
        best = decision.best.torch if decision.best else wanted.version
        title = Text(f"torch is {torch.version}, wanted is {best}", f"torch 是 {torch.version}，需要 {best}")
        yield _finding("torch-other-version", title, f"torch {torch.version}")
    elif torch.cuda is None and usable:
        yield _finding(
            "torch-cpu-build-on-gpu",
            Text("a CPU build of torch on a machine with a GPU", "有 GPU 的机器上装了 CPU 版 torch"),
            f"torch {torch.version}; {machine.gpus[0].name}",
        )
    elif usable and (unfit := _unfit(torch, without(machine, decision.hidden))):
        yield unfit
    elif "torchvision" in wanted.companions and torch.torchvision is None:
        yield _no_torchvision(torch)
    elif torch.torchvision and variant(torch.torchvision) != variant(torch.version):
        yield _finding(
            "torchvision-other-build",
            Text("torchvision was built for another torch", "torchvision 与 torch 的构建不匹配"),
            f"torch {torch.version}, torchvision {torch.torchvision}",
        )


def _is_wanted(version: str, pinned: str, decision: Decision) -> bool:
    """The release that the profile pins, or the one that this machine's GPUs need instead."""
    wanted = (pinned, decision.best.torch) if decision.best else (pinned,)
    return any(Version(version).release == Version(one).release for one in wanted)


def _unfit(torch: Torch, machine: Machine) -> Finding | None:
    """The installed build against the GPUs that programs see. Nothing is said of builds that no table lists."""
    build = _installed(torch)
    if build is None or kernels_of(build.release.version, build.variant, machine.machine) is None:
        return None
    name = f"torch {torch.version} (CUDA {torch.cuda})"
    for gpu in machine.gpus:
        if why := why_not_gpu(build, gpu, machine):
            title = Text(f"this build of torch has no code for {gpu}", f"此 torch 不含适用于 {gpu} 的代码")
            return _finding("torch-build-has-no-kernels-for-gpu", title, f"{name} {why.en}")
    why = why_not_driver(build.variant, machine) if machine.gpus else None
    title = Text("the driver is too old for this build of torch", "驱动对此 torch 来说过旧")
    return _finding("driver-too-old-for-torch-cuda", title, f"{name} {why.en}") if why else None


def _installed(torch: Torch) -> Build | None:
    """The installed build as a row of the tables: by its local version, else by the CUDA that it names."""
    release = release_of(torch.version or "")
    if release is None or torch.cuda is None:
        return None
    local = variant(torch.version or "")
    named = local if local.startswith("cu") else f"cu{torch.cuda.replace('.', '')}"
    return Build(release, named, "torch-index" if local else "package-index")


def _not_all_served(machine: Machine, decision: Decision) -> Finding:
    left = decision.if_hidden
    setting = f"CUDA_VISIBLE_DEVICES={visible_devices(machine, decision.hidden)}"
    return Finding(
        id="gpu-not-served-by-torch",
        area="torch",
        severity="warn",
        title=Text("torch cannot use all GPUs of this machine", "torch 无法使用这台机器的所有 GPU")
        if left
        else Text("torch cannot use the GPU of this machine", "torch 无法使用这台机器的 GPU"),
        evidence=both(decision.reason.en if decision.reason else ""),
        cause=Text(
            f"setup installs torch {left.name}, for the others",
            f"安装程序会为其余 GPU 安装 torch {left.name}",
        )
        if left
        else Text("setup installs the CPU build, which works too", "安装程序会改用 CPU 版，同样可用"),
        remedy=Remedy(commands=(("export", "CUDA_DEVICE_ORDER=PCI_BUS_ID", setting),), safe=False)
        if left
        else Remedy(),
    )


def variant(version: str) -> str:
    """The local part of a version: cpu, cu126, … An index default carries none."""
    return Version(version).local or ""


def _no_torchvision(torch: Torch) -> Finding:
    return Finding(
        id="torchvision-left-out",
        area="torch",
        severity="info",
        title=Text(
            "torchvision is left out: no source that answers has the build for this torch",
            "未安装 torchvision：可访问的来源中没有与此 torch 匹配的构建",
        ),
        evidence=both(
            f"torch {torch.version}; timm cannot be imported, so the lecture's object-detection cell fails"
        ),
        cause=Text(
            "a torchvision of another build would break at import; the rest of lecture 1 does not need it",
            "不匹配的 torchvision 会在导入时出错；第 1 讲的其他内容不需要它",
        ),
        remedy=Remedy(commands=(("make", "setup", "ARGS=--only torch"),)),
    )


def _finding(finding_id: str, title: Text, evidence: str) -> Finding:
    return Finding(
        id=finding_id,
        area="torch",
        severity="fail",
        title=title,
        evidence=both(evidence),
        cause=Text(
            "setup has not finished, or another installer changed it", "安装未完成，或被其他安装工具改动"
        ),
        remedy=REMEDY,
        blocked_by=BLOCKERS,
    )
