"""What this machine shows of the very thing that a text names: the path that was refused, the command that was not found."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from doctor.facts import Unknown
from doctor.facts.disk import Place
from doctor.goal.target import ACTIVE, site_of
from doctor.probes.disk import owner, place
from doctor.probes.patience import within
from doctor.reading.peek import is_file, is_there
from doctor.text import Text, human_bytes
from doctor.texts.match import Match

# Where programs lie that PATH often does not name.
FOLDERS = (
    "~/.local/bin", "/usr/local/bin", "/usr/local/sbin", "/usr/sbin", "/sbin", "/opt/conda/bin", "~/miniconda3/bin", "~/anaconda3/bin",
    "~/.cargo/bin", "/usr/local/cuda/bin", "/usr/lib/wsl/lib", "/snap/bin",
)  # fmt: skip

CONDA = ("~/miniconda3", "~/anaconda3", "~/miniforge3", "/opt/conda", "/opt/miniconda3", "/root/miniconda3")
MOST, SHOWN = 30, 3  # environments of one conda; and of those that have a module


def with_sight(match: Match) -> Match:
    """The same match, with what is seen here of the thing that it is about, where that is something."""
    look = SIGHTS.get(match.id)
    seen = look(match.values) if look else None
    return msgspec.structs.replace(match, seen=seen) if seen else match


def _path(values: Mapping[str, object]) -> Text | None:
    path = Path(str(values["path"])).expanduser()
    if not path.is_absolute():
        return None  # of the folder that the program ran in, which is not known
    said = within(_describe, path)
    if isinstance(said, Unknown):
        return Text(f"{path}: {said.reason}", f"{path}：{said.reason}")
    return said


def _describe(path: Path) -> Text:
    last = next(one for one in (path, *path.parents) if is_there(one))
    seen, where = place("named", path), last.lstat()
    mode, holder, me = stat.filemode(where.st_mode), owner(last), _user()
    gone = (
        Text("", "")
        if last == path
        else Text(
            f"{path} is not there; of its path there is {last}: ", f"{path} 不存在；路径中存在的是 {last}："
        )
    )
    room, kind = human_bytes(seen.free_bytes), _kind(seen)
    return Text(
        f"{gone.en}{mode}, of {holder} (you are {me}); {room} free on {seen.mount} ({kind.en})",
        f"{gone.zh}{mode}，属于 {holder}（你是 {me}）；{seen.mount} 剩余 {room}（{kind.zh}）",
    )


def _kind(seen: Place) -> Text:
    full = seen.free_inodes == 0
    en = [
        seen.filesystem,
        *(["read-only"] if seen.read_only else []),
        *(["noexec"] if seen.noexec else []),
        *(["no inode left"] if full else []),
    ]
    zh = [
        seen.filesystem,
        *(["只读"] if seen.read_only else []),
        *(["noexec"] if seen.noexec else []),
        *(["没有剩余 inode"] if full else []),
    ]
    return Text(", ".join(en), "，".join(zh))


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _command(values: Mapping[str, object]) -> Text | None:
    name = str(values["command"])
    searched = os.environ.get("PATH", "").split(":")
    there = [path for folder in searched if folder and is_file(path := Path(folder, name))]
    if there:
        return Text(
            f"{there[0]}: in this shell's PATH; the program that did not find it has another one",
            f"{there[0]}：在当前 shell 的 PATH 中；找不到它的程序使用的是另一个 PATH",
        )
    beside = [path for folder in FOLDERS if is_file(path := Path(folder).expanduser() / name)]
    if beside:
        return Text(
            f"{beside[0]}: installed, in a folder that PATH does not name",
            f"{beside[0]}：已安装，但所在文件夹不在 PATH 中",
        )
    return Text(f"no {name} in PATH, nor where it mostly lies", f"PATH 和常见位置中都没有 {name}")


def _module(values: Mapping[str, object]) -> Text | None:
    """The environments of this machine that have it: what was installed went there."""
    top = str(values["module"]).partition(".")[0]
    said = within(_having, top)
    if isinstance(said, Unknown) or not said:
        return None
    there = ", ".join(said[:SHOWN])
    return Text(
        f"{top} is installed in {there}; the program ran with another Python",
        f"{top} 已安装在 {there}；程序使用的是另一个 Python",
    )


def _having(module: str) -> list[str]:
    roots = [Path(root).expanduser() for root in CONDA]
    envs = [env for root in roots if is_there(root / "envs") for env in sorted((root / "envs").iterdir())]
    active = [Path(os.environ[name]) for name in ACTIVE if os.environ.get(name)]
    own = Path("~/.local").expanduser()
    places = dict.fromkeys([*active, *roots, *envs[:MOST], own, Path("/usr/local"), Path("/usr")])
    return [str(place) for place in places if (site := site_of(place)) and _holds(site, module)]


def _holds(site: Path, module: str) -> bool:
    return is_there(site / module) or is_file(site / f"{module}.py")


SIGHTS: dict[str, Callable[[Mapping[str, object]], Text | None]] = {
    "path-refused": _path,
    "command-not-found": _command,
    "module-not-installed": _module,
    "module-of-own-or-unknown": _module,
}
