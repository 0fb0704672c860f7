"""Is torch there, of the wanted release, and does torchvision belong to it?"""

from __future__ import annotations

from collections.abc import Iterator

from packaging.version import Version

from doctor.facts import Facts, Gpu, Torch
from doctor.finding import Finding, Remedy
from doctor.goal import Goal
from doctor.text import Text

BLOCKERS = ("environment-missing", "environment-half-made", "environment-foreign")
REMEDY = Remedy(commands=(("make", "setup"),), step="torch")


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    torch = facts.torch
    assert isinstance(torch, Torch)
    wanted = goal.profile.torch
    if torch.version is None:
        yield _finding(
            "torch-missing", Text("torch is not installed", "没有安装 torch"), f"wanted {wanted.version}"
        )
    elif Version(torch.version).release != Version(wanted.version).release and goal.manager != "system":
        title = Text(
            f"torch is {torch.version}, wanted is {wanted.version}",
            f"torch 是 {torch.version}，需要 {wanted.version}",
        )
        yield _finding("torch-other-version", title, f"torch {torch.version}")
    elif (
        torch.cuda is None
        and isinstance(facts.gpu, Gpu)
        and isinstance(facts.gpu.devices, tuple)
        and facts.gpu.devices
    ):
        yield _finding(
            "torch-cpu-build-on-gpu",
            Text("a CPU build of torch on a machine with a GPU", "有 GPU 的机器上装了 CPU 版 torch"),
            f"torch {torch.version}; {facts.gpu.devices[0].name}",
        )
    elif "torchvision" in wanted.companions and torch.torchvision is None:
        yield _no_torchvision(torch)
    elif torch.torchvision and variant(torch.torchvision) != variant(torch.version):
        yield _finding(
            "torchvision-other-build",
            Text("torchvision was built for another torch", "torchvision 与 torch 的构建不匹配"),
            f"torch {torch.version}, torchvision {torch.torchvision}",
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
        evidence=f"torch {torch.version}; timm cannot be imported, so the lecture's object-detection cell fails",
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
        evidence=evidence,
        cause=Text(
            "setup has not finished, or another installer changed it", "安装未完成，或被其他安装工具改动"
        ),
        remedy=REMEDY,
        blocked_by=BLOCKERS,
    )
