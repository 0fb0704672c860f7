"""What the profile needs and the runtime has not, or has in another version: into a folder of ours beside it.

uv resolves against what is installed and says what it would change; exactly that goes into the overlay, and the runtime's
own files stay as they are. An overlay is never changed once it is made, for a kernel may be using it: a runtime or a
profile that differs gets a new one.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bootstrap.colab.runtime import Installed, Runtime, fingerprint, kept, requirements
from bootstrap.colab.table import is_one_of, table
from bootstrap.env.uv import environ, from_any_index, install_locked, uv
from bootstrap.mirrors import through
from bootstrap.process import failed
from bootstrap.safety.files import write_atomically
from bootstrap.step import Work
from doctor.errors import Exit, Trouble
from doctor.goal import Goal
from doctor.goal.lockfile import digest, lock_path, pins
from doctor.goal.profile import CONFIGS
from doctor.text import Text

MANIFEST = "groundwork.json"
# What hosted runtimes say to uv for their own sake, or a person for another project.
OTHERS = ("UV_SYSTEM_PYTHON", "UV_PRERELEASE", "UV_PYTHON", "UV_TARGET", "UV_BREAK_SYSTEM_PACKAGES")
EMPTY = {"UV_CONSTRAINT": "", "UV_OVERRIDE": "", "UV_EXCLUDE": "", "UV_BUILD_CONSTRAINT": ""}
ADDED = re.compile(r"^\+ (?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)")


class Overlay(msgspec.Struct, frozen=True, kw_only=True):
    """The manifest of an overlay, and the plan of one that is still to be made."""

    profile: str
    python: str
    distributions: dict[str, str]  # by normalised name
    instead_of: dict[str, str]  # of these the runtime has another version
    unlocked: tuple[str, ...] = ()  # in no lock: only the index vouches for them
    disturbed: tuple[str, ...] = ()  # packages of the runtime that ask for another version
    modules: tuple[str, ...] = ()  # what is imported from it, such as transformers


def folder_for(goal: Goal, runtime: Runtime) -> Path:
    """Where the overlay of this runtime and this profile is, or would be."""
    profile = goal.profile
    parts = [
        fingerprint(runtime),
        profile.name,
        *profile.requirements,
        digest(lock_for(goal, runtime.python)),
    ]
    parts += [digest(CONFIGS / "colab.toml")]
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
    return Path(goal.home) / "colab" / f"overlay-{key}"


def read_overlay(folder: Path) -> Overlay | None:
    """The overlay there, when it is complete: the manifest comes last."""
    try:
        return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Overlay)
    except (OSError, ValueError):
        return None


def lock_for(goal: Goal, python: str) -> Path:
    """The profile's lock for this Python, or for the newest that it has one for: versions and hashes are the same."""
    exact = lock_path(goal.profile.name, python)
    return exact if exact.is_file() else lock_path(goal.profile.name, goal.profile.pythons[-1])


def plan_overlay(work: Work, runtime: Runtime, installed: Mapping[str, Installed]) -> Overlay:
    """What has to go into the overlay. Raises Trouble when no such set exists, or no index answers."""
    keep = kept(installed, runtime.python)
    locked = pins(lock_for(work.goal, runtime.python), runtime.python)
    chosen = _resolve(work, keep, _preferred(work.goal, installed, keep, locked))
    if chosen is None:  # the locked versions do not go with what the runtime has
        chosen = _resolve(work, keep, {})
    if chosen is None:
        raise _unsolvable(work)
    return Overlay(
        profile=work.goal.profile.name,
        python=runtime.python,
        distributions=chosen,
        instead_of={name: installed[name].version for name in chosen if name in installed},
        unlocked=tuple(name for name, version in chosen.items() if locked.get(name) != version),
        disturbed=tuple(disturbed(chosen, installed, runtime.python)),
    )


def wanted(goal: Goal) -> tuple[Requirement, ...]:
    """The profile's requirements without what is never installed here."""
    asked = (Requirement(line) for line in goal.profile.requirements)
    return tuple(one for one in asked if not is_one_of(canonicalize_name(one.name), table().left_out))


def _preferred(
    goal: Goal, installed: Mapping[str, Installed], keep: Mapping[str, str], locked: Mapping[str, str]
) -> dict[str, str]:
    """The locked versions of what is missing here, or here in a version that the profile does not take."""
    refused = {
        canonicalize_name(one.name)
        for one in wanted(goal)
        if (here := installed.get(canonicalize_name(one.name)))
        and not one.specifier.contains(here.version, prereleases=True)
    }
    return {n: v for n, v in locked.items() if n not in keep and (n not in installed or n in refused)}


def _resolve(work: Work, keep: Mapping[str, str], preferred: Mapping[str, str]) -> dict[str, str] | None:
    """What uv would add to the runtime, by name. None when there is no solution. Raises Trouble when no index answers."""
    place = Path(work.goal.home) / "colab"
    asked = [one.name if canonicalize_name(one.name) in keep else str(one) for one in wanted(work.goal)]
    constraints = [f"{name}=={version}" for name, version in {**preferred, **keep}.items()]
    never = [name for name in table().left_out if "*" not in name and name not in keep]
    files = {"wanted.txt": asked, "constraints.txt": constraints, "never.txt": never}
    for name, lines in files.items():
        write_atomically(place / name, "\n".join([*lines, ""]).encode())
    argv = [
        uv(), "pip", "install", "--dry-run", "--break-system-packages", "--python", work.goal.interpreter,
        "-r", str(place / "wanted.txt"), "-c", str(place / "constraints.txt"), "--excludes", str(place / "never.txt"),
    ]  # fmt: skip
    return _asked_of_each_index(work, argv)


