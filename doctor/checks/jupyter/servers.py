"""The person's running servers: who can reach them, where they are, and whether they can save."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.jupyter.course import port_in_use
from doctor.checks.jupyter.effective import effective, is_local
from doctor.facts import Colab, Facts, Folder, Jupyter, LabProcess, Packages
from doctor.finding import Finding, Severity
from doctor.goal import Goal
from doctor.text import Text, human_bytes

ROOM = 64 * 1024**2  # below it saving a notebook fails sooner or later
MANY_DEAD = 5


def check(jupyter: Jupyter, facts: Facts, goal: Goal) -> Iterator[Finding]:
    yield from exposed(jupyter, facts)
    for server in jupyter.servers:
        yield from _reach(server, jupyter)
        yield from _port(server, jupyter)
        yield from _secrets(server, jupyter)
    yield from _wanted_port(jupyter, facts, goal)
    yield from _together(jupyter)
    yield from full(jupyter)
    yield from _folders(jupyter)


def exposed(jupyter: Jupyter, facts: Facts) -> Iterator[Finding]:
    """Open to whoever reaches the machine. Colab and its like guard the door themselves."""
    if isinstance(facts.colab, Colab) and facts.colab.kind:
        return
    for server in jupyter.servers:
        outside = [address for address in server.addresses if not is_local(address)]
        if server.guard == "none" and outside:
            at = ", ".join(f"{address}:{server.port}" for address in outside)
            yield found("jupyter", "jupyter-exposed-without-password", pid=server.pid, at=at)


def _reach(server: LabProcess, jupyter: Jupyter) -> Iterator[Finding]:
    if not server.addresses or not server.port:
        return
    if not all(is_local(address) for address in server.addresses):
        yield from _closed(server, jupyter)
        return
    settings = effective(jupyter)
    wanted = server.settings.get("ServerApp.ip", settings.get("ServerApp.ip"))
    asked = not is_local(wanted)
    yield found(
        "jupyter",
        "jupyter-bound-to-localhost",
        severity="fail" if asked else "info",
        pid=server.pid,
        at=f"{server.addresses[0]}:{server.port}",
        port=server.port,
        why=Text(f"the configuration says {wanted!r}", f"配置中写的是 {wanted!r}") if asked else DEFAULT,
    )


def _closed(server: LabProcess, jupyter: Jupyter) -> Iterator[Finding]:
    port, provider = server.port or 0, jupyter.provider
    if provider and port not in jupyter.provider_ports:
        # RunPod's own variables do not tell which ports its HTTP proxy lets in.
        severity: Severity | None = None if jupyter.provider_ports and provider != "RunPod" else "info"
        ports = [str(one) for one in jupyter.provider_ports] or ["?"]
        yield found(
            "jupyter",
            "jupyter-port-closed-by-provider",
            severity=severity,
            port=port,
            provider=provider,
            ports=ports,
        )
    if jupyter.firewall:
        yield found("jupyter", "jupyter-port-closed-by-firewall", port=port, file=jupyter.firewall)


def _port(server: LabProcess, jupyter: Jupyter) -> Iterator[Finding]:
    """It moved to the next port in silence, since the wanted one was taken."""
    wanted = server.settings.get("ServerApp.port", effective(jupyter).get("ServerApp.port"))
    holder = jupyter.wanted_port_owner
    if not isinstance(wanted, int) or wanted in (0, server.port) or holder is None:
        return
    if wanted == jupyter.wanted_port:
        moved = Text(f"so the server moved to port {server.port}", f"因此服务器换到了端口 {server.port}")
        yield port_in_use(wanted, holder, moved)


def _wanted_port(jupyter: Jupyter, facts: Facts, goal: Goal) -> Iterator[Finding]:
    """Nothing of the person's runs yet, and the port is gone already."""
    holder, port = jupyter.wanted_port_owner, jupyter.wanted_port
    if goal.port not in (port, 8888) and jupyter.port_owner:
        holder, port = jupyter.port_owner, goal.port
    if holder is None or jupyter.servers:
        return
    installed = facts.packages.installed if isinstance(facts.packages, Packages) else {}
    said = any(line.sign == "port-taken" for line in jupyter.log_lines)
    asked = said or effective(jupyter).get("ServerApp.port") == port or port == goal.port != 8888
    if asked:
        yield port_in_use(port, holder, WILL_MOVE)
    elif "jupyter-server" in installed and "jupyter" not in holder.command:
        yield port_in_use(port, holder, WILL_MOVE, severity="warn")


