"""Calling uv. Indexes, certificates and proxies come with the environment that stage 0 prepared."""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from bootstrap import process
from bootstrap.download import sha256_of
from bootstrap.mirrors import measure, through, why_silent
from bootstrap.pace import Floor
from bootstrap.safety import no_room
from bootstrap.step import Work
from doctor.errors import Exit, Trouble
from doctor.facts import Facts, Packages, Torch
from doctor.goal.profile import CONFIGS
from doctor.probes.installers.pip import indexes
from doctor.text import Text

# On a bad link a wheel may need many tries and long silences; a person's own settings win.
PATIENCE = {"UV_HTTP_RETRIES": "8", "UV_HTTP_TIMEOUT": "60", "UV_NO_PROGRESS": "1"}
# Where another source is there to go on with, a bad one is left sooner. What came so far stays in uv's cache.
BRISK = {"UV_HTTP_RETRIES": "2", "UV_HTTP_TIMEOUT": "20"}
FETCHED = "Prepared "  # how uv's line begins when all wheels are there and it goes on to put them in place
SETTINGS = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")

# What a person's shell says to uv for other projects is taken out. What we ask for is exact, by version or by hash: it could
# only keep that from coming, or let it come to another place.
OTHERS = (
    "UV_CONSTRAINT", "UV_OVERRIDE", "UV_EXCLUDE", "UV_EXCLUDE_NEWER", "UV_NO_BINARY", "UV_NO_BINARY_PACKAGE", "UV_NO_VERIFY_HASHES",
    "UV_REQUIRE_HASHES", "UV_RESOLUTION", "UV_PRERELEASE", "UV_SYSTEM_PYTHON", "UV_PYTHON", "UV_TORCH_BACKEND", "UV_WORKING_DIR",
)  # fmt: skip
FOR_US: dict[str, str | None] = {
    **dict.fromkeys(OTHERS),
    "UV_PROJECT": "/",  # a uv.toml or pyproject.toml is looked for from there, not from where the person stands
    "LC_ALL": "C.UTF-8",  # in GBK, say, uv cannot read what a Python says of paths of other letters
}


def uv() -> str:
    """Path of the uv that stage 0 fetched, if it is still that one; on a developer's machine the one on PATH."""
    path = os.environ.get("GROUNDWORK_UV") or shutil.which("uv")
    if path and Path(path).parent.name.startswith("uv-"):
        refuse_changed(Path(path))
    if path:
        return path
    message = Text(
        "uv is not here: start through `make` or scripts/setup.sh",
        "找不到 uv：请通过 make 或 scripts/setup.sh 启动",
    )
    raise Trouble(message, Exit.DEFECT)


@functools.cache
def refuse_changed(path: Path) -> None:
    """Raise Trouble when it is not the pinned uv any more. It is removed, by which stage 0 knows to fetch it anew."""
    pinned = {
        line.split()[-1] for line in (CONFIGS / "uv.txt").read_text().splitlines() if line[:1].isdigit()
    }
    try:
        found = sha256_of(path).hexdigest()
    except OSError as error:
        found = f"{error.strerror}"
    if found in pinned:
        return
    path.unlink(missing_ok=True)
    raise Trouble(
        Text(
            f"{path} is not the uv that is pinned (SHA-256 {found[:16]}…): it was not run, and is removed",
            f"{path} 不是固定版本的 uv（SHA-256 {found[:16]}…）：未运行，已移除",
        ),
        Exit.FAILED,
        Text("to fetch it anew: make setup", "重新获取：make setup"),
    )


def environ(brisk: bool = False) -> dict[str, str]:
    """Settings for uv that the person has not set."""
    ours = PATIENCE | (BRISK if brisk else {})
    return {name: value for name, value in ours.items() if name not in os.environ}


def configured(work: Work) -> bool:
    """Did the person say where packages come from? Then that is asked first, and nothing is compared with it."""
    return any(os.environ.get(name) for name in SETTINGS) or bool(indexes(work.goal.prefix))


