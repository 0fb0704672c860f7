"""`make lock`: resolve every profile for every Python into hash-locked requirements, and note what uv fetches as that Python.

Two files each: NAME-pyX.Y.txt holds everything but the torch family; NAME-pyX.Y-torch.txt holds the torch
family as the package index offers it by default (the CUDA build and the libraries that belong to it).
The first is the same on every machine, the second is only used where that build is the right one.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

from bootstrap import process
from doctor.goal.lockfile import LOCKS, inputs_digest, lock_path, torch_lock_path
from doctor.goal.profile import Profile, load_profile, profile_names
from doctor.mirrors.table import PYTHON_BUILDS

TORCH_FAMILY = re.compile(r"^(torch|torchvision|triton|cuda-[a-z-]+|nvidia-(?!ml-py)[a-z0-9-]+)==")
# The machines that courses run on. Hashes of every build of a version are in the lock, aarch64 included.
PLATFORM = "x86_64-manylinux_2_28"
# What single steps fetch when they need it: the lock's name, what is in it, how it is resolved.
PARTS = (("ffmpeg", "imageio-ffmpeg", "--no-deps"), ("tls", "cryptography"))


HEAD = "# made by `make lock`, do not edit\n"
BUILDS_HEAD = f"""{HEAD}# What the pinned uv fetches where a machine has no such Python: its path at a source of Python builds.
# Measured there before it is fetched; uv knows its hash.
# python  machine  path
"""
MACHINES = ("aarch64", "x86_64")


def main(arguments: list[str]) -> int:
    """Lock all profiles. What is locked already stays at its version, unless `--upgrade` is given."""
    upgrade = "--upgrade" in arguments
    for name in profile_names():
        profile = load_profile(name)
        for python in profile.pythons:
            write_locks(profile, python, upgrade)
            print(f"locked {name} for Python {python}")
    for name, package, *options in PARTS:
        path = LOCKS / f"{name}.txt"
        known = "" if upgrade else text_of(path)
        path.write_text(HEAD + "".join(stanzas(resolve([package], "3.10", known, *options))), "utf-8")
    PYTHON_BUILDS.write_text(python_builds(), encoding="utf-8")
    return 0


def python_builds() -> str:
    """What the pinned uv fetches for each Python of the profiles on each machine type: configs/pythons.txt."""
    pythons = sorted({python for name in profile_names() for python in load_profile(name).pythons})
    lines = [f"{p} {machine} {python_build(p, machine)}\n" for machine in MACHINES for p in pythons]
    return BUILDS_HEAD + "".join(lines)


def python_build(python: str, machine: str) -> str:
    """The path that uv asks a mirror of Python builds for."""
    mirror = "http://mirror.invalid/"
    asked = (f"cpython-{python}-linux-{machine}-gnu", "--only-downloads", "--show-urls")
    answer = subprocess.run(
        [os.environ.get("GROUNDWORK_UV", "uv"), "python", "list", *asked, "--output-format", "json"],
        env={**os.environ, "UV_PYTHON_INSTALL_MIRROR": mirror, "UV_PROJECT": "/"},
        capture_output=True,
        check=True,
        timeout=60,
    )
    return str(msgspec.json.decode(answer.stdout)[0]["url"]).removeprefix(mirror)


def write_locks(profile: Profile, python: str, upgrade: bool) -> None:
    family: list[str] = []
    rest: list[str] = []
    torch = [f"torch=={profile.torch.version}", *(f"{n}=={v}" for n, v in profile.torch.companions.items())]
    paths = lock_path(profile.name, python), torch_lock_path(profile.name, python)
    known = "" if upgrade else "".join(text_of(path) for path in paths)
    for stanza in stanzas(resolve([*profile.requirements, *torch], python, known)):
        (family if TORCH_FAMILY.match(stanza) else rest).append(stanza)
    head = f"{HEAD}# inputs: {inputs_digest(profile, python)}\n"
    for path, found in zip(paths, (rest, family), strict=True):
        path.write_text(head + "".join(found), encoding="utf-8")


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def resolve(requirements: list[str], python: str, known: str, *options: str) -> str:
    """The full resolution, hashes included, by uv from the client's configured index.

    `known` is an earlier lock: its versions are kept where they still fit.
    """
    with tempfile.TemporaryDirectory() as folder:
        wanted, answer = Path(folder) / "wanted.txt", Path(folder) / "lock.txt"
        wanted.write_text("\n".join(requirements) + "\n", encoding="utf-8")
        answer.write_text(known, encoding="utf-8")
        process.run(
            [
                os.environ.get("GROUNDWORK_UV", "uv"),
                *("pip", "compile", "--quiet", "--generate-hashes", "--no-header", "--no-annotate"),
                *("--python-version", python, "--python-platform", PLATFORM),
                *options,
                *("--output-file", str(answer), str(wanted)),
            ],
            log=Path(folder) / "log.txt",
            seconds=600,
            line=lambda text: print(text, file=sys.stderr),
        )
        return answer.read_text(encoding="utf-8")


def stanzas(lock: str) -> list[str]:
    """One text a distribution: its pin and the hashes below it."""
    return re.findall(r"^[^\s#].*\n(?:[ \t].*\n)*", lock, re.MULTILINE)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
