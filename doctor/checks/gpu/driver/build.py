"""A kernel module that DKMS could not build: why, and what lets it be built."""

from __future__ import annotations

import re

from doctor.catalogue import found
from doctor.checks.gpu.see import NONE
from doctor.facts import Build
from doctor.finding import Finding
from doctor.text import Text

AGAIN = ("sh", "-c", "dkms autoinstall && modprobe nvidia && modprobe nvidia_uvm")
WHY = {
    "compiler": Text(
        "the kernel was built by another compiler ({wanted}) than the one that was taken here",
        "内核是用另一个编译器（{wanted}）编译的，与这里使用的不同",
    ),
    "compiler-missing": Text("the compiler {wanted} is not installed", "没有安装编译器 {wanted}"),
    "headers": Text("the headers of the running kernel are not installed", "没有安装当前内核的头文件"),
    "disk": Text("the disk was full while it was compiled", "编译时磁盘已满"),
    "memory": Text("the compiler was killed: too little memory", "编译器被终止：内存不足"),
    "tool": Text("what compiling needs is not installed: {wanted}", "缺少编译所需的程序：{wanted}"),
    "licence": Text(
        "this kernel lets only GPL modules use what the closed module needs",
        "此内核只允许 GPL 模块使用闭源模块所需的符号",
    ),
    "signing": Text(
        "the module could not be signed: the key is missing or damaged", "模块无法签名：密钥缺失或损坏"
    ),
    "kernel-too-new": Text(
        "this release of the driver does not fit the running kernel, which is newer",
        "驱动版本不适配当前内核（内核较新）",
    ),
    "": Text("its log says where it stopped", "日志中写明了停止的位置"),
}
OF_HEADER = {
    "gelf": "libelf-dev",
    "libelf": "libelf-dev",
    "elf": "libelf-dev",
    "pahole": "dwarves",
    "perl": "perl",
}
BINUTILS = ("ld", "objcopy", "strip")


def failed(build: Build, installed: tuple[str, ...]) -> Finding:
    wanted = build.wanted or Text("another one", "另一个版本")
    why = WHY.get(build.why, WHY[""])
    words = (wanted, wanted) if isinstance(wanted, str) else (wanted.en, wanted.zh)
    return found(
        "gpu",
        "driver-module-build-failed",
        why=Text(why.en.format(wanted=words[0]), why.zh.format(wanted=words[1])),
        log=build.log,
        line=build.line,
        installed=installed or NONE,
        commands=_commands(build),
    )


def _commands(build: Build) -> tuple[tuple[str, ...], ...]:
    first: dict[str, tuple[tuple[str, ...], ...]] = {
        "compiler": (*_install(_compiler(build.wanted)), *_taken(build.wanted)),
        "compiler-missing": _install(_compiler(build.wanted)),
        "headers": (("sh", "-c", "apt-get install -y linux-headers-$(uname -r)"),),
        "disk": (("df", "-h", "/var", "/tmp", "/lib/modules"),),
        "tool": _install(_package(build.wanted)),
        "memory": (("free", "-h"),),
        "signing": (("update-secureboot-policy", "--new-key"),),
        "kernel-too-new": (("apt-get", "update"), ("apt-get", "install", "-y", "nvidia-driver-580-server")),
        "licence": (("apt-get", "update"), ("apt-get", "install", "-y", "nvidia-driver-580-server-open")),
    }
    again = AGAIN if "dkms" in build.log else ("sh", "NVIDIA-Linux-x86_64-VERSION.run")
    return (*first.get(build.why, (("tail", "-n", "40", build.log),)), again)


def _install(package: str) -> tuple[tuple[str, ...], ...]:
    return (("apt-get", "install", "-y", package),)


def _compiler(wanted: str) -> str:
    """A package of its name where it has a number, else the usual one."""
    return wanted if re.fullmatch(r"(?:gcc|clang)-\d+", wanted) else "build-essential"


def _taken(wanted: str) -> tuple[tuple[str, ...], ...]:
    """The kernel's makefiles start `gcc`, whatever else is installed."""
    if not re.fullmatch(r"gcc-\d+", wanted):
        return ()
    one = f"/usr/bin/{wanted}"
    return (
        ("update-alternatives", "--install", "/usr/bin/gcc", "gcc", one, "100"),
        ("update-alternatives", "--set", "gcc", one),
    )


def _package(tool: str) -> str:
    if tool in OF_HEADER or tool.startswith("openssl"):
        return OF_HEADER.get(tool, "libssl-dev")
    return {"python3": "python3", "awk": "gawk"}.get(tool, "binutils" if tool in BINUTILS else tool)
