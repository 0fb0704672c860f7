"""The process of our JupyterLab server: found by what its launcher left, never fooled by a reused pid."""

from __future__ import annotations

import json
import pwd
import re
from collections.abc import Sequence
from pathlib import Path

import msgspec
import psutil

from doctor.facts import JupyterServer, PortOwner
from doctor.goal import Goal
from doctor.lab.answers import get
from doctor.lab.files import settings_of
from doctor.lab.sockets import Listening, sockets_of
from doctor.lab.wanted import UNIT_VARIABLE, Setting, config_path, local_address, unit_name
from doctor.reading.peek import peek

ANSWER_SECONDS = 3.0
SECRET = re.compile(r"((?:token|password|passwd|secret|key)\w*[= ])\S+", re.IGNORECASE)
EVERYWHERE = ("0.0.0.0", "::")


class Launched(msgspec.Struct, frozen=True):
    """What the launcher writes: a process, named so that no later process can be taken for it."""

    pid: int
    start_ticks: int  # field 22 of /proc/PID/stat: clock ticks after the machine's start
    boot: str


def log_path(goal: Goal) -> Path:
    return Path(goal.jupyter_dir) / "jupyter.log"


def launched(goal: Goal, what: str = "server") -> Launched | None:
    """The server (or its watcher) that was started last and not stopped since; None when there is none."""
    try:
        return msgspec.json.decode(peek(Path(goal.jupyter_dir) / f"{what}.json") or b"", type=Launched)
    except ValueError:
        return None


def is_alive(server: Launched) -> bool:
    """Whether the process is still that process: same boot, same start, and no zombie."""
    if boot_id() != server.boot:
        return False
    try:
        said = Path(f"/proc/{server.pid}/stat").read_text(errors="replace")
    except OSError:
        return False
    fields = said.rpartition(")")[2].split()  # the name before it may hold spaces and brackets
    # A zombie with threads is still ending: its port is not free yet.
    ended = fields[0] in ("Z", "X") and int(fields[17]) <= 1
    return not ended and int(fields[19]) == server.start_ticks


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def running_process(goal: Goal, what: str = "server") -> psutil.Process | None:
    """The process of the server, or of its watcher. Its signals go to that very process or to none."""
    server = launched(goal, what)
    if server is None:
        return None
    try:
        process = psutil.Process(server.pid)
        process.create_time()  # psutil knows it by this from here on; so look before is_alive does
    except psutil.NoSuchProcess:
        return None
    return process if is_alive(server) else None


def ended_pid(goal: Goal) -> int | None:
    server = launched(goal)
    return server.pid if server and not is_alive(server) else None


def running_server(goal: Goal) -> JupyterServer | None:
    process = running_process(goal)
    if process is None:
        return None
    started_with = Path(goal.jupyter_dir) / "running_config.json"
    settings = settings_of(started_with)
    version = ask_version(settings)
    return JupyterServer(
        pid=process.pid,
        started_at=process.create_time(),
        answers=version is not None,
        version=version,
        settings=settings,
        config_is_current=_same(started_with, Path(config_path(goal)))
        and not _changed_since(settings.get("ServerApp.certfile"), started_with),
        kept_up_by=_kept_up_by(goal, process.pid),
    )


def _changed_since(file: Setting, started_with: Path) -> bool:
    """A certificate is read once, at the start; the configuration was copied then."""
    try:
        return bool(file) and Path(str(file)).stat().st_mtime_ns > started_with.stat().st_mtime_ns
    except OSError:
        return False


def _kept_up_by(goal: Goal, pid: int) -> str | None:
    """Who starts it again when it ends."""
    if running_process(goal, "watcher"):
        return "watcher"
    variables = peek(Path(f"/proc/{pid}/environ")) or b""
    return "systemd" if f"{UNIT_VARIABLE}={unit_name(goal)}".encode() in variables.split(b"\0") else None


def ask_version(settings: dict[str, Setting], seconds: float = ANSWER_SECONDS) -> str | None:
    """What GET /api says its version is; None when nothing answers there in time."""
    host, port = str(settings.get("ServerApp.ip") or ""), settings.get("ServerApp.port")
    if not isinstance(port, int):
        return None
    answer = get(local_address(host), port, "/api", seconds, tls=bool(settings.get("ServerApp.certfile")))
    try:
        said = json.loads(answer.body) if answer and answer.status == 200 else {}
    except ValueError:
        return None
    version = said.get("version") if isinstance(said, dict) else None
    return version if isinstance(version, str) else None


def port_owner(goal: Goal, ours: int | None, sockets: Sequence[Listening]) -> PortOwner | None:
    """Who of all that listen does it where our server wants to, when it is not that server (`ours`).

    A process of another user may stay without pid and command: the kernel tells its user alone.
    """
    there = [one for one in sockets if one.port == goal.port]
    if not there or (ours and {one.inode for one in there} <= sockets_of(ours)):
        return None  # nobody else: to ask whose all sockets are takes many times as long
    listening = (s for s in psutil.net_connections("tcp") if s.status == psutil.CONN_LISTEN)
    at_port = [(s.laddr.ip, s.pid) for s in listening if s.laddr and s.laddr.port == goal.port]
    foreign = [pid for ip, pid in at_port if (pid is None or pid != ours) and _overlap(goal.ip, ip)]
    if not foreign:
        return None
    pid = next(filter(None, foreign), None)
    return PortOwner(pid=pid, user=_user_of(pid) or _user_name(there[0].uid), command=_command(pid))


def describe_owner(pid: int | None, uid: int) -> PortOwner:
    """A process, as others may know of it; `uid` is the user of its socket."""
    return PortOwner(pid=pid, user=_user_of(pid) or _user_name(uid), command=_command(pid))


def _overlap(wanted: str, taken: str) -> bool:
    taken = taken.removeprefix("::ffff:")
    if taken in EVERYWHERE or wanted in ("*", *EVERYWHERE):
        return True
    return taken in ("127.0.0.1", "::1") if wanted == "localhost" else taken == wanted


def _user_of(pid: int | None) -> str | None:
    try:
        return psutil.Process(pid).username() if pid else None
    except psutil.Error:
        return None


def _command(pid: int | None) -> str:
    try:
        process = psutil.Process(pid) if pid else None
        said = " ".join(process.cmdline()) or process.name() if process else ""
    except psutil.Error:
        return ""
    return SECRET.sub(r"\1***", said)[:120]  # somebody else's arguments end up in a report


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _same(one: Path, other: Path) -> bool:
    content = peek(one)
    return content is not None and content == peek(other)
