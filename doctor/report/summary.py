"""One line an area: what is there, in a few words. Says only what the facts say; judging is for the checks."""

from __future__ import annotations

from collections.abc import Callable

from doctor.catalogue import in_chinese
from doctor.facts import (
    Colab,
    Conda,
    Disk,
    Facts,
    Ffmpeg,
    Gpu,
    Host,
    Hub,
    Jupyter,
    Network,
    Packages,
    Python,
    Smoke,
    Torch,
    Unknown,
)
from doctor.goal import Goal
from doctor.probes import NOT_ASKED
from doctor.text import Text, both, human_bytes

NAMES = {
    "host": Text("host", "主机"),
    "gpu": Text("gpu", "显卡"),
    "disk": Text("disk", "磁盘"),
    "network": Text("network", "网络"),
    "conda": Text("conda", "conda"),
    "python": Text("python", "Python"),
    "packages": Text("packages", "软件包"),
    "torch": Text("torch", "torch"),
    "hub": Text("hub", "模型库"),
    "ffmpeg": Text("ffmpeg", "ffmpeg"),
    "jupyter": Text("jupyter", "Jupyter"),
    "colab": Text("colab", "托管笔记本"),
    "smoke": Text("smoke", "验证"),
}
NONE = Text("none", "无")


def summary(area: str, goal: Goal, facts: Facts) -> Text:
    """What is there, of one area."""
    said = getattr(facts, area)
    if said == NOT_ASKED:
        return Text("not looked at", "未检查")
    if isinstance(said, Unknown):
        return Text(f"could not tell: {said.reason}", f"无法得知：{in_chinese(said.reason)}")
    return SUMMARIES[area](said, goal)


def _host(host: Host, goal: Goal) -> Text:
    size = human_bytes(host.memory_bytes)
    return Text(
        f"{host.os_name}, {host.cpus:g} {'CPU' if host.cpus == 1 else 'CPUs'}, {size} of memory",
        f"{host.os_name}，{host.cpus:g} 核，内存 {size}",
    )


def _gpu(gpu: Gpu, goal: Goal) -> Text:
    if isinstance(gpu.devices, Unknown) or not gpu.devices:
        there = len(gpu.pci)
        return (
            Text(f"{there} on the PCI bus, none usable", f"PCI 总线上 {there} 块，均不可用")
            if there
            else NONE
        )
    names = ", ".join(dict.fromkeys(device.name for device in gpu.devices))
    driver = gpu.driver if isinstance(gpu.driver, str) else "?"
    count = len(gpu.devices)
    return Text(f"{count} × {names}, driver {driver}", f"{count} × {names}，驱动 {driver}")


def _disk(disk: Disk, goal: Goal) -> Text:
    mounts = {place.mount: human_bytes(place.free_bytes) for place in disk.places}
    return Text(
        ", ".join(f"{mount} {free} free" for mount, free in mounts.items()),
        "，".join(f"{mount} 剩余 {free}" for mount, free in mounts.items()),
    )


def _network(network: Network, goal: Goal) -> Text:
    reply = network.reply("hub")
    if not network.asked:
        return Text("only settings were read", "仅读取了设置")
    if reply:
        return both(f"{network.endpoint}  {reply.seconds:.2f} s" if reply.from_hub else network.endpoint)
    up = sum(1 for answer in network.answers if answer.seconds is not None)
    count = len(network.answers)
    return Text(f"{up} of {count} sources answer", f"{count} 个来源中 {up} 个有响应")


def _conda(conda: Conda, goal: Goal) -> Text:
    found = [f"{one.prefix} {one.version or ''}".strip() for one in conda.installs if one.state == "complete"]
    return both(", ".join(found)) if found else NONE


def _python(python: Python, goal: Goal) -> Text:
    return both(f"{python.version} ({python.kind})") if python.version else Text("not there", "不存在")


def _packages(packages: Packages, goal: Goal) -> Text:
    count = len({**packages.elsewhere, **packages.installed})
    return Text(f"{count} installed", f"已安装 {count} 个")


def _torch(torch: Torch, goal: Goal) -> Text:
    if torch.version is None:
        return NONE
    built = f"CUDA {torch.cuda}" if torch.cuda else "CPU"
    return both(f"{torch.version} ({built})")


def _hub(hub: Hub, goal: Goal) -> Text:
    whole = sum(1 for model in hub.models if model.state == "complete")
    count = len(hub.models)
    return Text(
        f"{whole} of {count} models of the course in {hub.cache}",
        f"{hub.cache} 中有课程 {count} 个模型中的 {whole} 个",
    )


def _ffmpeg(ffmpeg: Ffmpeg, goal: Goal) -> Text:
    return both(f"{ffmpeg.version}") if ffmpeg.version else NONE


def _jupyter(jupyter: Jupyter, goal: Goal) -> Text:
    if goal.foreign:
        kernels, servers = len(jupyter.kernels), len(jupyter.servers)
        return Text(
            f"kernels: {kernels}, servers running: {servers}",
            f"内核 {kernels} 个，运行中的服务器 {servers} 个",
        )
    server = jupyter.server
    if server is None:
        return Text("no server of ours runs", "我们的服务器未运行")
    return Text(f"runs, pid {server.pid}", f"正在运行，pid {server.pid}")


def _colab(colab: Colab, goal: Goal) -> Text:
    return both(colab.kind) if colab.kind else Text("not a hosted notebook", "不是托管笔记本")


def _smoke(smoke: Smoke, goal: Goal) -> Text:
    passed = sum(1 for task in smoke.tasks if task.status == "pass")
    if not smoke.taken_at:
        return Text("never run", "从未运行")
    count = len(smoke.tasks)
    return Text(
        f"{passed} of {count} pipelines passed on {smoke.taken_at}",
        f"{smoke.taken_at}：{count} 个管道中 {passed} 个通过",
    )


SUMMARIES: dict[str, Callable[..., Text]] = {
    "host": _host,
    "gpu": _gpu,
    "disk": _disk,
    "network": _network,
    "conda": _conda,
    "python": _python,
    "packages": _packages,
    "torch": _torch,
    "hub": _hub,
    "ffmpeg": _ffmpeg,
    "jupyter": _jupyter,
    "colab": _colab,
    "smoke": _smoke,
}
