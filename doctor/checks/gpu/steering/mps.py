"""NVIDIA's server that shares a card among programs (MPS): CUDA looks for it, and cannot start where it is half there."""

from __future__ import annotations

from doctor.catalogue import found
from doctor.facts import Gpu
from doctor.finding import Finding
from doctor.text import Text

REFUSED = 805  # what cuInit answers
SAYS = {
    "no folder": Text("there is no such folder", "该目录不存在"),
    "no control": Text("no socket `control` in it", "其中没有套接字 control"),
    "dead": Text(
        "nobody has its socket `control` open: the daemon is gone",
        "没有进程在使用套接字 control：守护进程已退出",
    ),
    "denied": Text("this user may not use its socket `control`", "当前用户无权使用套接字 control"),
    "alive": Text("its daemon is there", "守护进程在运行"),
    "": Text("no pipe of a daemon here", "这里没有守护进程的管道"),
}


def check(gpu: Gpu) -> Finding | None:
    """Where the usual folder is empty, nobody shares a card, and CUDA goes its own way."""
    one, refused = gpu.mps, gpu.cuda_code == REFUSED
    gone = one is not None and one.state != "alive" and (one.named or one.state in ("dead", "denied"))
    if not gone and not refused:
        return None
    folder, state = (one.folder, one.state) if one else ("/tmp/nvidia-mps", "")
    return found(
        "gpu",
        "mps-daemon-not-reachable",
        severity="fail" if refused or state in ("dead", "denied") else "warn",
        folder=folder,
        named="CUDA_MPS_PIPE_DIRECTORY=" if one and one.named else "",
        said=SAYS[state],
        commands=_commands(gpu, folder),
    )


def _commands(gpu: Gpu, folder: str) -> tuple[tuple[str, ...], ...] | None:
    if gpu.container:
        share = ("docker", "run", "--gpus", "all", "--ipc=host", "-v", f"{folder}:{folder}", "IMAGE")
        return ((("unset", "CUDA_MPS_PIPE_DIRECTORY"),) if gpu.mps and gpu.mps.named else ()) + (share,)
    if gpu.mps and gpu.mps.named:
        return (("unset", "CUDA_MPS_PIPE_DIRECTORY"), ("nvidia-cuda-mps-control", "-d"))
    return None
