"""Its own name, what it may watch, and what Windows lets it have."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.host import limits
from doctor.facts import Facts, Host, Packages
from doctor.facts.host import WslConfig
from doctor.finding import Finding, Severity
from doctor.text import Text, human_bytes

FEW_WATCHES = 8192  # what kernels before 5.11 allow, and small machines
WATCHERS = ("streamlit", "watchdog")
MOST_SCRIPTS = 5
TAKEN = 0.8  # of what was asked for; the kernel keeps a little for itself
FAULTS = {
    "encoding": Text("it is saved as UTF-16", "文件以 UTF-16 编码保存"),
    "one-line": Text("[wsl2] and the setting stand on one line", "[wsl2] 与设置项写在同一行"),
    "section": Text("the setting does not stand below [wsl2]", "设置项不在 [wsl2] 之下"),
    "name": Text("its name ends with .txt", "文件名以 .txt 结尾"),
}
NOT_YET = Text(
    "WSL was not shut down since, or Windows has no more", "修改后没有关闭过 WSL，或 Windows 没有更多内存"
)


def check(facts: Facts, host: Host) -> Iterator[Finding]:
    if host.own_name_leads_to is not None:
        said = host.own_name_leads_to
        there = Text(f"/etc/hosts says {said}", f"/etc/hosts 写的是 {said}")
        nobody = Text("no address is known for it", "查不到它的地址")
        yield found(
            "host", "own-name-unknown", severity="warn", name=host.name, said=there if said else nobody
        )
    if host.inotify_watches is not None and host.inotify_watches <= FEW_WATCHES:
        installed = facts.packages.installed if isinstance(facts.packages, Packages) else {}
        using = [name for name in WATCHERS if name in installed]
        severity: Severity = "warn" if using else "info"
        most = host.inotify_watches
        yield found("host", "inotify-watches-few", severity=severity, most=most, users=using or ["-"])
    yield from _line_ends(host)
    if host.wsl == 2:
        yield from _windows(facts, host, host.wslconfig)


def _line_ends(host: Host) -> Iterator[Finding]:
    scripts, variables = host.line_ends.scripts, host.line_ends.variables
    if scripts:
        shown = scripts[:MOST_SCRIPTS]
        yield found("host", "script-with-windows-line-ends", files=shown, count=len(scripts))
    if variables:
        yield found("host", "variable-with-windows-line-end", names=variables)


def _windows(facts: Facts, host: Host, config: WslConfig | None) -> Iterator[Finding]:
    memory = human_bytes(host.total_bytes)
    wanted = config.memory if config else None
    less = wanted is not None and host.total_bytes < TAKEN * wanted
    if config and (config.fault or less):
        why = FAULTS.get(config.fault, NOT_YET)
        yield found("host", "wslconfig-not-read", path=config.path, why=why, memory=memory)
    elif wanted is None and (host.machine_oom_kills or limits.too_large(facts, host)):
        yield found("host", "wsl-memory-default", memory=memory, kills=host.machine_oom_kills)
