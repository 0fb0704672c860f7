"""ffmpeg: from apt for root, else from conda-forge in a conda environment, else a static build in a wheel."""

from __future__ import annotations

from pathlib import Path

from bootstrap.env import conda
from bootstrap.env.uv import from_any_index
from bootstrap.step import Cost, Work
from doctor.errors import Exit, Trouble
from doctor.facts import Facts, Ffmpeg, Host
from doctor.goal import Goal
from doctor.goal.lockfile import LOCKS
from doctor.probes import ffmpeg as probe
from doctor.text import Text

NAME = "ffmpeg"
TITLE = Text("the command ffmpeg", "ffmpeg 命令")
AFTER = ("environment", "packages")
WAITS: tuple[str, ...] = ()
AREAS = ("ffmpeg",)

# dpkg may be busy with the updates that a fresh server runs at its first start.
APT = ("apt-get", "-y", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3")


def cost(facts: Facts, goal: Goal) -> Cost:
    return Cost(bytes=130_000_000, seconds=45) if uses_apt(facts) else Cost(bytes=31_000_000, seconds=10)


def changes(facts: Facts, goal: Goal) -> tuple[Text, ...]:
    if uses_apt(facts):
        return (Text("install the system package ffmpeg", "安装系统软件包 ffmpeg"),)
    return (Text(f"put ffmpeg into {goal.prefix}/bin", f"把 ffmpeg 放进 {goal.prefix}/bin"),)


def uses_apt(facts: Facts) -> bool:
    return isinstance(facts.host, Host) and facts.host.is_root and facts.host.has_apt


def run(work: Work) -> None:
    """Each way in turn, until the command works."""
    ways = [static_build]
    if work.goal.manager == "conda":
        ways.insert(0, from_conda_forge)
    if uses_apt(work.facts):
        ways.insert(0, from_apt)
    last = Trouble(
        Text("no way to get ffmpeg worked", "所有获取 ffmpeg 的方法都失败了"),
        Exit.FAILED,
        Text(f"what each way said: {work.log}", f"各方法的输出见：{work.log}"),
    )
    for way in ways:
        try:
            if way(work) and works(work.goal):
                return
        except Trouble as trouble:  # no room on its disk; the next way may go to another one
            last = trouble
    raise last


def works(goal: Goal) -> bool:
    said = probe.probe(goal)
    return isinstance(said, Ffmpeg) and said.version is not None


def from_apt(work: Work) -> bool:
    quiet = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_MODE": "l"}
    install = [*APT, "--no-install-recommends", "install", "ffmpeg"]
    if work.call(install, seconds=900, env=quiet, check=False).code != 0:
        # A fresh image has no package lists, or old ones that name files which are gone.
        work.call([*APT, "update"], seconds=300, env=quiet, check=False)
        if work.call(install, seconds=900, env=quiet, check=False).code != 0:
            return False
    work.note("apt-installed", "ffmpeg")
    return True


def from_conda_forge(work: Work) -> bool:
    return conda.install(work, "ffmpeg")


def static_build(work: Work) -> bool:
    """A wheel that carries a static ffmpeg, unpacked into a folder of ours and linked into the environment."""
    folder = Path(work.goal.home) / "ffmpeg"
    work.note("created", str(folder))
    lock = str(LOCKS / "ffmpeg.txt")
    if from_any_index(work, ["--require-hashes", "--target", str(folder), "-r", lock]).code != 0:
        return False
    binaries = sorted(folder.glob("imageio_ffmpeg/binaries/ffmpeg-linux*"))
    if not binaries:
        return False
    binaries[0].chmod(0o755)
    work.note("created", f"{work.goal.prefix}/bin/ffmpeg")
    link_into(Path(work.goal.prefix) / "bin" / "ffmpeg", binaries[0])
    return True


def link_into(link: Path, target: Path) -> None:
    """Make or replace a symbolic link in one move."""
    beside = link.with_name(f".{link.name}.part")
    beside.unlink(missing_ok=True)
    beside.symlink_to(target)
    beside.replace(link)
