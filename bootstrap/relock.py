"""`make lock`: resolve every profile for every Python into hash-locked requirements.

Two files each: NAME-pyX.Y.txt holds everything but the torch family; NAME-pyX.Y-torch.txt holds the torch
family as the package index offers it by default (the CUDA build and the libraries that belong to it).
The first is the same on every machine, the second is only used where that build is the right one.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path

from bootstrap import process
from doctor.lockfile import LOCKS, inputs_digest, lock_path, torch_lock_path
from doctor.profile import Profile, load_profile, profile_names

TORCH_FAMILY = re.compile(r"^(torch|torchvision|triton|cuda-[a-z-]+|nvidia-(?!ml-py)[a-z0-9-]+)==")
# The machines that courses run on. Hashes of every build of a version are in the lock, aarch64 included.
PLATFORM = "x86_64-manylinux_2_28"


def main(names: list[str]) -> int:
    for name in names or profile_names():
        profile = load_profile(name)
        for python in profile.pythons:
            write_locks(profile, python)
            print(f"locked {name} for Python {python}")
    if not names:
        head = "# made by `make lock`, do not edit\n"
        found = stanzas(resolve(["imageio-ffmpeg"], "3.10", "--no-deps"))
        (LOCKS / "ffmpeg.txt").write_text(head + "".join(found), encoding="utf-8")
    return 0


def write_locks(profile: Profile, python: str) -> None:
    family: list[str] = []
    rest: list[str] = []
    torch = [f"torch=={profile.torch.version}", *(f"{n}=={v}" for n, v in profile.torch.companions.items())]
    for stanza in stanzas(resolve([*profile.requirements, *torch], python)):
        (family if TORCH_FAMILY.match(stanza) else rest).append(stanza)
    head = f"# made by `make lock`, do not edit\n# inputs: {inputs_digest(profile, python)}\n"
    lock_path(profile.name, python).write_text(head + "".join(rest), encoding="utf-8")
    torch_lock_path(profile.name, python).write_text(head + "".join(family), encoding="utf-8")


def resolve(requirements: list[str], python: str, *options: str) -> str:
    """The full resolution, hashes included, by uv from the client's configured index."""
    with tempfile.TemporaryDirectory() as folder:
        wanted, answer = Path(folder) / "wanted.txt", Path(folder) / "lock.txt"
        wanted.write_text("\n".join(requirements) + "\n", encoding="utf-8")
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
