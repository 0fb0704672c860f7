"""Making an environment with conda, from conda-forge alone, whatever the person's own conda settings say."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from bootstrap.mirrors import measure, through, why_silent
from bootstrap.pace import Floor
from bootstrap.process import SLOW, check_stop
from bootstrap.safety import no_room
from bootstrap.step import Work
from doctor.errors import Exit, Trouble
from doctor.facts import Answer
from doctor.reading.ask import APART
from doctor.text import Text

SECONDS = 1800.0  # for one channel: its index is 100 MB, and old condas solve for minutes
FLOOR = Floor()
WAIT = 1800.0  # for another create on the same package cache
# What the person said about the way to the network and where packages are kept is theirs to say.
KEPT = ("CONDA_PKGS_DIRS", "CONDA_SSL_VERIFY", "CONDA_PROXY_SERVERS", "CONDA_REMOTE_", "CONDA_OVERRIDE_GLIBC")
# By these conda's terms-of-service plugin tells a build server, and takes the terms as accepted; in a container, as
# most rented machines are, a mere JOB_NAME is enough. Nobody accepted anything.
CI = (
    "APPVEYOR", "AZURE_HTTP_USER_AGENT", "BAMBOO_", "BITRISE_IO", "BITBUCKET_", "BUDDY", "BUILDKITE", "BUILD_", "CI",
    "CODEBUILD_", "CONCOURSE_CI", "DRONE", "GITHUB_", "GITLAB_", "HEROKU_TEST_RUN_ID", "JENKINS_", "JOB_NAME",
    "RUNNER_", "SAIL_CI", "SEMAPHORE", "TEAMCITY_", "TF_BUILD", "TRAVIS", "WERCKER", "WOODPECKER_CI", "WORKSPACE",
)  # fmt: skip
# Settings files are read all the same (a proxy may stand there); these win over what they say.
PLAIN = {
    "CONDA_OVERRIDE_CHANNELS_ENABLED": "true",
    "CONDA_OFFLINE": "false",
    "CONDA_JSON": "false",
    "CONDA_DRY_RUN": "false",
    "CONDA_PLUGINS_AUTO_ACCEPT_TOS": "false",
    "CONDA_REPORT_ERRORS": "false",
    "CONDA_NUMBER_CHANNEL_NOTICES": "0",
}


def create(work: Work) -> None:
    """Create the goal's environment from the fastest channel that can. Raises Trouble when none can.

    A failure is tried once more with the person's settings files out of sight: one wrong line there fails all.
    """
    root = Path(work.goal.conda_root)
    _usable(root, work)
    _, silent = measure("conda_channel", work.goal)
    failures: list[str] = []
    with _alone(root, work):
        for channel in through("conda_channel", work):
            for hidden in (False, True):
                why = _try(work, channel, _hidden(work) if hidden else {})
                if why is None:
                    _let_pip_in(Path(work.goal.prefix))
                    return
                failures.append(f"{channel.name}: {why}")
                if why == SLOW:  # whatever the settings say
                    break
    raise _no_channel(failures, why_silent(silent), work)


def install(work: Work, package: str) -> bool:
    """Add a package to the goal's environment, from the fastest channel that can. Whether one could."""
    argv = (
        *_conda(work.goal.conda_root),
        "install",
        "-y",
        "--prefix",
        work.goal.prefix,
        "--override-channels",
    )
    with _alone(Path(work.goal.conda_root), work):
        return any(
            work.call(
                (*argv, "--channel", channel.url.rstrip("/"), "--no-pin", package),
                seconds=SECONDS,
                env=environ(os.environ),
                check=False,
                floor=FLOOR,
            ).code
            == 0
            for channel in through("conda_channel", work)
        )


def _try(work: Work, channel: Answer, settings: Mapping[str, str]) -> str | None:
    """One create. None when it worked, else what conda said; nothing of it stays behind then."""
    env = {**environ(os.environ), **settings}
    argv = command(work, channel)
    try:
        done = work.call(argv, seconds=SECONDS, env=env, check=False, floor=FLOOR)
    except Trouble as trouble:
        shutil.rmtree(work.goal.prefix, ignore_errors=True)
        return trouble.message.en.splitlines()[0]
    if done.code == 0:
        return None
    shutil.rmtree(work.goal.prefix, ignore_errors=True)
    no_room.stop(argv, work.log, done)
    if SLOW in done.tail:
        return SLOW
    return next((line.strip() for line in done.tail if "Error" in line), f"exit code {done.code}")