def _asked_of_each_index(work: Work, argv: list[str]) -> dict[str, str] | None:
    code, said = _dry_run(work, argv, {})
    if code and "No solution found" not in said:
        for answer in through("package_index", work):
            work.tell(f"the configured index did not deliver; trying {answer.name}")
            code, said = _dry_run(work, argv, {"UV_DEFAULT_INDEX": answer.url})
            if not code:
                break
    if not code:
        found = (ADDED.match(line) for line in said.splitlines())
        chosen = {canonicalize_name(match["name"]): match["version"] for match in found if match}
        return {n: v for n, v in chosen.items() if not is_one_of(n, table().left_out)}
    if "No solution found" in said:
        return None
    raise _silent(work, said.splitlines()[-12:])


def _silent(work: Work, tail: Sequence[str]) -> Trouble:
    message = Text("no package index answers", "没有软件源响应")
    return failed(["uv", "pip", "install"], work.log, tail, message, Exit.NETWORK)


def _dry_run(work: Work, argv: list[str], index: Mapping[str, str]) -> tuple[int, str]:
    said: list[str] = []
    env: dict[str, str | None] = {**dict.fromkeys(OTHERS), **environ(), **EMPTY, **index}
    done = work.call(argv, seconds=600, env=env, check=False, line=said.append)
    return done.code, "\n".join(said)


def _unsolvable(work: Work) -> Trouble:
    return Trouble(
        Text(
            "what this runtime came with and what the profile needs do not go together",
            "此运行时自带的软件包与配置所需的版本无法共存",
        ),
        Exit.PERSON,
        Text(
            f"choose another runtime version (Runtime → Change runtime type); what uv said: {work.log}",
            f"请选择其他运行时版本（代码执行程序 → 更改运行时类型）；uv 的说明见：{work.log}",
        ),
    )


def disturbed(chosen: Mapping[str, str], installed: Mapping[str, Installed], python: str) -> Iterator[str]:
    """Packages of the runtime that ask for another version of something than the overlay brings."""
    for name, one in sorted(installed.items()):
        for other, asked in requirements(one, python) if name not in chosen else ():
            if other in chosen and not asked.specifier.contains(chosen[other], prereleases=True):
                yield f"{name} {one.version} ({asked.name}{asked.specifier})"


def build(work: Work, folder: Path, plan: Overlay) -> Overlay:
    """Make the overlay beside its place and rename it, so that nobody ever meets half of one."""
    beside = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    work.note("created", str(folder))
    lock, rest = _requirement_files(work.goal, plan)
    # Bytecode of the few modules that a notebook uses is made when they are imported; of all it would take longest.
    target = ["--target", str(beside), "--no-compile-bytecode"]
    if lock.stat().st_size:
        install_locked(work, lock, target)
    if rest.stat().st_size:
        done_rest = from_any_index(work, [*target, "-r", str(rest)])
        if done_rest.code:
            raise _silent(work, done_rest.tail)
    done = msgspec.structs.replace(plan, modules=tuple(modules_in(beside)))
    write_atomically(beside / MANIFEST, msgspec.json.encode(done))
    beside.rename(folder)
    return done


def _requirement_files(goal: Goal, plan: Overlay) -> tuple[Path, Path]:
    """What the lock has hashes for, and what it does not pin in this version."""
    place = Path(goal.home) / "colab"
    blocks = locked_blocks(lock_for(goal, plan.python))
    verified = [blocks[name] for name in plan.distributions if name not in plan.unlocked]
    rest = [f"{name}=={plan.distributions[name]}\n" for name in plan.unlocked]
    write_atomically(place / "locked.txt", "".join(verified).encode())
    write_atomically(place / "unlocked.txt", "".join(rest).encode())
    return place / "locked.txt", place / "unlocked.txt"


def locked_blocks(lock: Path) -> dict[str, str]:
    """The requirement with its hashes, as the lock has it, by normalised name."""
    text = lock.read_text(encoding="utf-8")
    blocks = re.findall(r"^([A-Za-z0-9._-]+)(==(?:.*\\\n)*.*\n)", text, re.MULTILINE)
    return {canonicalize_name(name): name + block for name, block in blocks}


def modules_in(folder: Path) -> Iterator[str]:
    """What can be imported from a folder of packages: `transformers`; of a namespace its parts: `google.protobuf`."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "_")) or path.name.endswith("-info") or path.name == "bin":
            continue
        if path.is_file() and path.suffix in (".py", ".so"):
            yield path.name.partition(".")[0]
        elif (path / "__init__.py").is_file():
            yield path.name
        elif path.is_dir():
            yield from (f"{path.name}.{inner.parent.name}" for inner in sorted(path.glob("*/__init__.py")))