def _secrets(server: LabProcess, jupyter: Jupyter) -> Iterator[Finding]:
    if server.secret_words:
        severity: Severity = "warn" if jupyter.other_users else "info"
        yield found(
            "jupyter",
            "jupyter-token-in-arguments",
            severity=severity,
            pid=server.pid,
            names=server.secret_words,
        )
    near = server.addresses and all(is_local(address) for address in server.addresses)
    if server.guard == "password" and not near:  # a link is passed on to those who are elsewhere
        yield found("jupyter", "jupyter-token-vs-password", pid=server.pid, port=server.port or 0)


def _together(jupyter: Jupyter) -> Iterator[Finding]:
    roots: dict[str, list[str]] = {}
    for server in jupyter.servers:
        if server.root_dir:
            roots.setdefault(server.root_dir, []).append(str(server.pid))
    for root, pids in roots.items():
        if len(pids) > 1:
            yield found("jupyter", "jupyter-two-servers-one-folder", folder=root, pids=pids)
    if jupyter.dead_servers >= MANY_DEAD:
        runtime = next((f.path for f in jupyter.folders if f.role == "runtime"), "?")
        yield found("jupyter", "jupyter-dead-runtime-files", count=jupyter.dead_servers, folder=runtime)


def full(jupyter: Jupyter) -> Iterator[Finding]:
    for folder in jupyter.folders:
        if folder.role == "root_dir" and folder.exists and _is_full(folder):
            free = human_bytes(folder.free_bytes or 0)
            inodes = "-" if folder.free_inodes is None else str(folder.free_inodes)
            yield found("jupyter", "jupyter-disk-full-save", folder=folder.path, free=free, inodes=inodes)


def _is_full(folder: Folder) -> bool:
    return (folder.free_bytes is not None and folder.free_bytes < ROOM) or folder.free_inodes == 0


def _shut(folder: Folder) -> Finding:
    if folder.in_the_way:
        how = Text(
            f"is wanted, but {folder.in_the_way} is a file, or a link that leads nowhere",
            f"无法创建：{folder.in_the_way} 是一个文件，或指向不存在位置的链接",
        )
        move = ("mv", folder.in_the_way, f"{folder.in_the_way}.old")
        return found(
            "jupyter", "jupyter-runtime-dir-permission", folder=folder.path, how=how, commands=(move,)
        )
    how = Text(f"belongs to {folder.owner} and is not writable for you", f"属于 {folder.owner}，你没有写权限")
    return found("jupyter", "jupyter-runtime-dir-permission", folder=folder.path, how=how)


def _folders(jupyter: Jupyter) -> Iterator[Finding]:
    shut: list[str] = []
    for folder in jupyter.folders:
        if folder.role != "root_dir":
            if not folder.writable and not any(folder.path.startswith(f"{path}/") for path in shut):
                shut.append(folder.path)  # those inside it follow from it
                yield _shut(folder)
        elif not folder.exists:
            yield found("jupyter", "jupyter-root-dir-missing", folder=folder.path, by=folder.named_by)
        elif not folder.writable:
            yield found("jupyter", "jupyter-root-dir-read-only", folder=folder.path, owner=folder.owner)


DEFAULT = Text(
    "the default, and safe: reach it by an ssh tunnel", "这是默认设置，也安全：请通过 ssh 隧道访问"
)
WILL_MOVE = Text(
    "Jupyter will move to the next port in silence, or not start", "Jupyter 会悄悄换到下一个端口，或无法启动"
)