def _hidden(work: Work) -> dict[str, str]:
    """A home without settings files. Those of the system and of the conda itself are still read."""
    elsewhere = Path(work.goal.home) / "conda-home"
    elsewhere.mkdir(parents=True, exist_ok=True)
    return {"HOME": str(elsewhere), "XDG_CONFIG_HOME": str(elsewhere)}


def command(work: Work, channel: Answer) -> tuple[str, ...]:
    """`create` onto a prefix that is absent: on an existing environment, -y deletes it first."""
    return (
        *_conda(work.goal.conda_root), "create", "-y", "--prefix", work.goal.prefix,
        "--override-channels", "--channel", channel.url.rstrip("/"), "--no-default-packages", "--no-pin",
        f"python={work.goal.python}", "pip",
    )  # fmt: skip


def _conda(root: str) -> tuple[str, ...]:
    """conda, started so that neither a shell function nor an over-long first line of bin/conda matters."""
    return (f"{root}/bin/python", *APART, "-B", "-m", "conda")


def environ(person: Mapping[str, str]) -> dict[str, str | None]:
    """What to change in the environment of a conda process; None takes a variable out."""
    removed = dict.fromkeys(name for name in person if _misleads(name))
    return {**removed, **PLAIN}


def _misleads(name: str) -> bool:
    if name.startswith(("CONDA", "MAMBA")) or name == "_CE_CONDA":
        return not name.startswith(KEPT)
    return name.startswith(CI)


def _usable(root: Path, work: Work) -> None:
    done = work.call((*_conda(str(root)), "--version"), seconds=60, env=environ(os.environ), check=False)
    if done.code == 0:
        return
    last = done.tail[-1] if done.tail else f"exit code {done.code}"
    raise Trouble(
        Text(f"the conda in {root} does not work: {last}", f"{root} 中的 conda 无法运行：{last}"),
        Exit.PERSON,
        Text(
            f"move it away (mv {root} {root}.damaged) and run make setup again, or: make setup ENV_MANAGER=venv",
            f"请移走它（mv {root} {root}.damaged）后重新运行 make setup，或：make setup ENV_MANAGER=venv",
        ),
    )


@contextmanager
def _alone(root: Path, work: Work) -> Iterator[None]:
    """Two creates at once on one cold package cache spoil it: one in five pairs fails."""
    cache = root / "pkgs"
    with ExitStack() as stack:
        if os.access(cache, os.W_OK):
            work.note("created", str(cache / ".groundwork.lock"))
            stack.enter_context(_acquired(FileLock(cache / ".groundwork.lock"), work))
        yield


def _acquired(lock: FileLock, work: Work) -> FileLock:
    until = time.monotonic() + WAIT
    while True:
        check_stop()
        try:
            lock.acquire(timeout=1)
            return lock
        except Timeout as error:
            if time.monotonic() > until:
                raise Trouble(
                    Text(f"another run holds {lock.lock_file}", f"另一个任务占用着 {lock.lock_file}"),
                    Exit.PERSON,
                ) from error
            work.tell("waiting for another create on this conda")


def _let_pip_in(prefix: Path) -> None:
    """Some releases of a conda plugin close each new environment to pip, which is how courses install things."""
    for closed in prefix.glob("lib/python3*/EXTERNALLY-MANAGED"):
        closed.unlink()


def _no_channel(failures: list[str], silent: str, work: Work) -> Trouble:
    said = "\n    ".join(dict.fromkeys(failures)) or silent
    network = not failures or all("HTTP" in why or "CONNECTION" in why or SLOW in why for why in failures)
    return Trouble(
        Text(f"conda could not create it:\n    {said}", f"conda 未能创建环境：\n    {said}"),
        Exit.NETWORK if network else Exit.FAILED,
        Text(
            f"full log: {work.log}; make setup ENV_MANAGER=venv does without conda",
            f"完整日志：{work.log}；make setup ENV_MANAGER=venv 可不使用 conda",
        ),
    )