def pip_install(
    work: Work,
    arguments: Sequence[str],
    seconds: float = 3600,
    check: bool = True,
    index: str | None = None,
    folders: bool = True,
    brisk: bool = False,
) -> process.Done:
    """`uv pip install` into the goal's environment, without dependencies: the locks resolved them.

    Arguments that say which dependencies to leave to the locks (`--excludes`) bring the others. With `index` from
    there instead of the configured one (it travels in the environment, for it may hold a password); without `folders`
    not from the folders of wheels that are configured. `brisk`: there is another source if this one is slow.
    """
    alone = () if "--excludes" in arguments else ("--no-deps",)
    argv = [uv(), "pip", "install", "--python", work.goal.interpreter, *alone, *arguments]
    where = {"UV_DEFAULT_INDEX": index} if index else {}
    where |= {} if folders else {"UV_FIND_LINKS": ""}
    env, floor = FOR_US | environ(brisk) | where, Floor() if brisk else None

    def line(text: str) -> None:
        if text.startswith(FETCHED):
            work.fetched()
        work.tell(text)

    remove_torn(Path(work.goal.prefix))
    done = work.call(argv, seconds=seconds, env=env, check=check, line=line, floor=floor)
    return no_room.stop(argv, work.log, done)


def remove_torn(prefix: Path) -> None:
    """What a uv that was killed had begun to write of its notes: no RECORD lists it, so nobody else removes it."""
    for path in prefix.glob("lib/python3*/site-packages/*.dist-info/.tmp??????"):
        path.unlink(missing_ok=True)


def install_locked(work: Work, lock: Path, arguments: Sequence[str] = ()) -> None:
    """Install exactly what a lock pins: from the person's sources, then from each measured one, the best first.

    Hashes are checked, so a mirror can fail but not deceive. Raises Trouble when none delivers all of it.
    """
    wanted = ["--require-hashes", *arguments, "-r", str(lock)]
    done = from_any_index(work, wanted)
    if done.code == 0:
        return
    silent = measure("package_index", work.goal)[1]
    why = f" ({why_silent(silent)})" if silent else ""
    message = Text(
        f"no index delivered all of {lock.name}{why}", f"没有软件源能提供 {lock.name} 的全部内容{why}"
    )
    raise process.failed(["uv", "pip", "install"], work.log, done.tail, message, Exit.NETWORK)


def from_any_index(work: Work, wanted: Sequence[str]) -> process.Done:
    """What came of the last try: the person's sources, each measured one, then the person's or uv's default with patience."""
    done = from_configured(work, wanted) if configured(work) else None
    if done and done.code == 0:
        return done
    for answer in through("package_index", work):
        work.tell(f"packages from {answer.name}")
        took = pip_install(work, wanted, check=False, index=answer.url, brisk=True)
        if took.code == 0:
            return took
    # Where nothing is configured: none was fast enough, or none answered.
    return done or pip_install(work, wanted, check=False)


def from_configured(work: Work, wanted: Sequence[str]) -> process.Done | None:
    """None when they do not offer it, as an index that is gone, which uv would ask for minutes before it says so.

    uv prefers 2.13.0+cpu of a folder of wheels to the locked 2.13.0 of the index, and then has no hash for it.
    """
    done = None
    for folders in (True, False) if os.environ.get("UV_FIND_LINKS") else (True,):
        if can_install(work, wanted, brisk=True, folders=folders):
            done = pip_install(work, wanted, check=False, folders=folders)
            if done.code == 0:
                return done
    return done


def can_install(work: Work, arguments: Sequence[str], brisk: bool = False, folders: bool = True) -> bool:
    """Whether the sources offer it; nothing is downloaded but metadata, nothing changed."""
    argv = ["--dry-run", *arguments]
    return pip_install(work, argv, check=False, brisk=brisk, folders=folders).code == 0


def reinstall(facts: Facts) -> list[str]:
    """Arguments that make uv bring once more what is there in the right version and is not whole.

    Without uv's cache where a file was damaged: the file in the cache may be the very same, by a hard link.
    """
    names, damaged = spoilt(facts)
    again = [argument for name in names for argument in ("--reinstall-package", name)]
    return [*again, "--no-cache"] if damaged else again


def spoilt(facts: Facts) -> tuple[list[str], bool]:
    """Names to install once more, and whether the content of a file of one of them is wrong."""
    packages, torch = facts.packages, facts.torch
    native = [fault.package for fault in torch.native] if isinstance(torch, Torch) else []
    damaged = [one.name for one in packages.damaged] if isinstance(packages, Packages) else []
    half = [*packages.half_installed, *packages.duplicates] if isinstance(packages, Packages) else []
    # "numpy==2.3.4 (musllinux…)" and "transformers 4.57.6: 31": right by version, wrong by content
    odd = [*packages.elsewhere_made, *packages.mixed] if isinstance(packages, Packages) else []
    wrong = [line.split()[0].partition("==")[0] for line in odd]
    return list(dict.fromkeys((*half, *damaged, *native, *wrong))), bool(damaged or native or wrong)
