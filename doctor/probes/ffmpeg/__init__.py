"""The command ffmpeg, as a process started in the environment would find it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from doctor.elf import read
from doctor.facts import Ffmpeg, Unknown
from doctor.goal import Goal
from doctor.probes.ffmpeg import proof
from doctor.reading.ask import ask
from doctor.reading.peek import is_file, peek, peek_text

Said = subprocess.CompletedProcess[str] | Unknown
VERSION = re.compile(r"ffmpeg version (\S+)")
CONFIGURATION = re.compile(r"^\s*configuration: (.+)$", re.MULTILINE)
ENCODERS = ("libx264", "libmp3lame")  # that programs ask for by name: videos, mp3
SNAPS = "/snap"
USUAL = ("/usr/local/bin", "/usr/bin", "/bin")
# What audio comes in, and the decoders that serve it.
FORMATS = {
    "wav": ("pcm_s16le",),
    "flac": ("flac", "libflac"),
    "mp3": ("mp3", "mp3float"),
    "aac": ("aac", "libfdk_aac"),
    "vorbis": ("vorbis", "libvorbis"),
    "opus": ("opus", "libopus"),
}


def probe(goal: Goal) -> Ffmpeg:
    return proof.kept(goal, found(goal)) or look(goal)


def found(goal: Goal) -> str | None:
    return shutil.which("ffmpeg", path=search_path(goal))


def look(goal: Goal) -> Ffmpeg:
    """What the command tells of itself when it is started, or why it tells nothing."""
    path = found(goal)
    if path is None:
        return Ffmpeg(path=None, version=None, not_executable=not_executable(goal))
    started = ask([path, "-decoders"], seconds=5)  # its first line, on standard error, tells the version too
    version, error = version_of(path, started)
    machine, script, damaged = kind_of(path) if version is None else (None, None, None)
    return Ffmpeg(
        path=path,
        version=version,
        error=error,
        machine=machine,
        script=script,
        damaged=damaged,
        lacks=lacks(started) if version else (),
        cannot_write=cannot_write(started) if version else (),
        others=others(goal, path),
        snap=strict_snap(path),
    )


def search_path(goal: Goal) -> str:
    """PATH of a kernel of the environment: its own bin first, then what the system has, or the person's own PATH."""
    theirs = os.environ.get("PATH", "").split(os.pathsep) if goal.foreign else []
    return os.pathsep.join(dict.fromkeys([f"{goal.prefix}/bin", *theirs, *USUAL]))


def version_of(path: str, started: Said) -> tuple[str | None, str | None]:
    """The version that it tells, or why it tells none."""
    if isinstance(started, Unknown):
        return None, started.reason
    if started.returncode == 0 and (match := VERSION.match(started.stderr)):
        return match.group(1), None
    said = ask([path, "-hide_banner", "-version"], seconds=5)
    if isinstance(said, Unknown):
        return None, said.reason
    match = VERSION.match(said.stdout)
    if said.returncode != 0 or match is None:
        return None, said.stderr.strip()[-300:] or "does not run"
    return match.group(1), None


def lacks(said: Said) -> tuple[str, ...]:
    """Formats for which it has no decoder. Nothing is said of one that does not list them."""
    if isinstance(said, Unknown) or "------" not in said.stdout:
        return ()
    known = {words[1] for line in said.stdout.splitlines() if len(words := line.split()) > 2}
    return tuple(name for name, decoders in FORMATS.items() if known.isdisjoint(decoders))


def cannot_write(said: Said) -> tuple[str, ...]:
    """Encoders that it was built without, by the options that it prints. Nothing is said of one that prints none."""
    options = CONFIGURATION.search(said.stderr) if not isinstance(said, Unknown) else None
    known = set(options[1].split()) if options else set()
    return tuple(name for name in ENCODERS if known and f"--enable-{name}" not in known)


def others(goal: Goal, path: str) -> tuple[str, ...]:
    """Further commands of that name, links to the first left out."""
    seen, found = {os.path.realpath(path)}, []
    for folder in search_path(goal).split(os.pathsep):
        place = f"{folder}/ffmpeg"
        if folder and os.access(place, os.X_OK) and is_file(place) and os.path.realpath(place) not in seen:
            seen.add(os.path.realpath(place))
            found.append(place)
    return tuple(found)


def kind_of(path: str) -> tuple[str | None, str | None, str | None]:
    """Of a program that does not run: the machine that it is for, else its first line as a script, else what is wrong."""
    said = read(path)
    if not isinstance(said, Unknown):
        return said.machine, None, None
    first = (peek(path, 200) or b"").split(b"\n")[0]
    if first.startswith(b"#!"):
        return None, first.decode("utf-8", "replace").strip(), None
    return None, None, said.reason


def strict_snap(path: str) -> str | None:
    """The name of the snap that a command starts, where it says of itself that it is confined; a classic one sees all."""
    if os.path.basename(os.path.realpath(path)) != "snap":  # noqa: PTH119 - of a text
        return None
    name = Path(path).name.partition(".")[0]
    said = peek_text(Path(SNAPS, name, "current", "meta", "snap.yaml"))
    return name if re.search(r"^confinement:\s*[\"']?strict", said, re.MULTILINE) else None


def not_executable(goal: Goal) -> str | None:
    """A file named ffmpeg on the path that may not be run."""
    folders = search_path(goal).split(os.pathsep)
    return next((f"{folder}/ffmpeg" for folder in folders if is_file(Path(folder, "ffmpeg"))), None)
